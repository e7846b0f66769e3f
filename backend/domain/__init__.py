"""One slice per business word; a slice imports no other, and where two meet they meet in `handoffs.py`."""
