"""The door of teller systems: a form is loaded at the counter, and its end is told (docs/teller-systems.md)."""
