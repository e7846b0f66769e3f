"""Reading and writing the tables of duty."""
