"""Who may see what of a customer, by the role of their institution (001-11).

The host institution sees all that the customer has in the whole union, the assisting one only what lies with itself,
and any other one nothing but who it is and what lies with itself. A branch answers for itself alone: where a whole
bank is a customer's host, the right is its head's, who asks online, and comes down to no branch of it. A head has the
rights of all institutions below together.
"""

from collections.abc import Collection
from enum import StrEnum

from contracts.kinds.customer import Customer

# Relations by blood and marriage (003 §4.1); the others tell of loans.
FAMILY = frozenset({"05", "06", "07", "08", "09", "10", "11"})
GENERIC_CARE = "refer"  # what an institution hears that may not know why service comes before sales


class Right(StrEnum):
    """How much of a customer is shown."""

    HOST = "host"
    ASSIST = "assist"
    NONE = "none"


def right_of(customer: Customer, orgs: Collection[str]) -> Right:
    """Return the right of some institutions, one branch or all that somebody is the head of."""
    if customer.host_org in orgs:
        return Right.HOST
    return Right.ASSIST if customer.assist_org in orgs else Right.NONE


def may_see_business(right: Right, org_id: str, orgs: Collection[str]) -> bool:
    """Say whether what a customer has at `org_id` may be shown to institutions with this right."""
    return right is Right.HOST or org_id in orgs


def visible_care(right: Right, care: Collection[str]) -> list[str]:
    """Return why service comes before sales; only the host hears the reason, which may lie anywhere in the union."""
    if right is Right.HOST:
        return sorted(care)
    return [GENERIC_CARE] if care else []
