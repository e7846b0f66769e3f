"""The proof of the month: every visit accounted for, counted again from all facts, and exported as evidence."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.app import House
from backend.demo.day.crew import Desk, Worker
from backend.demo.day.proof import (
    Finding,
    account_mutations,
    compare_digests,
    verify_chains,
    verify_log,
    verify_receipts,
)
from backend.demo.month.rounds import Rounds
from backend.demo.month.stories import MONTH
from backend.demo.month.telling import graded, list_pages
from backend.domain.compliance.jobs.closing import bank_day
from backend.domain.compliance.jobs.judging import Court
from backend.domain.compliance.queries.facts import page_customers
from backend.domain.handoffs.duty import SOURCES
from backend.domain.handoffs.visits import GRADE, Grader, thresholds_of
from backend.domain.orgs.queries import list_orgs
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.visit_grade import VisitGrade
from sync.proof import EVIDENCE, fingerprint
from sync.proving import Broken, Proven, verify_export
from sync.signing import write_public_jwk
from sync.store import Key

MONTHS = (MONTH, "2026-11")  # what was handed in late stands in the evidence of the month in which it arrived
ALL = 100_000

_read = msgspec.json.Decoder(VisitGrade).decode


class Export(Struct, frozen=True):
    """How an export is read, and where it lies meanwhile."""

    read: Callable[[Path], Mapping[str, bytes]]
    folder: Path


class MonthProof(Struct, frozen=True, kw_only=True):
    """What was proven of the month, with what was counted on the way."""

    findings: Sequence[Finding]
    made: int
    graded: int
    grades: dict[str, int]
    is_recount_equal: bool
    is_evidence_whole: bool


def prove_month(
    house: House, desks: Mapping[str, Desk], managers: Mapping[str, Rounds], owing: Collection[str], export: Export
) -> MonthProof:  # fmt: skip
    """Return what can be proven of the month after its end."""
    workers = [manager.worker for manager in managers.values()]
    grades = [body for _, _, body in graded(managers.values())]
    made = sum(manager.made for manager in managers.values())
    recount, evidence = recount_month(house), prove_evidence(house, desks["U35"], made, export)
    findings = [
        account_visits(desks["S35"], managers, owing), recount, evidence, find_flipped_bit(house, desks["U35"], export),
        compare_digests(house, workers), _account(house, workers), verify_chains(house, workers), verify_log(house),
        verify_receipts(house, workers),
    ]  # fmt: skip
    return MonthProof(
        findings=findings, made=made, graded=len(grades), grades=dict(Counter(body["grade"] for body in grades)),
        is_recount_equal=recount.is_proven, is_evidence_whole=evidence.is_proven,
    )  # fmt: skip


def account_visits(desk: Desk, managers: Mapping[str, Rounds], owing: Collection[str]) -> Finding:
    """Find every visit that was made once: with its verdict at a duty, or at a customer of whom nothing is due.

    `owing`: the customers who owed more than the threshold; no other and none less has a duty.
    """
    duties = list_pages(desk, f"/compliance/months/{MONTH}/obligations")
    verdicts = {visit["visit_id"]: visit["verdict"] for duty in duties for visit in duty["visits"]}
    obliged = {duty["customer_id"] for duty in duties}
    found = list(graded(managers.values()))
    beside = [id for _, id, body in found if id not in verdicts and body["customer_id"] not in obliged]
    made = sum(manager.made for manager in managers.values())
    moved = [id for one, id, body in found if body["local_date"] != one.days[id].isoformat()]
    counts = Counter(verdicts.values())
    parts = " + ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    is_whole = made == len(found) == len(verdicts) + len(beside) and not moved and obliged == set(owing)
    told = (
        f"{made} made, {len(found)} graded, {len(moved)} on another day than they were made = {parts} "
        f"+ {len(beside)} where nothing is due; {len(obliged)} duties for {len(owing)} who owe enough"
    )
    return Finding("every visit is accounted for", is_whole, told)


def recount_month(house: House) -> Finding:
    """Judge all visits and all duties again from all facts at once, and compare with what the order of arrival left."""
    visits, duties, other = house.store.write(lambda unit: _recount(house, unit))
    told = f"{visits} grades and {duties} duties judged from all facts at once; {len(other)} differ {other or ''}"
    return Finding("the order of arrival changed nothing", not other and visits > 0 and duties > 0, told.rstrip())


def _recount(house: House, unit: SqlUnit) -> tuple[int, int, list[str]]:
    """Return how many visits and duties were judged, and which differ; nothing is written."""
    ids = list_visits(unit)
    grader = Grader(limits=thresholds_of(house.settings))
    stored = unit.records([Key(GRADE, id) for id in ids])
    puts = grader.regrade(unit, ids)
    other = [put.id for put in puts if _judged(put.body) != _read(stored[Key(GRADE, put.id)].body)]
    customers = [customer_id for _, customer_id in page_customers(unit.connection, ("", ""), ALL)]
    judged = Court(unit.connection, SOURCES, bank_day(house.engine.clock()), [MONTH]).judge(customers)
    return len(puts), len(judged.kept), other + ["~".join(change.either.key) for change in judged.changes]


def _judged(body: Body | None) -> VisitGrade:
    return msgspec.convert(body, VisitGrade)


def list_visits(unit: SqlUnit) -> list[str]:
    """Return the ids of all visits."""
    rows = unit.connection.exec_driver_sql("SELECT id FROM visit ORDER BY id")
    return [id for (id,) in rows]


def prove_evidence(house: House, desk: Desk, made: int, export: Export) -> Finding:
    """Export each branch's evidence of both months, and check it as `padsync verify-evidence` does."""
    proven, notes = [], list[str]()
    try:
        for org_id, month in _branches(house):
            proven.append(_verify(house, _export(desk, org_id, month, export)))
            notes += proven[-1].notes
    except Broken as broken:
        return Finding("evidence verifies offline", False, f"BROKEN {broken}")
    entries, roots = sum(one.entries for one in proven), sum(one.roots for one in proven)
    told = f"{len(proven)} exports: {entries} visits, {roots} daily roots, {sum(one.grades for one in proven)} grades"
    return Finding("evidence verifies offline", entries == made, f"{told} whole {notes or ''}".rstrip())


