"""What SQL can be asked about leads."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.lead import Lead
from sync.store import Write

lead = Table(
    "lead",
    metadata,
    Column("id", Word, primary_key=True),
    Column("org_id", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("state_at", Word, nullable=False),
    # Serves a supervisor's list: what waits in an institution, the longest waiting first.
    Index("ix_lead_list", "org_id", "state", "state_at"),
)

_lead = msgspec.json.Decoder(Lead)


def project_lead(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a lead, or None if the lead is no more."""
    if write.after.standing != "live":
        return None
    body = _lead.decode(write.after.body)
    at = body.state_at or write.after.changed_at
    return {"id": write.after.id, "org_id": body.org_id, "state": body.state, "state_at": at}


LEAD_PROJECTION = Projection(lead, project_lead)
