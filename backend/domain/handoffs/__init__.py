"""Where slices meet: what a write of one means for the records of another, in the same transaction."""

from collections.abc import Mapping, Sequence

from backend.domain.handoffs.counters import end_earlier_tickets
from backend.storage.reactions import Reaction

# Kind → what follows when records of it were written, in this order.
REACTIONS: Mapping[str, Sequence[Reaction]] = {
    "ticket": [end_earlier_tickets],
}