def find_flipped_bit(house: House, desk: Desk, export: Export) -> Finding:
    """Flip one bit of one exported visit, and see it found."""
    org_id, month = next(_branches(house))
    files = dict(_export(desk, org_id, month, export))
    spoilt = bytearray(files[EVIDENCE])
    spoilt[len(spoilt) // 2] ^= 1
    try:
        _verify(house, files | {EVIDENCE: bytes(spoilt)})
    except Broken as broken:
        return Finding("one flipped bit is found", True, str(broken))
    return Finding("one flipped bit is found", False, "nobody noticed")


def _verify(house: House, files: Mapping[str, bytes]) -> Proven:
    trusted = fingerprint(msgspec.json.decode(write_public_jwk(house.engine.server_key.public_key())))
    return verify_export(files, trusted)


def _export(desk: Desk, org_id: str, month: str, export: Export) -> Mapping[str, bytes]:
    file = export.folder / f"evidence-{org_id}-{month}.zip"
    file.write_bytes(desk.fetch(f"/visits/evidence/{org_id}/{month}"))
    return export.read(file)


def _branches(house: House) -> Iterator[tuple[str, str]]:
    orgs = house.store.read(lambda look: [org.org_id for org in list_orgs(look.connection) if org.level == "branch"])
    return ((org_id, month) for month in MONTHS for org_id in orgs)


def _account(house: House, workers: Sequence[Worker]) -> Finding:
    accounts = account_mutations(house, workers)
    parts = " + ".join(f"{count} {name}" for name, count in accounts.statuses.items())
    told = f"{accounts.made} made, {accounts.accounted} settled = {parts}"
    return Finding("every mutation is accounted for", accounts.is_whole, told)
