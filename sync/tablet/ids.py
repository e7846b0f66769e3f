"""Ids that a tablet makes itself: UUIDv7, ordered by the moment of their making."""

from random import Random
from uuid import UUID


def uuid7(unix_ms: int, random: Random) -> str:
    """Return a UUIDv7 (RFC 9562) of this moment; the 74 random bits keep tablets apart."""
    value = (
        (unix_ms & (2**48 - 1)) << 80 | 0x7 << 76 | random.getrandbits(12) << 64 | 0b10 << 62 | random.getrandbits(62)
    )
    return str(UUID(int=value))
