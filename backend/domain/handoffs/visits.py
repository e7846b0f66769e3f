"""Where visits meet customers, tablets and each other: every visit is graded, soon after its commit."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import TypeVar

import msgspec
from msgspec import Struct

from backend.domain.compliance.queries.setup import load_calendar
from backend.domain.compliance.rules.calendar import is_workday
from backend.domain.devices.queries import devices_of
from backend.domain.handoffs.occasions import claim_of, find_kin, move_corrections, settle_found
from backend.domain.visits import queries
from backend.domain.visits.queries import TraceRow
from backend.domain.visits.rules.content import similar_before
from backend.domain.visits.rules.corrections import settle_corrections, stand
from backend.domain.visits.rules.facts import Neighbours, Trace, VisitFacts
from backend.domain.visits.rules.flags import CORRECTS_REJECTED
from backend.domain.visits.rules.grade import judge_visit
from backend.domain.visits.rules.influence import influenced_by
from backend.domain.visits.rules.record import write_grade
from backend.domain.visits.rules.reviewing import DECIDED_STATES
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.time import Sealed, bound_by_neighbours, local_date
from backend.domain.visits.rules.tracing import facts_of, trace_of
from backend.settings import Settings
from backend.storage.follow_ups import find_waiting
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.customer import Customer, Place
from contracts.kinds.visit import Visit
from sync.clock import ANCHORED
from sync.moments import shift_moment
from sync.puts import Put
from sync.store import Key, Stored, Write

VISIT, GRADE, CUSTOMER = "visit", "visit_grade", "customer"
VISIT_AGAIN = "visit:again"  # visits that are only judged again, in a follow-up of their own
REGRADED_MAX = 40  # visits that one unit judges again; if there are more, they wait for their follow-ups

T = TypeVar("T")
HOUR_S = 3600

_visit = msgspec.json.Decoder(Visit)
_customer = msgspec.json.Decoder(Customer)
_body = msgspec.json.Decoder(Body)


def thresholds_of(settings: Settings) -> Thresholds:
    """Return what a bank judges visits by."""
    return Thresholds(
        accuracy_max_m=settings.visit_accuracy_max_m,
        radius_m=settings.visit_radius_m,
        cached_older_than_s=settings.visit_cached_s,
        probable_min=settings.visit_probable_percent / 100,
        speed_max_km_h=settings.visit_speed_max_km_h,
        dwell_min_s=settings.visit_dwell_min_s,
        burst_visits=settings.visit_burst_count,
        burst_s=settings.visit_burst_s,
        content_min_chars=settings.visit_content_min,
        text_similar_min=settings.visit_similar_percent / 100,
        photo_distance_max=settings.visit_photo_bits_max,
        compared_d=settings.visit_compared_d,
        skew_max_s=settings.visit_skew_max_s,
        late_s=settings.visit_late_h * HOUR_S,
        device_shared_s=settings.visit_device_shared_s,
        office_from_h=settings.visit_office_from_h,
        office_until_h=settings.visit_office_until_h,
    )


class Grader(Struct, frozen=True, kw_only=True):
    """Grades visits by a bank's thresholds and by the calendar that duties go by (domain-rules.md §2-§4, §7)."""

    limits: Thresholds = Thresholds()
    regraded_max: int = REGRADED_MAX

    def grade_visits(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Return the grades of visits that were written, and of those whose judgement they change.

        What a visit is worth depends on the set of visits around it: a late one changes others, and in the end all
        are graded as if every visit had come in time.
        """
        fresh = {write.after.id: _visit.decode(write.after.body) for write in writes if write.after.standing == "live"}
        if not fresh:
            return []
        queries.hold_person(unit.connection, {visit.author or "" for visit in fresh.values()})
        moved = self._keep_traces(unit, fresh, at)
        kin = {id: row.trace for id, row in find_kin(unit, {trace.id for trace in moved}).items()}
        moved += move_corrections(unit, kin.values(), moved)
        others = (self._influenced(unit, moved) | kin.keys()) - fresh.keys()
        if others:
            others -= find_waiting(unit, VISIT_AGAIN)
        if len(others) > self.regraded_max:
            unit.follow_up_later(VISIT_AGAIN, sorted(others), at)
            others = set()
        return self.regrade(unit, {*fresh, *others})

    def grade_again(self, unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
        """Return the grades of visits that were left to a follow-up: too many for the unit that changed them."""
        authors = {_visit.decode(write.after.body).author or "" for write in writes if write.after.standing == "live"}
        queries.hold_person(unit.connection, authors)
        return self.regrade(unit, {write.after.id for write in writes})

    def judge_kin_again(self, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        """Have all of an occasion judged again, soon, when one of them is accepted or rejected, or no longer is."""
        changed = {write.after.id for write in writes if _decision(write.before) != _decision(write.after)}
        kin = find_kin(unit, changed) if changed else {}
        tied = {id for id, row in kin.items() if row.trace.root != id or id not in changed}
        if tied:
            unit.follow_up_later(VISIT_AGAIN, sorted(kin.keys() - find_waiting(unit, VISIT_AGAIN)), at)
        return []

    def regrade(self, unit: SqlUnit, ids: Collection[str]) -> list[Put]:
        """Return the grades of these visits, judged by what is known now; equal ones change nothing."""
        kin = find_kin(unit, ids)
        rows = {id: kin[id] for id in ids if id in kin}
        visits = _load(unit, VISIT, rows, _visit.decode)
        graded = _load(unit, GRADE, kin, _body.decode)
        settled = {one.id: one for one in settle_corrections([row.trace for row in kin.values()])}
        standings = stand((claim_of(settled[id], row, graded.get(id)) for id, row in kin.items()), self.limits)
        missing = queries.count_missing(unit.connection, rows)
        order = sorted((rows[id].trace for id in visits), key=lambda trace: (trace.author, trace.place_in_order))
        puts = []
        for author, traces in groupby(order, key=lambda trace: trace.author):
            told = list(traces)
            mine = [settled[trace.id] for trace in told]
            around = self._around(unit, author, [*told, *mine])
            days_off = _days_off(unit, {local_date(trace.check_in.at) for trace in mine})
            contents = _contents(unit, mine, around)
            for trace in mine:
                neighbours = self._neighbours(unit, trace, around, contents)
                facts = self._facts(visits[trace.id], rows[trace.id], trace, missing, days_off)
                standing = standings[trace.id]
                if standing.is_after_rejected:
                    facts = msgspec.structs.replace(facts, known_flags=facts.known_flags | {CORRECTS_REJECTED})
                judged = judge_visit(facts, neighbours, self.limits)
                body = write_grade(visits[trace.id], facts, judged, standing, graded.get(trace.id))
                puts.append(Put(kind=GRADE, id=trace.id, body=body))
        return puts

    # --- traces

    def _keep_traces(self, unit: SqlUnit, fresh: Mapping[str, Visit], at: str) -> list[Trace]:
        """Keep the traces of new visits; return them, and those whose time has become better known, old and new."""
        connection = unit.connection
        devices = devices_of(connection, {visit.install_id or "" for visit in fresh.values()})
        customers = _load(unit, CUSTOMER, {visit.customer_id for visit in fresh.values()}, _customer.decode)
        places = {id: customer.places for id, customer in customers.items()}
        rows = [self._row(id, visit, devices, places.get(visit.customer_id, []), at) for id, visit in fresh.items()]
        queries.save_traces(connection, rows)
        queries.add_photos(connection, {(id, digest) for id, visit in fresh.items() for digest in visit.photos})
        moved = [trace for row in self._first_of_each(rows) for trace in self._bound(unit, row)]
        return [row.trace for row in queries.find_traces(connection, fresh.keys()).values()] + moved

    def _row(
        self, id: str, visit: Visit, devices: Mapping[str, str], places: Sequence[Place], at: str
    ) -> TraceRow:  # fmt: skip
        """Return a new visit's row; one that no tablet brought is taken as made when it was written."""
        received_at = visit.received_at or at
        told_at = visit.made_at or received_at
        device_id = devices.get(visit.install_id or "", visit.install_id or "")
        trace = trace_of(id, visit, device_id=device_id, signed_at=told_at, limits=self.limits)
        return TraceRow(
            trace=trace, told_at=told_at, signed_at=told_at, received_at=received_at,
            is_anchored=visit.time_quality == ANCHORED, places=places,
        )  # fmt: skip

    def _first_of_each(self, rows: Iterable[TraceRow]) -> list[TraceRow]:
        first: dict[str, TraceRow] = {}
        for row in sorted(rows, key=lambda row: row.trace.n):
            first.setdefault(row.trace.install_id, row)
        return list(first.values())

    def _bound(self, unit: SqlUnit, first: TraceRow) -> list[Trace]:
        """Bound the unsure times of an install from its first new visit on; return what moved, old and new."""
        rows = queries.sequence_of(unit.connection, first.trace.install_id, first.trace.n)
        events = [
            Sealed(n=row.trace.n, at=row.told_at, is_anchored=row.is_anchored, received_at=row.received_at)
            for row in rows
        ]
        told = zip(rows, bound_by_neighbours(events), strict=True)
        better = {row.trace.id: (row, signed_at) for row, signed_at in told if signed_at != row.signed_at}
        visits = _load(unit, VISIT, better, _visit.decode)
        bounded = [self._bounded(visits[id], row, signed_at) for id, (row, signed_at) in better.items() if id in visits]
        queries.save_traces(unit.connection, bounded)
        return [row.trace for row, _ in better.values()] + [row.trace for row in bounded]

    def _bounded(self, visit: Visit, row: TraceRow, signed_at: str) -> TraceRow:
        old = row.trace
        trace = trace_of(old.id, visit, device_id=old.device_id, signed_at=signed_at, limits=self.limits)
        return msgspec.structs.replace(row, trace=trace, signed_at=signed_at)

    # --- who must be judged again

    def _influenced(self, unit: SqlUnit, moved: Sequence[Trace]) -> set[str]:
        ids = {trace.id for trace in moved}
        for author, traces in groupby(sorted(moved, key=lambda trace: trace.author), key=lambda trace: trace.author):
            mine = list(traces)
            first_at, last_at = min(one.check_in.at for one in mine), max(one.until_at for one in mine)
            days, near_s = self.limits.compared_d, self.limits.burst_s
            found = queries.traces_of_person(
                unit.connection, author, shift_moment(first_at, days=-days), shift_moment(last_at, days=days),
                until_at=shift_moment(first_at, seconds=-near_s),
            )  # fmt: skip
            others = settle_found(unit, found)
            for trace in mine:
                ids |= influenced_by(trace, [other for other in others if other.id != trace.id], self.limits)
                ids |= {other.id for other in self._sharing(unit, trace)}
        return ids

    def _sharing(self, unit: SqlUnit, trace: Trace) -> list[Trace]:
        apart_s = self.limits.device_shared_s
        first_at = shift_moment(trace.check_in.at, seconds=-apart_s)
        last_at = shift_moment(trace.check_in.at, seconds=apart_s)
        return queries.traces_of_device(unit.connection, trace.device_id, trace.author, first_at, last_at)

    # --- judging

    def _around(self, unit: SqlUnit, author: str, mine: Sequence[Trace]) -> list[Trace]:
        """Return the person's visits that may count for any of `mine`, in their order."""
        first_at = shift_moment(min(one.check_in.at for one in mine), days=-self.limits.compared_d)
        last_at = max(self._horizon(one) for one in mine)
        found = queries.traces_of_person(unit.connection, author, first_at, last_at)
        return sorted(settle_found(unit, found), key=lambda trace: trace.place_in_order)

    def _horizon(self, trace: Trace) -> str:
        return max(trace.until_at, shift_moment(trace.check_in.at, seconds=self.limits.burst_s))

    def _neighbours(
        self, unit: SqlUnit, trace: Trace, around: Sequence[Trace], contents: Mapping[str, str]
    ) -> Neighbours:  # fmt: skip
        first_at = shift_moment(trace.check_in.at, days=-self.limits.compared_d)
        last_at = self._horizon(trace)
        person = [
            one for one in around
            if one.id != trace.id and (first_at <= one.check_in.at <= last_at or one.id == trace.root)
        ]  # fmt: skip
        return Neighbours(person=person, device=self._sharing(unit, trace), contents=contents)

    def _facts(
        self, visit: Visit, row: TraceRow, trace: Trace, missing: Mapping[str, int], days_off: Collection[str]
    ) -> VisitFacts:  # fmt: skip
        return facts_of(
            visit, trace, signed_at=row.signed_at, received_at=row.received_at, places=row.places,
            missing_media=missing.get(trace.id, 0), is_workday=local_date(trace.check_in.at) not in days_off,
            limits=self.limits,
        )  # fmt: skip


def _decision(stored: Stored | None) -> str | None:
    """Return what a supervisor has decided about a visit, if that stands."""
    state = _body.decode(stored.body)["review_state"] if stored is not None and stored.standing == "live" else None
    return state if state in DECIDED_STATES else None


def _days_off(unit: SqlUnit, days: Collection[str]) -> frozenset[str]:
    """Return which of these days are not worked."""
    if not days:
        return frozenset()
    told = {name: date.fromisoformat(name) for name in days}
    calendar = load_calendar(unit.connection, min(told.values()), max(told.values()))
    return frozenset(name for name, day in told.items() if not is_workday(calendar, day))


def _contents(unit: SqlUnit, mine: Iterable[Trace], around: Sequence[Trace]) -> dict[str, str]:
    """Return the words of those visits `around` whose text may be like one of `mine`, each read once."""
    similar = {id for trace in mine for id in similar_before(trace, around)}
    return {id: visit.content for id, visit in _load(unit, VISIT, similar, _visit.decode).items()}


def _load(unit: SqlUnit, kind: str, ids: Iterable[str], decode: Callable[[bytes], T]) -> dict[str, T]:
    """Return the live records of a kind among these."""
    found = unit.records([Key(kind, id) for id in ids])
    return {key.id: decode(stored.body) for key, stored in found.items() if stored.standing == "live"}
