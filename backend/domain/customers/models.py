"""What SQL can be asked about holdings: whose they are, so that they move when their customer moves."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.customer import Holding
from sync.store import Write

holding = Table(
    "holding",
    metadata,
    Column("id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    # Serves the move of a customer: all that they hold.
    Index("ix_holding_customer", "customer_id"),
)

_holding = msgspec.json.Decoder(Holding)


def project_holding(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a holding, or None if the holding is no more."""
    if write.after.standing != "live":
        return None
    return {"id": write.after.id, "customer_id": _holding.decode(write.after.body).customer_id}


HOLDING_PROJECTION = Projection(holding, project_holding)
