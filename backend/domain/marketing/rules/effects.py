"""What came of what was offered (001-08): the outcomes of each product, counted."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from contracts.marketing import Effect

OUTCOMES = ("recommended", "interested", "reserved", "referred", "done", "refused")


class Outcome(Struct, frozen=True, kw_only=True):
    """The contacts of one stage about one product in one institution, and how many customers they reached."""

    product_id: str
    org_id: str
    stage: str
    contacts: int
    customers: int
    unwelcome: int


def sum_up(outcomes: Iterable[Outcome], names: Mapping[str, str]) -> list[Effect]:
    """Return one effect for each institution and product, by institution, then by the product's name.

    Conversion is by customers, not by contacts: who is asked three times and buys once was won once.
    """
    found: dict[tuple[str, str], dict[str, Outcome]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.org_id, outcome.product_id), {})[outcome.stage] = outcome
    effects = [_effect(org_id, product_id, stages, names) for (org_id, product_id), stages in found.items()]
    return sorted(effects, key=lambda effect: (effect.org_id, effect.product_name, effect.product_id))


def _effect(org_id: str, product_id: str, stages: Mapping[str, Outcome], names: Mapping[str, str]) -> Effect:
    counts = {name: stages[name].contacts for name in OUTCOMES if name in stages}
    offered, done = (stages[name].customers if name in stages else 0 for name in ("recommended", "done"))
    return Effect(
        product_id=product_id, product_name=names.get(product_id, ""), org_id=org_id,
        customers_recommended=offered, customers_done=done,
        conversion=round(done / offered, 4) if offered else None,
        unwelcome=sum(outcome.unwelcome for outcome in stages.values()), **counts,
    )  # fmt: skip
