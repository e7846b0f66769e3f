"""Reading reviews for the people who decide them."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, and_, or_, select

from backend.domain.reviews.models import review

OPEN = "open"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which reviews a list shows; whatever is None is left open."""

    is_open: bool = True
    author: str | None = None
    must_act: str | None = None


def list_reviews(
    connection: Connection, area: Collection[str], wanted: Wanted, *, after: tuple[str, str] | None, limit: int
) -> list[tuple[str, str]]:
    """Return (raised_at, id) of an area's reviews, oldest first, after the one named."""
    chosen = select(review.c.raised_at, review.c.id).where(review.c.org_id.in_(sorted(area)))
    chosen = chosen.where(review.c.state == OPEN if wanted.is_open else review.c.state != OPEN)
    for column, value in ((review.c.author, wanted.author), (review.c.must_act, wanted.must_act)):
        chosen = chosen if value is None else chosen.where(column == value)
    if after is not None:
        raised_at, id = after
        later = and_(review.c.raised_at == raised_at, review.c.id > id)
        chosen = chosen.where(or_(review.c.raised_at > raised_at, later))
    rows = connection.execute(chosen.order_by(review.c.raised_at, review.c.id).limit(limit))
    return [(row.raised_at, row.id) for row in rows]
