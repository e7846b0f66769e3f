"""What the business knows about customers: their numbers, who may see what of them, and how it is masked."""
