"""What an operator can ask on the command line; each command says what it did, in plain words."""
