"""What SQL can be asked about forms, and the teller systems' requests that were answered."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from sync.store import Write

form = Table(
    "form",
    metadata,
    Column("id", Word, primary_key=True),
    Column("branch_id", Word, nullable=False),
    Column("template_id", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("state_at", Word, nullable=False),
    Column("ticket_id", Word),
    Column("customer_id", Word),
    Column("author", Word),
    Column("begun_at", Word, nullable=False),
    Column("pick_up_code", Word, nullable=False),
    # Serves loading by a ticket: its forms, the oldest first.
    Index("ix_form_ticket", "ticket_id", "begun_at"),
    # Serves loading by a pick-up code.
    Index("ix_form_pick_up", "branch_id", "pick_up_code"),
    # Serves the expiry of what nobody fetched.
    Index("ix_form_state", "state", "state_at"),
    # Serves the figures of a branch's day.
    Index("ix_form_branch", "branch_id", "begun_at"),
)

teller_request = Table(
    "teller_request",
    metadata,
    Column("partner_id", Word),
    Column("request_id", Word),
    Column("digest", Word, nullable=False),  # of what was asked: other content under the same id is refused
    Column("form_id", Word, nullable=False),
    Column("at", Word, nullable=False),
    PrimaryKeyConstraint("partner_id", "request_id"),
    # Serves forgetting those of long ago.
    Index("ix_teller_request_at", "at"),
)


class FormHead(Struct, frozen=True):
    """What a stored form is and where it stands, without what was filled in: read in a third of the time."""

    branch_id: str
    template_id: str
    state: str
    state_at: str | None = None
    ticket_id: str | None = None
    customer_id: str | None = None
    author: str | None = None
    made_at: str | None = None
    pick_up_code: str = ""
    confirmed_digest: str | None = None


read_head = msgspec.json.Decoder(FormHead).decode


def project_form(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a form, or None if the form is no more."""
    if write.after.standing != "live":
        return None
    body = read_head(write.after.body)
    return {
        "id": write.after.id,
        "branch_id": body.branch_id,
        "template_id": body.template_id,
        "state": body.state,
        "state_at": body.state_at or write.after.changed_at,
        "ticket_id": body.ticket_id,
        "customer_id": body.customer_id,
        "author": body.author,
        "begun_at": body.made_at or body.state_at or write.after.changed_at,
        "pick_up_code": body.pick_up_code,
    }


FORM_PROJECTION = Projection(form, project_form)
