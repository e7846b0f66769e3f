"""What every request passes on its way in and out, and the pages: documentation, health, metrics."""
