"""What SQL can be asked about tickets."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Number, Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.ticket import Ticket
from sync.store import Write

ticket = Table(
    "ticket",
    metadata,
    Column("id", Word, primary_key=True),
    Column("branch_id", Word, nullable=False),
    Column("business_date", Word, nullable=False),
    Column("series", Word, nullable=False),
    Column("number", Number, nullable=False),
    Column("overflow", Word),
    Column("state", Word, nullable=False),
    Column("issued_at", Word, nullable=False),
    # Serves the waiting line of a branch, oldest first.
    Index("ix_ticket_line", "branch_id", "business_date", "state", "issued_at"),
    # Serves the search for the paper in a customer's hand. Not unique: tablets without a line may collide.
    Index("ix_ticket_number", "branch_id", "business_date", "series", "number"),
)

_ticket = msgspec.json.Decoder(Ticket)


def project_ticket(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a ticket, or None if the ticket is no more."""
    if write.after.standing != "live":
        return None
    body = _ticket.decode(write.after.body)
    return {
        "id": write.after.id,
        "branch_id": body.branch_id,
        "business_date": body.business_date,
        "series": body.series,
        "number": body.number,
        "overflow": body.overflow,
        "state": body.state,
        "issued_at": body.issued_at,
    }


TICKET_PROJECTION = Projection(ticket, project_ticket)
