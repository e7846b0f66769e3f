"""What a revoked tablet is told: which purge orders it has to carry out."""

import msgspec

from backend.auth.errors import Revoked
from backend.storage.snapshot import SqlSnapshot
from sync.scope import as_order


def revoked(look: SqlSnapshot, install_id: str) -> Revoked:
    """Return the refusal of a revoked install or person, with the install's open purge orders."""
    orders = [as_order(purge) for purge in look.purges(install_id) if purge.is_open]
    return Revoked(purges=msgspec.to_builtins(orders))
