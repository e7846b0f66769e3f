"""The demonstration bank: everybody and everything in it is made up, and the same seed makes the same bank."""
