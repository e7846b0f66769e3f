"""Who wins, who sees, and how far a tablet has read. Knows no SQL, no HTTP and no business."""
