"""The rules of the line: pure, so that the server, the reference tablet and tests decide alike."""
