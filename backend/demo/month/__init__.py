"""A month of twelve field managers: visits, what they are worth, and what the close makes of them (001-17)."""
