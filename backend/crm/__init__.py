"""The central CRM: one door for what it says, and the embedded CRM of a bank that has no other."""
