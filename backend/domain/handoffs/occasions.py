"""The visits of one occasion, found and kept: what corrects what, as `visits/rules/corrections.py` has it."""

from collections.abc import Collection, Iterable, Sequence

from backend.domain.visits import queries
from backend.domain.visits.queries import TraceRow
from backend.domain.visits.rules.corrections import Claim, settle_corrections
from backend.domain.visits.rules.facts import Trace
from backend.storage.unit import SqlUnit
from contracts.base import Body

LINE_MAX = 50  # corrections of corrections that are followed


def claim_of(trace: Trace, row: TraceRow, graded: Body | None) -> Claim:
    """Return what one visit is to its occasion, by its settled trace and the grade that it has so far."""
    review = graded["review_state"] if graded else None
    return Claim(trace=trace, amends=row.trace.root, signed_at=row.signed_at, review=review)


def find_kin(unit: SqlUnit, ids: Collection[str]) -> dict[str, TraceRow]:
    """Return these visits, and what their authors say that they correct or that corrects them, however often."""
    found, asked = queries.find_traces(unit.connection, ids), set(ids)
    authors = {row.trace.author for row in found.values()}
    told = set(ids)
    for _ in range(LINE_MAX):
        roots = {row.trace.root for id, row in found.items() if id in asked}
        asked = (roots | queries.amending(unit.connection, asked | roots)) - told
        if not asked:
            break
        told |= asked
        rows = queries.find_traces(unit.connection, asked)
        found |= {id: row for id, row in rows.items() if row.trace.author in authors}
    return found


def move_corrections(unit: SqlUnit, kin: Iterable[Trace], moved: Sequence[Trace]) -> list[Trace]:
    """Keep when corrections among `kin` were; return them as they were and as they are, now that others have moved."""
    now = list(kin)
    corrections = {one.id: one for one in now if one.root != one.id}
    if not corrections:
        return []
    before, after = settle_corrections([*now, *reversed(moved)]), settle_corrections(now)
    queries.date_traces(unit.connection, [one for one in after if one.id in corrections])
    return [*corrections.values(), *(one for one in [*before, *after] if one.id in corrections and one not in moved)]


def settle_found(unit: SqlUnit, traces: Sequence[Trace]) -> list[Trace]:
    """Return a person's visits settled, and with them the own visits that they correct."""
    known = {trace.id: trace for trace in traces}
    authors, told = {trace.author for trace in traces}, set(known)
    asked = {trace.root for trace in traces} - told
    for _ in range(LINE_MAX):
        if not asked:
            break
        told |= asked
        rows = queries.find_traces(unit.connection, asked).values()
        known |= {row.trace.id: row.trace for row in rows if row.trace.author in authors}
        asked = {row.trace.root for row in rows} - told
    return settle_corrections(list(known.values()))
