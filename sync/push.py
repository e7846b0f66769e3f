"""Push: load what a batch needs, settle it in memory, write it down in one transaction (protocol.md §3)."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache

import msgspec
from msgspec import Struct

from contracts.base import Problem
from contracts.errors import ErrorCode
from contracts.push import Outcome, PushResponse
from sync.chain import Place, place_again, place_links
from sync.clock import DeviceClock
from sync.desk import Desk, Known
from sync.errors import NotFound
from sync.kind import Actor, Kinds
from sync.lifts import lift
from sync.needs import keys_of, numbers_of
from sync.ops import settle
from sync.parcels import Parcel, is_evidence, prev_of
from sync.records import Workspace
from sync.reviews import review_id
from sync.settled import digest_of_settled, remembered_in, settle_up
from sync.store import AuditEntry, Evidence, Install, Key, NumberKey, Outbound, Remembered, Settled, Unit, Write

decode_outcome = msgspec.json.Decoder(Outcome).decode


class PushContext(Struct, frozen=True, kw_only=True):
    """What a push needs beside the batch."""

    actor: Actor
    kinds: Kinds
    now: datetime
    device: DeviceClock
    schema: int
    countersign: Callable[[Sequence[str]], str]


def push_batch(unit: Unit, parcels: Sequence[Parcel], context: PushContext) -> PushResponse:
    """Settle each parcel in the order of `n` and answer each; repeats get their first answer (P1)."""
    install = unit.find_install(context.actor.install_id)
    if install is None:
        raise NotFound("this install is not enrolled")
    fresh, rest = _next_in_line(parcels, install.ack_n)
    fresh = [lift(parcel, context.kinds, context.actor, context.schema) for parcel in fresh]
    desk = open_desk(unit, install, fresh, context)
    outcomes = [settle(desk, parcel) for parcel in fresh]
    settled = settle_up(install.install_id, fresh, outcomes) if fresh else None
    ack_n = fresh[-1].n if fresh else install.ack_n
    outcomes += _repeat(unit, desk, [parcel for parcel in rest if parcel.n <= ack_n], settled)
    _write_down(unit, msgspec.structs.replace(install, ack_n=ack_n), desk, settled, outcomes[: len(fresh)])
    is_cut = any(parcel.n > ack_n for parcel in rest)
    outcomes.sort(key=lambda outcome: outcome.n)
    return PushResponse(ack_n=ack_n, expected_n=ack_n + 1 if is_cut else None, outcomes=outcomes)


def open_desk(
    unit: Unit, install: Install, parcels: Sequence[Parcel], context: PushContext, *,
    work: Workspace | None = None, attempt: str = "",
) -> Desk:  # fmt: skip
    """Return a desk with all that these parcels can ask for, on `work` if there is one."""
    numbers = numbers_of(parcels, context.kinds)
    days = sorted({(number.branch, number.date) for number in numbers})
    work = work or Workspace({})
    for stored in unit.records(keys_of(parcels, context.kinds)).values():
        work.load(stored)
    known = Known(
        letter=install.letter,
        evidence_head=install.evidence_head,
        leases=[lease for branch, date in days for lease in unit.leases(branch, date)],
        taken=unit.taken(numbers) if numbers else {},
        places=_places(unit, install, parcels, is_again=bool(attempt)),
        countersign=context.countersign,
        find=lambda key: unit.peek([key]).get(key),
    )
    return Desk(
        context.actor, context.kinds, work, known,
        now=context.now, device=context.device, schema=context.schema, attempt=attempt,
    )  # fmt: skip


def _places(unit: Unit, install: Install, parcels: Sequence[Parcel], *, is_again: bool) -> dict[str, Place]:
    """Return where each piece of evidence stands on the install's chain, before anything else is made of it.

    The usual next link asks the store nothing, and all that is odd in a batch asks once.
    """
    links = [(parcel.hash, prev_of(parcel.mutation)) for parcel in parcels if parcel.mutation and is_evidence(parcel)]

    @cache
    def known() -> set[str]:
        return unit.evidence_among(install.install_id, [hash for link in links for hash in link if hash])

    def was_seen(hash: str) -> bool:
        return hash in known()

    if is_again:
        return {hash: place_again(prev, was_seen) for hash, prev in links}
    return place_links(links, install.evidence_head, was_seen)


def save_effects(
    unit: Unit, kinds: Kinds, work: Workspace, at: str, *,
    evidence: Collection[Evidence] = (), numbers: Sequence[tuple[NumberKey, str]] = (),
) -> None:  # fmt: skip
    """Write down what was decided: records, evidence, numbers, and what the central CRM must hear of."""
    writes = work.writes()
    if writes:
        unit.save_records(writes)
    if evidence:
        unit.add_evidence(list(evidence))
    first = dict(reversed(numbers))
    if first:
        unit.take_numbers(first)
    for key, id in numbers:
        if first[key] != id:  # one number on two tickets of one batch: both are accounted for
            unit.take_numbers({key: id})
    outbound = _outbound(kinds, writes, at)
    if outbound:
        unit.send(outbound)


def _next_in_line(parcels: Sequence[Parcel], ack_n: int) -> tuple[list[Parcel], list[Parcel]]:
    """Return the parcels that follow `ack_n` without a gap, and the rest: repeats, twins, and those beyond a gap."""
    fresh: list[Parcel] = []
    rest: list[Parcel] = []
    for parcel in parcels:
        (fresh if parcel.n == ack_n + len(fresh) + 1 else rest).append(parcel)
    return fresh, rest


def _repeat(unit: Unit, desk: Desk, repeats: Sequence[Parcel], news: Settled | None) -> list[Outcome]:
    """Answer repeats from memory; a used number with other content is parked and alarms."""
    if not repeats:
        return []
    settled = unit.remembered(desk.actor.install_id, [parcel.n for parcel in repeats])
    settled |= remembered_in([news] if news else [])
    visible = _visible_now(unit, desk.actor, settled.values())
    outcomes = []
    for parcel in repeats:
        first = settled.get(parcel.n)
        if first is not None and first.digest == parcel.digest:
            outcome = decode_outcome(first.outcome)
            outcomes.append(outcome if Key(first.kind, first.id) in visible else _without_theirs(outcome))
        else:
            outcomes.append(_park_reused(unit, desk, parcel))
    return outcomes


def _park_reused(unit: Unit, desk: Desk, parcel: Parcel) -> Outcome:
    id = review_id(desk.actor.install_id, parcel.n, parcel.digest)
    problem = Problem(code=ErrorCode.MUTATION_REUSED.code, args={"n": parcel.n})
    if unit.records([Key("review", id)]):
        return Outcome(n=parcel.n, status="parked", parked=id, problem=problem)
    desk.raise_review(parcel, "parked", problem)
    return Outcome(n=parcel.n, status="parked", parked=id, problem=problem)


def _visible_now(unit: Unit, actor: Actor, settled: Collection[Remembered]) -> set[Key]:
    """Return the records, among those settled before, that the person may still read (I5)."""
    stored = unit.records({Key(one.kind, one.id) for one in settled if one.kind and b'"theirs' in one.outcome})
    return {key for key, record in stored.items() if actor.sees(record.buckets)}


def _without_theirs(outcome: Outcome) -> Outcome:
    fields = [msgspec.structs.replace(field, theirs=None, theirs_by=None) for field in outcome.fields]
    return msgspec.structs.replace(outcome, fields=fields) if fields else outcome


def _write_down(unit: Unit, install: Install, desk: Desk, settled: Settled | None, outcomes: Sequence[Outcome]) -> None:
    """Write effects, outcomes and the acknowledged number together (P2)."""
    save_effects(unit, desk.kinds, desk.work, desk.at, evidence=desk.evidence.values(), numbers=desk.numbers)
    if settled is not None:
        unit.remember(settled)
        unit.save_install(msgspec.structs.replace(install, evidence_head=desk.evidence_head))
    for entry in _audit(desk, settled, outcomes):
        unit.audit(entry)


def _outbound(kinds: Kinds, writes: Sequence[Write], at: str) -> list[Outbound]:
    live = [write.after for write in writes if write.after.standing == "live"]  # a parked one may be of no known kind
    return [
        Outbound(kind=stored.kind, id=stored.id, version=stored.version, at=at)
        for stored in live
        if kinds[stored.kind].is_outbound
    ]


def _audit(desk: Desk, settled: Settled | None, outcomes: Sequence[Outcome]) -> list[AuditEntry]:
    stream, actor = f"install:{desk.actor.install_id}", desk.actor.staff_no
    entries = []
    if settled is not None:
        counts: dict[str, int] = {}
        for outcome in outcomes:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
        sealed = {"from_n": settled.first_n, "to_n": settled.last_n, "digest": digest_of_settled(settled)}
        detail = {**sealed, **counts}
        entries.append(AuditEntry(stream=stream, at=desk.at, actor=actor, action="push", detail=detail))
    for code, n in desk.alarms:
        entries.append(
            AuditEntry(stream=stream, at=desk.at, actor=actor, action="security", result=code.code, detail={"n": n})
        )
    return entries
