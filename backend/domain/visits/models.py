"""What SQL can be asked about visits: how they were graded, what their neighbours see of them, which photos miss."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Double, Index, Table, Text, text

from backend.domain.visits.rules.waiting import codes_of
from backend.storage.metadata import Bytes, Number, Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.visit_grade import VisitGrade
from sync.store import Write

visit = Table(
    "visit",
    metadata,
    Column("id", Word, primary_key=True),
    Column("author", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("customer_id", Word, nullable=False),
    Column("install_id", Word, nullable=False),
    Column("root", Word, nullable=False),  # the visit that this one says it corrects, or itself
    Column("type", Word, nullable=False),
    Column("at", Word, nullable=False),  # t_est of the check-in
    Column("local_date", Word, nullable=False),
    Column("month", Word, nullable=False),
    Column("grade", Word, nullable=False),
    Column("verdict", Word, nullable=False),
    Column("probability", Double, nullable=False),  # -1 where nobody can say: such come first in the review queue
    Column("points", Number, nullable=False),
    Column("flags", Text, nullable=False),  # codes between spaces, and `replaced` where another visit counts instead
    Column("has_coordinate", Number, nullable=False),
    Column("content_chars", Number, nullable=False),
    Column("alert", Word),
    Column("review_state", Word, nullable=False),
    # Serves duty: what was done at one customer in a month.
    Index("ix_visit_customer", "customer_id", "month"),
    # Serves the month of a person, and of an institution.
    Index("ix_visit_author", "author", "month"),
    Index("ix_visit_org", "org_id", "month", "at"),
    # Serves grading: which visits say that they correct one.
    Index("ix_visit_amends", "root", sqlite_where=text("root <> id"), postgresql_where=text("root <> id")),
)

# What waits for a supervisor. A visit stands here once for its institution and once for each above it, so that the
# first page of any area, of one branch or of the whole house, is one seek along the key.
visit_review = Table(
    "visit_review",
    metadata,
    Column("area", Word, primary_key=True),
    Column("place", Word, primary_key=True),  # rules.waiting.place_in_queue: sorts as the queue does
    Column("visit_id", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("author", Word, nullable=False),
    Column("month", Word, nullable=False),
    Column("grade", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("flags", Text, nullable=False),
    # Serves a decision: the visit leaves the queue.
    Index("ix_visit_review_visit", "visit_id"),
    # Serves the filter by person.
    Index("ix_visit_review_author", "area", "author", "place"),
    sqlite_with_rowid=False,
)

visit_trace = Table(
    "visit_trace",
    metadata,
    Column("id", Word, primary_key=True),
    Column("author", Word, nullable=False),
    Column("install_id", Word, nullable=False),
    Column("device_id", Word, nullable=False),
    Column("n", Number, nullable=False),
    Column("told_at", Word, nullable=False),  # of the signature, as this visit alone tells
    Column("signed_at", Word, nullable=False),  # the same, between the device's other visits
    Column("is_anchored", Number, nullable=False),
    Column("received_at", Word, nullable=False),
    Column("began_at", Word, nullable=False),
    Column("until_at", Word, nullable=False),
    Column("trace", Bytes, nullable=False),  # rules.facts.Trace as JSON
    Column("places", Bytes, nullable=False),  # the customer's, as they were known when the visit arrived: JSON
    # Serves judging: the visits of a person around one of them, and other persons' on its device.
    Index("ix_visit_trace_author", "author", "began_at"),
    Index("ix_visit_trace_device", "device_id", "began_at"),
    # Serves the bounds of unsure times: the neighbours by number.
    Index("ix_visit_trace_install", "install_id", "n"),
)

visit_photo = Table(
    "visit_photo",
    metadata,
    Column("visit_id", Word, primary_key=True),
    Column("digest", Word, primary_key=True),
    Column("arrived_at", Word),
    # Serves the job that looks for photos that have arrived.
    Index(
        "ix_visit_photo_missing",
        "visit_id",
        sqlite_where=text("arrived_at IS NULL"),
        postgresql_where=text("arrived_at IS NULL"),
    ),
    sqlite_with_rowid=False,
)

evidence_root = Table(
    "evidence_root",
    metadata,
    # One signed Merkle root for each day of Shanghai on which evidence came from an institution's tablets.
    Column("org_id", Word, primary_key=True),
    Column("date", Word, primary_key=True),
    Column("count", Number, nullable=False),
    Column("root", Word, nullable=False),
    Column("prev", Word, nullable=False),  # hash of the institution's root before
    Column("sig", Word, nullable=False),
    Column("heads", Text, nullable=False),  # JSON: install → the number up to which its evidence is sealed
    sqlite_with_rowid=False,
)

UNKNOWN = -1.0
REPLACED = "replaced"
_grade = msgspec.json.Decoder(VisitGrade)


def project_visit(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a graded visit, or None if the grade is no more."""
    if write.after.standing != "live":
        return None
    body = _grade.decode(write.after.body)
    copied = ("author", "customer_id", "type", "at", "local_date", "grade", "verdict",
              "points", "content_chars", "alert", "review_state")  # fmt: skip
    return {
        **{name: getattr(body, name) for name in copied},
        "id": write.after.id,
        "org_id": body.org_id or "",
        "install_id": body.install_id or "",
        "root": body.amends or write.after.id,
        "month": body.local_date[:7],
        "probability": UNKNOWN if body.probability is None else body.probability,
        "flags": codes_of(body) + (f"{REPLACED} " if body.corrected_by or body.waits_behind else ""),
        "has_coordinate": int(body.has_coordinate),
    }


VISIT_PROJECTION = Projection(visit, project_visit)
