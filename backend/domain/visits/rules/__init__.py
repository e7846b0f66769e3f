"""What makes a visit trustworthy, as values in and values out (domain-rules.md §1-§5)."""
