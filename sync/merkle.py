"""A Merkle root: one hash that stands for many entries in their order (RFC 6962 keeps leaves and nodes apart)."""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


def merkle_root(entries: Sequence[bytes]) -> str:
    """Return the hex root over entries in this order; none of them may change, go, come or move without a new root."""
    level = [sha256(LEAF + entry).digest() for entry in entries]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]  # an odd one goes up as it is
    return level[0].hex()
