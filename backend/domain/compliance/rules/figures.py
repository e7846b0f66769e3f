"""Figures of a month: sums that add up over managers, branches and banks, and the rates made of them."""

from collections.abc import Iterable
from operator import add, sub

from msgspec import Struct
from msgspec.structs import astuple

from backend.domain.compliance.rules.facts import Stint
from backend.domain.compliance.rules.standing import Obligation, Status, fulfilled_shares


class Figures(Struct, frozen=True, omit_defaults=True):
    """Sums over duties. An exempt duty stands in `exempt` alone; one that asks for nothing in none of them.

    `required` and `fulfilled` count every duty once, in the figures of its principal owner; `owed` and `paid`
    count what each owner owes, so that they differ only where customers were handed over.
    """

    duties: int = 0
    done: int = 0
    pending_review: int = 0
    at_risk: int = 0
    short: int = 0
    exempt: int = 0
    required: int = 0
    fulfilled: int = 0
    owed: int = 0
    paid: int = 0
    credited: int = 0  # visits that counted, of the person who made them
    unconfirmed: int = 0  # duties whose calendar no notice confirms

    def plus(self, other: "Figures", sign: int = 1) -> "Figures":
        """Return the sum, or with -1 the difference."""
        mine, theirs = astuple(self), astuple(other)
        return Figures(*map(add if sign > 0 else sub, mine, theirs))

    @property
    def rate(self) -> float | None:
        """Σ min(counted, required) / Σ required; None where nothing was required."""
        return self.fulfilled / self.required if self.required else None

    @property
    def rate_owed(self) -> float | None:
        """The same of what this owner owed on their own days."""
        return self.paid / self.owed if self.owed else None

    @property
    def share_done(self) -> float | None:
        """The share of duties that are wholly done."""
        return self.done / self.duties if self.duties else None


NONE = Figures()


def figures_of(obligation: Obligation, owners: Iterable[Stint]) -> dict[str, Figures]:
    """Return what one duty adds to whose figures."""
    found: dict[str, Figures] = {}
    for weighed in obligation.tally.counted:
        _add(found, weighed.visitor, Figures(credited=1))
    terms = obligation.terms
    if obligation.status is Status.EXEMPT:
        _add(found, terms.owner, Figures(exempt=1))
    elif terms.required:
        _add(found, terms.owner, _counted_once(obligation))
        paid = fulfilled_shares(obligation, owners)
        for share in terms.shares:
            if share.required:
                _add(found, share.owner, Figures(owed=share.required, paid=paid[share.owner]))
    return found


def _counted_once(obligation: Obligation) -> Figures:
    status = obligation.status
    return Figures(
        duties=1, done=int(status is Status.DONE), pending_review=int(status is Status.PENDING_REVIEW),
        at_risk=int(status is Status.AT_RISK), short=int(status is Status.SHORT),
        required=obligation.terms.required, fulfilled=obligation.fulfilled,
        unconfirmed=int(not obligation.period.is_confirmed),
    )  # fmt: skip


def _add(found: dict[str, Figures], owner: str, more: Figures) -> None:
    known = found.get(owner)
    found[owner] = more if known is None else known.plus(more)
