"""What to offer a customer and what not, decided from facts alone (domain-rules.md §9)."""
