"""The audit chain: every entry seals the one before it (domain-rules.md §14)."""

from hashlib import sha256

import msgspec

from sync.signing import canonical
from sync.store import AuditEntry


def link(previous: str, entry: AuditEntry) -> str:
    """Return hex SHA-256(h₍ᵢ₋₁₎ ‖ canonical JSON of entry i); `previous` is empty for a stream's first entry."""
    return sha256(bytes.fromhex(previous) + canonical(msgspec.to_builtins(entry))).hexdigest()
