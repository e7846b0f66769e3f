"""Where customers and what is theirs live: host and assist rights (001-11), and what carries a proposal."""

from backend.domain.customers.rules.rights import FAMILY
from contracts.base import Body
from sync.kind import Actor, Proposal


def customer_buckets(body: Body) -> frozenset[str]:
    """Return the portfolios of the host and the assisting manager (001-12)."""
    portfolios = (body.get("host_portfolio"), body.get("assist_portfolio"))
    return frozenset(f"portfolio:{portfolio}" for portfolio in portfolios if portfolio)


def holding_buckets(body: Body) -> frozenset[str]:
    """Return the portfolios that may see a holding, reminder or relation; the CRM import computes them."""
    return frozenset(f"portfolio:{portfolio}" for portfolio in body.get("portfolios", ()))


def portfolios_of_holding(customer: Body, org_id: str) -> list[str]:
    """Return who may see what a customer holds at `org_id`, and reminders about it.

    The host sees the customer's holdings in the whole union, the assisting side only those of its own branch (001-11).
    """
    host, assist = customer.get("host_portfolio"), customer.get("assist_portfolio")
    seeing = {host} | ({assist} if customer.get("assist_org") == org_id else set())
    return sorted(portfolio for portfolio in seeing if portfolio)


def portfolios_of_relation(customer: Body, role: str) -> list[str]:
    """Return who may see a relation of this role: the host all, the assisting side only family.

    A guarantor or pledger tells of loans, which may be another branch's.
    """
    host, assist = customer.get("host_portfolio"), customer.get("assist_portfolio")
    seeing = {host} | ({assist} if role in FAMILY else set())
    return sorted(portfolio for portfolio in seeing if portfolio)


def portfolios_of(kind: str, customer: Body, body: Body) -> list[str]:
    """Return who may see a record that is the customer's: a holding, a reminder or a relation."""
    if kind == "relation":
        return portfolios_of_relation(customer, body.get("role", ""))
    return portfolios_of_holding(customer, body.get("org_id", ""))


def propose(_actor: Actor, _customer: Body, _proposed: Body) -> Proposal:
    """Carry a proposal in a request that waits for the CRM."""
    return Proposal(kind="request", body={})


def card_buckets(body: Body) -> frozenset[str]:
    """Return the branch in which the customer waits."""
    return frozenset({f"branch:{body['branch_id']}"})


def reveal_buckets(body: Body) -> frozenset[str]:
    """Return whoever looked."""
    return frozenset({f"staff:{body['author']}"})
