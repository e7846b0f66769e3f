"""Where slices meet: what a write of one means for the records of another, in the same transaction."""

from collections.abc import Mapping, Sequence

from backend.domain.handoffs import contacts
from backend.storage.reactions import Reaction

# Kind → what follows when records of it were written, in this order.
REACTIONS: Mapping[str, Sequence[Reaction]] = {
    "contact": (contacts.on_contacts,),
    "relation": (contacts.on_relations,),
    "ticket": (contacts.on_tickets,),
    "visit": (contacts.on_visits,),
}
