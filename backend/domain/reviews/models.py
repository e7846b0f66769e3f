"""What SQL can be asked about reviews."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Table

from backend.storage.metadata import Word, metadata
from backend.storage.projections import Projection
from contracts.kinds.review import Review
from sync.store import Write

review = Table(
    "review",
    metadata,
    Column("id", Word, primary_key=True),
    Column("state", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("must_act", Word, nullable=False),
    Column("raised_at", Word, nullable=False),
    Column("install_id", Word, nullable=False),
    Column("author", Word, nullable=False),
    # Serves a supervisor's list: what is open in an organisation for one role, oldest first.
    Index("ix_review_list", "org_id", "state", "must_act", "raised_at"),
    # Serves the author's own list, and the count of what an install still owes.
    Index("ix_review_author", "author", "state", "raised_at"),
    Index("ix_review_install", "install_id", "state"),
)

_review = msgspec.json.Decoder(Review)


def project_review(write: Write) -> Mapping[str, Any] | None:
    """Return the row of a review, or None if the review is no more."""
    if write.after.standing != "live":
        return None
    body = _review.decode(write.after.body)
    return {
        "id": write.after.id,
        "state": body.state,
        "org_id": body.org_id,
        "must_act": body.must_act,
        "raised_at": body.raised_at,
        "install_id": body.install_id,
        "author": body.author,
    }


REVIEW_PROJECTION = Projection(review, project_review)
