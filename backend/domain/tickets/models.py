"""What SQL can be asked about tickets and counters, and what is kept of a day that has ended."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Index, Table

from backend.domain.tickets.rules.line import Place, place_of
from backend.storage.metadata import Bytes, Number, Word, metadata
from backend.storage.projections import Projection
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
    Column("priority", Number, nullable=False),
    Column("counter", Word),
    Column("for_series", Word),  # of the newest transfer
    Column("for_counter", Word),
    Column("called_at", Word),  # the newest call
    Column("returned_at", Word),
    # Serves the waiting line of a branch, oldest first.
    Index("ix_ticket_line", "branch_id", "business_date", "state", "issued_at"),
    # Serve the day's end: days of late, and tickets of any day that somebody left open.
    Index("ix_ticket_day", "business_date", "branch_id"),
    Index("ix_ticket_open", "state", "business_date"),
    # Serves the rule that one counter has one ticket.
    Index("ix_ticket_counter", "branch_id", "business_date", "counter", "state"),
    # Serves the search for the paper in a customer's hand. Not unique: tablets without a line may collide.
    Index("ix_ticket_number", "branch_id", "business_date", "series", "number"),
)

counter = Table(
    "counter",
    metadata,
    Column("id", Word, primary_key=True),
    Column("branch_id", Word, nullable=False),
    Column("counter_no", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("first_step_at", Word),  # the oldest that is kept on the record
    # Serves the day's end: the counters that were open on the day that ends.
    Index("ix_counter_first_step_at", "first_step_at"),
    Index("ix_counter_branch_id", "branch_id"),
)

counter_visit = Table(
    "counter_visit",
    metadata,
    Column("branch_id", Word, primary_key=True),
    Column("business_date", Word, primary_key=True),
    Column("counter_no", Word, primary_key=True),
    Column("ordinal", Number, primary_key=True, autoincrement=False),  # in the order in which the server heard of them
    Column("at", Word, nullable=False),
    Column("ticket_id", Word, nullable=False),
    sqlite_with_rowid=False,
)

counter_day = Table(
    "counter_day",
    metadata,
    Column("branch_id", Word, primary_key=True),
    Column("business_date", Word, primary_key=True),
    Column("counter_no", Word, primary_key=True),
    Column("steps", Bytes, nullable=False),  # JSON list of CounterStep: when it opened, paused and closed that day
)

number_day = Table(
    "number_day",
    metadata,
    Column("branch_id", Word, primary_key=True),
    Column("business_date", Word, primary_key=True),
    Column("ended_at", Word, nullable=False),
    Column("changed_at", Word, nullable=False),  # of the newest account: late tablets may change it
    Column("is_accounted", Boolean, nullable=False),
    Column("report", Bytes, nullable=False),  # JSON of sync.leases.NumberReport
)

PLACE = tuple(name for name in Place.__struct_fields__ if name != "id")


def project_ticket(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a ticket, or None if the ticket is no more."""
    if write.after.standing != "live":
        return None
    body = msgspec.json.decode(write.after.body)
    place = place_of(write.after.id, body)
    where = {"id": write.after.id, "branch_id": body["branch_id"], "business_date": body["business_date"]}
    return where | {name: getattr(place, name) for name in PLACE}


def project_counter(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a counter, or None if there is none any more."""
    if write.after.standing != "live":
        return None
    body = msgspec.json.decode(write.after.body)
    steps = [step["at"] for step in body.get("steps", ())]
    where = {name: body[name] for name in ("branch_id", "counter_no", "state")}
    return {"id": write.after.id, **where, "first_step_at": min(steps, default=None)}


TICKET_PROJECTION = Projection(ticket, project_ticket)
COUNTER_PROJECTION = Projection(counter, project_counter)
