"""The doors of the line: queue machines, who is called next, and the end of a branch's day."""
