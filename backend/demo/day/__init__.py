"""A business day at the demonstration bank: a real server, nine tablets, lines that fail, and the proof."""
