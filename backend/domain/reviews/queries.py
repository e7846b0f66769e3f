"""Reading reviews for the people who decide them."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from backend.domain.reviews.models import review

OPEN = "open"


def list_reviews(
    connection: Connection, area: Collection[str], *, is_open: bool, after: tuple[str, str] | None, limit: int
) -> list[tuple[str, str]]:
    """Return (raised_at, id) of an area's reviews, oldest first, after the one named."""
    chosen = select(review.c.raised_at, review.c.id).where(review.c.org_id.in_(sorted(area)))
    chosen = chosen.where(review.c.state == OPEN if is_open else review.c.state != OPEN)
    if after is not None:
        raised_at, id = after
        later = and_(review.c.raised_at == raised_at, review.c.id > id)
        chosen = chosen.where(or_(review.c.raised_at > raised_at, later))
    rows = connection.execute(chosen.order_by(review.c.raised_at, review.c.id).limit(limit))
    return [(row.raised_at, row.id) for row in rows]
