"""I8: no queue number twice, and every number accounted for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from backend.registry import KINDS
from sync.memory import Tables
from sync.store import NumberKey
from tests.simulation.invariants.ledger import fates
from tests.simulation.people import BRANCHES

if TYPE_CHECKING:
    from tests.simulation.world import World


def check_i8_handed_out_once(world: World) -> None:
    """I8: two customers hold one number only if a tablet's storage went back to before the first of them."""
    for key, names in world.ledger.handed_out.items():
        installs = {world.ledger.typed[name].install_id for name in names}
        is_excused = len(installs) == 1 and installs <= world.ledger.went_back
        assert len(names) == 1 or is_excused, f"I8: {key} was handed out to {names}"


def check_i8_leases_disjoint(tables: Tables) -> None:
    """I8: no two blocks of a line overlap, not even after a restore."""
    blocks: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for lease in tables.leases.values():
        blocks.setdefault((lease.branch, lease.series, lease.date), []).append((lease.lo, lease.hi))
    for line, found in blocks.items():
        found.sort()
        overlaps = [pair for pair in pairwise(found) if pair[0][1] >= pair[1][0]]
        assert overlaps == [], f"I8: blocks of {line} overlap: {overlaps}"


def check_i8_numbers_of_tickets(tables: Tables) -> None:
    """I8: the book of numbers is exactly what the tickets say."""
    users: dict[NumberKey, set[str]] = {}
    for key, stored in tables.records.items():
        if key.kind == "ticket" and stored.standing == "live":
            body = KINDS["ticket"].read(stored.body)
            number = NumberKey(
                body["branch_id"], body["series"], body["business_date"], body["overflow"] or "", body["number"]
            )
            users.setdefault(number, set()).add(key.id)
    booked = {key: set(ids) for key, ids in tables.numbers.items()}
    differ = [key for key in booked.keys() | users.keys() if booked.get(key) != users.get(key)]
    assert differ == [], f"I8: the book of numbers and the tickets disagree about {differ}"


def check_i8_all_accounted(world: World, tables: Tables) -> None:
    """I8: what the report cannot place is a number whose ticket is parked, lost with a tablet, or was made up."""
    settled, _ = fates(world, tables)
    typed = world.ledger.typed
    on_tickets = {name for names in world.ledger.handed_out.values() for name in names}
    for branch in BRANCHES:
        for date in sorted(world.days):
            report = world.server.engine.account_numbers(branch, date)
            for line in report.lines:
                classes = [line.issued, line.unused, line.missing, line.held, line.skipped]
                placed = sorted(number for numbers in classes for number in numbers)
                leased = [lease.hi for lease in tables.leases.values() if (lease.branch, lease.date) == (branch, date)]
                whole = [number for number in placed if number <= max(leased, default=0)]
                assert whole == list(range(1, max(leased, default=0) + 1)), f"I8: {branch} {date} is not whole"
                for number in line.missing:
                    names = world.ledger.handed_out.get(NumberKey(branch, line.series, date, "", number), [])
                    assert _may_be_missing(world, tables, names, settled), f"I8: number {number} of {date} is lost"
    assert on_tickets <= typed.keys()


def _may_be_missing(world: World, tables: Tables, names: list[str], settled: dict[str, int]) -> bool:
    """Say whether a number that was leased is on no ticket for a known reason."""
    if not names:  # taken from a block by a tablet whose storage is gone, or skipped because a ticket had it
        return bool(world.ledger.went_back or world.ledger.lost)
    typed = [world.ledger.typed[name] for name in names]
    records = [tables.records.get(("ticket", one.id)) for one in typed]  # type: ignore[call-overload]  # a Key
    is_parked = any(record is not None and record.standing == "parked" for record in records)
    waits = any(name in device.unsent() for device in world.devices for name in names)
    return is_parked or waits or all(name in world.ledger.lost for name in names) or not any(map(settled.get, names))
