"""Reading what customers hold."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from backend.domain.customers.models import holding

CUSTOMERS_MAX = 500  # of one question


def holdings_of(connection: Connection, customer_ids: Collection[str]) -> list[str]:
    """Return the ids of everything that some customers hold."""
    assert len(customer_ids) <= CUSTOMERS_MAX
    chosen = select(holding.c.id).where(holding.c.customer_id.in_(sorted(customer_ids)))
    return list(connection.scalars(chosen.order_by(holding.c.id)))
