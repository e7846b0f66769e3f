"""What a recommendation rests on, and what comes of it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from contracts.kinds.card import Suggestion
from contracts.kinds.catalog import Product


class OfferSettings(Struct, frozen=True, kw_only=True):
    """What a bank may choose about offers; the defaults stand in domain-rules.md §9."""

    week_max: int = 2  # marketing contacts of a household in 7 days, over all channels
    month_max: int = 5  # the same in 30 days
    assessed_months: int = 12  # a risk assessment holds so long
    elderly_age: int = 65
    elderly_risk_min: int = 3  # from this risk on, an elderly customer is advised in the zone only
    rest_d: int = 30  # what a customer refused or reserved is not offered again for so long


class Offered(Struct, frozen=True, kw_only=True):
    """A product of the catalog under its id."""

    id: str
    product: Product


class Held(Struct, frozen=True, kw_only=True):
    """A product that the customer holds, as far as the branch may know (001-11)."""

    product_id: str
    family: str


class Touch(Struct, frozen=True, kw_only=True):
    """A contact of late with the customer or somebody of the household.

    Contacts of one `occasion` are one talk and count once.
    """

    at: str
    stage: str
    occasion: str
    product_id: str | None = None
    ticket_id: str | None = None
    is_own: bool = True  # with the customer, not with somebody else of the household
    is_marketing: bool = True


class OfferFacts(Struct, frozen=True, kw_only=True):
    """All that is asked about a customer who waits in a branch. The order within each collection does not matter.

    `org_line` is the branch with all above it. `held` and `reminders` hold only what the branch may see, since every
    reason is told there. `touches` reach back 30 days and cover the household.
    """

    today: str  # business date
    org_line: frozenset[str]
    products: Sequence[Offered]
    ticket_id: str | None = None
    type: str = "person"
    birth_year: int | None = None
    customer_class: str = ""
    labels: frozenset[str] = frozenset()
    risk_level: int = 0
    risk_assessed_on: str | None = None
    is_marketing_refused: bool = False
    care: frozenset[str] = frozenset()
    held: Sequence[Held] = ()
    reminders: frozenset[str] = frozenset()  # sorts of those that are open
    touches: Sequence[Touch] = ()
    label_names: Mapping[str, str] = {}


class Offers(Struct, frozen=True, kw_only=True):
    """Every product of the facts, in one of two lists, best first and by code."""

    suggestions: list[Suggestion]
    suppressed: list[Suggestion]
