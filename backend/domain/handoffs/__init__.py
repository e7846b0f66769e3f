"""Where slices meet: what a write of one means for the records of another, in the same transaction."""

from collections.abc import Mapping, Sequence

from backend.domain.handoffs.arrivals import Arrivals
from backend.domain.handoffs.colleagues import show_busy
from backend.domain.handoffs.reveals import on_reveals
from backend.settings import Settings
from backend.storage.reactions import Reaction


def list_reactions(settings: Settings) -> Mapping[str, Sequence[Reaction]]:
    """Return kind → what follows when records of it were written, in this order."""
    arrivals = Arrivals(claims_per_hour=settings.identify_per_hour, stale_h=settings.offline_money_h)
    return {
        "contact": [arrivals.on_contacts],
        "customer": [arrivals.on_customers],
        "holding": [arrivals.on_belongings],
        "plan": [show_busy],
        "relation": [arrivals.on_belongings],
        "reminder": [arrivals.on_belongings],
        "reveal": [on_reveals],
        "ticket": [arrivals.on_tickets],
    }
