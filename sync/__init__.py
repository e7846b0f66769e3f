"""Who wins, who sees, how far a tablet has read: the engine, free of SQL, HTTP and business."""
