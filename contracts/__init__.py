"""What is said on the wire: messages, merge policies, state matrices, privacy classes, error codes."""
