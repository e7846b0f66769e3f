"""The duty engine of domain-rules.md §6 and §7: pure functions over plain structs."""
