"""When a correction was: at the moment of the visit that it corrects, however much later it was written."""

from collections.abc import Sequence

import msgspec

from backend.domain.visits.rules.facts import Event, Trace


def settle_corrections(traces: Sequence[Trace]) -> list[Trace]:
    """Return a person's visits, corrections that repeat their original's beginning dated as it is.

    Nobody can show by the tablet's uptime when a visit of before the last restart began, but the original was dated
    while it was fresh. A correction whose original is not among these stays as it is.
    """
    by_id = {trace.id: trace for trace in traces}
    return [_settled(trace, by_id.get(trace.root)) for trace in traces]


def _settled(trace: Trace, original: Trace | None) -> Trace:
    if original is None or original.id == trace.id or not trace.started_at:
        return trace
    if (trace.started_at, trace.author) != (original.started_at, original.author):
        return trace
    check_in = _at(trace.check_in, original.check_in.at)
    check_out = trace.check_out and _at(trace.check_out, original.until_at)
    return msgspec.structs.replace(trace, check_in=check_in, check_out=check_out)


def _at(event: Event, at: str) -> Event:
    return msgspec.structs.replace(event, at=at)
