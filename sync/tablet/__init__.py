"""The reference tablet: replica, outbox and journal in one SQLite file, and the sessions that keep them in step."""
