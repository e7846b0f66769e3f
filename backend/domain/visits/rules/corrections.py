"""What corrects what, and which visit of one occasion counts: the one rule that grades, duties and ledger go by."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec
from msgspec import Struct

from backend.domain.visits.rules.distances import haversine_m
from backend.domain.visits.rules.facts import Event, Trace
from backend.domain.visits.rules.position import both_accuracies_m
from backend.domain.visits.rules.reviewing import ACCEPTED, REJECTED
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.time import seconds_between


class Claim(Struct, frozen=True, kw_only=True, gc=False):
    """A visit among what it corrects and what corrects it: settled (`settle_corrections`), and what it says itself."""

    trace: Trace
    amends: str  # as signed: the visit that it corrects, or itself
    signed_at: str
    review: str | None = None

    @property
    def occasion(self) -> tuple[str, str]:
        """What it shares with every other visit of the occasion: the person, and where the corrections end."""
        return self.trace.author, self.trace.root


class Standing(Struct, frozen=True, kw_only=True):
    """What a visit is to the others of its occasion; it counts by itself unless one of the first two is told."""

    corrected_by: str | None = None  # a later one stands in its place
    waits_behind: str | None = None  # counts until a supervisor accepts this one, which is doubted, in its place
    is_after_rejected: bool = False  # it comes after one that a supervisor rejected


def settle_corrections(traces: Sequence[Trace]) -> list[Trace]:
    """Return a person's visits, each with the first of all that it corrects as `root`, and dated as that one was.

    Nobody can show by the tablet's uptime when a visit of before the last restart began, but the original was dated
    while it was fresh; a correction that repeats its `started_at` was then. What a correction corrects is followed
    through the person's own visits alone; where one is not known, that is as far as it goes.
    """
    by_id = {trace.id: trace for trace in traces}
    links: dict[str, dict[str, str]] = {}
    for trace in traces:
        if trace.root != trace.id:
            links.setdefault(trace.author, {})[trace.id] = trace.root
    return [_settled(one, by_id, links[one.author]) if one.root != one.id else one for one in traces]


def is_true(correction: Trace, original: Trace | None, limits: Thresholds) -> bool:
    """Say whether a settled correction is of the same visit as its original: person, customer, time and place.

    It mends words and photos; anything else could make one visit two, or two one (001-17), and is looked at.
    """
    return (
        original is not None
        and (original.author, original.customer_id) == (correction.author, correction.customer_id)
        and _is_same_occasion(correction.check_in, original.check_in, limits)
    )


def stand(claims: Iterable[Claim], limits: Thresholds) -> dict[str, Standing]:
    """Return how each visit stands: of one occasion one counts, the last that holds, in whatever order they arrived.

    The original holds, a true correction does, and a doubted one once a supervisor has accepted it. What comes before
    the last that holds is corrected by it; a doubted correction after it waits behind it. If none holds, because the
    original is unknown or another person's, each is a visit of its own: none is silently dropped (domain-rules.md §3,
    §6; protocol.md, Evidence).
    """
    found: dict[str, Standing] = {}
    for _, shared in groupby(sorted(claims, key=lambda claim: claim.occasion), key=lambda claim: claim.occasion):
        found |= _stand(_as_made({claim.trace.id: claim for claim in shared}), limits)
    return found


def _stand(occasion: Sequence[Claim], limits: Thresholds) -> dict[str, Standing]:
    """Return how the visits of one occasion stand, which come as they were made."""
    original = next((one.trace for one in occasion if one.trace.id == one.trace.root), None)
    holding = [at for at, one in enumerate(occasion) if one.review == ACCEPTED or _holds(one.trace, original, limits)]
    last = holding[-1] if holding else None
    rejected = [at for at, one in enumerate(occasion) if one.review == REJECTED]
    return {
        one.trace.id: Standing(
            corrected_by=occasion[last].trace.id if last is not None and at < last else None,
            waits_behind=occasion[last].trace.id if last is not None and at > last else None,
            is_after_rejected=any(before < at for before in rejected),
        )
        for at, one in enumerate(occasion)
    }


def _holds(trace: Trace, original: Trace | None, limits: Thresholds) -> bool:
    return original is trace or is_true(trace, original, limits)


def _as_made(occasion: Mapping[str, Claim]) -> list[Claim]:
    """Return visits of one occasion in order: a correction after what it corrects, one tablet's by their numbers."""
    links = {id: one.amends for id, one in occasion.items() if one.amends != id}
    signed: dict[str, str] = {}
    latest: dict[str, str] = {}
    for claim in sorted(occasion.values(), key=lambda claim: claim.trace.n):
        at = max(latest.get(claim.trace.install_id, ""), claim.signed_at)
        signed[claim.trace.id] = latest[claim.trace.install_id] = at

    def place(claim: Claim) -> tuple[tuple[str, int, str], int, str]:
        line = [id for id in _line(claim.trace.id, links) if id in signed]
        return max((signed[id], occasion[id].trace.n, id) for id in line), len(line), claim.trace.id

    return sorted(occasion.values(), key=place)


def _line(id: str, links: Mapping[str, str]) -> list[str]:
    """Return a visit, what it corrects, what that corrects, and so on; of a circle, the least is called the first."""
    line = [id]
    while (before := links.get(line[-1])) is not None:
        if before in line:
            first = min(line[line.index(before) :])
            return [*(one for one in line if one != first), first]
        line.append(before)
    return line


def _settled(trace: Trace, by_id: Mapping[str, Trace], links: Mapping[str, str]) -> Trace:
    root = _line(trace.id, links)[-1]
    original = by_id.get(root)
    is_dated = original is not None and (original.author, original.started_at) == (trace.author, trace.started_at)
    if original is None or original.id == trace.id or not (is_dated and trace.started_at):
        return msgspec.structs.replace(trace, root=root)
    check_in = _at(trace.check_in, original.check_in.at)
    check_out = trace.check_out and _at(trace.check_out, original.until_at)
    return msgspec.structs.replace(trace, root=root, check_in=check_in, check_out=check_out)


def _at(event: Event, at: str) -> Event:
    return msgspec.structs.replace(event, at=at)


def _is_same_occasion(one: Event, other: Event, limits: Thresholds) -> bool:
    if abs(seconds_between(one.at, other.at)) > limits.correction_apart_s:
        return False
    if one.position is None or other.position is None:
        return one.position is other.position
    apart_m = haversine_m(one.position.point, other.position.point)
    return apart_m <= both_accuracies_m(one.position, other.position, limits)
