"""The bank's side: business, storage, the central CRM and the doors that tablets and people come in by."""
