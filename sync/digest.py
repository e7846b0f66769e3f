"""The digest of a bucket: what both ends must agree on when they are quiet (C6)."""

from collections.abc import Iterable
from hashlib import sha256

MODULUS = 2**64


def record_hash(kind: str, id: str, version: int) -> int:
    """Return the first 8 bytes, big-endian, of SHA-256 over `kind|id|version`."""
    return int.from_bytes(sha256(f"{kind}|{id}|{version}".encode()).digest()[:8], "big")


def digest_of(records: Iterable[tuple[str, str, int]]) -> int:
    """Return the sum modulo 2**64 over (kind, id, version); order does not matter."""
    return sum(record_hash(kind, id, version) for kind, id, version in records) % MODULUS


def write_digest(digest: int) -> str:
    """Return a digest as the wire writes it: 16 hex digits."""
    return f"{digest:016x}"
