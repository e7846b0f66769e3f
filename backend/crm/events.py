"""What the central CRM says: records as it has them now, each with a revision of its own counting."""

from typing import Literal

from msgspec import Struct

from contracts.base import Body


class CrmEvent(Struct, frozen=True, kw_only=True):
    """A customer, or what is theirs, as the CRM has it. `(source, event_id)` is the event's identity, for ever.

    `body` is the whole record without what the door adds: the revision, the data's age and, for what is a customer's,
    the portfolios that may see it. A customer may bring `certificate_no`, one number or up to three, the one that
    counts first: the door keeps their hashes and the last four. `at` is when it was so in the CRM.
    """

    source: str
    event_id: str
    kind: Literal["customer", "holding", "reminder", "relation"]
    id: str
    revision: int
    body: Body
    at: str


class Applied(Struct, frozen=True, kw_only=True):
    """What became of some events: each is counted once."""

    applied: int = 0
    stale: int = 0  # of a revision that is not higher than the one that is here
    repeated: int = 0  # seen before
    moved_holdings: int = 0  # records that followed their customer into other portfolios
    doubtful_numbers: int = 0  # identity numbers whose check digit or date is wrong; kept for matching all the same
