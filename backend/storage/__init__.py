"""Where everything lies: tables, transactions, the audit log, backup and restore."""
