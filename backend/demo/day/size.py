"""How much happens on the day."""

from msgspec import Struct

from backend.demo.bank import CUSTOMERS


class Size(Struct, frozen=True, kw_only=True):
    """Counts of the whole bank's day; tests live smaller ones."""

    customers: int = CUSTOMERS
    tickets: int = 400
    forms: int = 120
    visits: int = 60
    corrections: int = 24


def share(total: int, of: int, at: int) -> int:
    """Return the part of `total` that falls to number `at` of `of` people; all parts add up to it."""
    return total // of + (1 if at < total % of else 0)
