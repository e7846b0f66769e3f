"""What SQL can be asked about forms, and the teller systems' requests that were answered."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, text

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.form import ENDED
from sync.store import Write


def _index_of_those_with(name: str, column: str, *more: str) -> Index:
    has_one = text(f"{column} IS NOT NULL")
    return Index(name, column, *more, sqlite_where=has_one, postgresql_where=has_one)


# Only what is looked for: each index holds no form but those that it is asked for. A draft, as nearly all of what
# tablets push is one, writes two small trees.
form = Table(
    "form",
    metadata,
    Column("id", Word, primary_key=True),
    Column("branch_id", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("open_since", Word),  # when it last moved on; null once it has ended
    Column("ticket_id", Word),
    Column("begun_at", Word, nullable=False),
    Column("pick_up_code", Word),
    # Serves loading by a ticket: its forms, the oldest first.
    _index_of_those_with("ix_form_ticket", "ticket_id", "begun_at"),
    # Serves loading by a pick-up code.
    _index_of_those_with("ix_form_pick_up", "pick_up_code", "branch_id"),
    # Serves the expiry of what nobody fetched.
    _index_of_those_with("ix_form_open", "open_since"),
    sqlite_with_rowid=False,
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
    state: str
    state_at: str | None = None
    ticket_id: str | None = None
    made_at: str | None = None
    pick_up_code: str = ""
    confirmed_digest: str | None = None


read_head = msgspec.json.Decoder(FormHead).decode


def project_form(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a form, or None if the form is no more."""
    if write.after.standing != "live":
        return None
    body = read_head(write.after.body)
    moved_at = body.state_at or write.after.changed_at
    return {
        "id": write.after.id,
        "branch_id": body.branch_id,
        "state": body.state,
        "open_since": None if body.state in ENDED else moved_at,
        "ticket_id": body.ticket_id,
        "begun_at": body.made_at or moved_at,
        "pick_up_code": body.pick_up_code or None,
    }


FORM_PROJECTION = Projection(form, project_form)
