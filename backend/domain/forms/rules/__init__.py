"""What a form and its template decide, the same on a tablet without a line and on the server: values in, values out."""
