"""Attachments: resumable uploads (tus 1.0.0), kept by the hash of their content."""
