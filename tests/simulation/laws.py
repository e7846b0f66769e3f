"""Laws that need a second world to compare with: replays (I3), every order (I10, I11), compaction (I12)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Raw

from backend.registry import KINDS
from contracts.policy import Merge
from contracts.pull import PullRequest, PullResponse
from contracts.push import Mutation, Outcome, PushRequest
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.memory import MemoryStore, Tables
from sync.merge import get_path
from sync.store import Key
from tests.simulation.device import Device
from tests.simulation.server import SECRET

if TYPE_CHECKING:
    from tests.simulation.world import World

COMMUTES = (Merge.MAX, Merge.MIN, Merge.UNION)


def copy_of(world: World, tables: Tables) -> Engine:
    """Return an engine on a copy of the server's memory; what happens there stays there."""
    store = MemoryStore(epoch=tables.epochs[-1])
    store.tables = tables.fork()
    ids = Random(1)
    return Engine(
        store, KINDS, clock=lambda: world.clock.now, new_id=lambda: str(ids.random()), secret=SECRET,
        server_key=world.server.key,
    )  # fmt: skip


# --- I3


def check_i3_replays(world: World) -> None:
    """I3: batches that were settled, sent again in any order and any part, change nothing."""
    random = world.random
    before = _fingerprint(world.server.tables())
    batches = [batch for batch in world.server.book.batches if _may_push(world, batch[0])]
    for install_id, mutations in random.sample(batches, min(len(batches), 16)):
        first, last = sorted(random.choices(range(len(mutations) + 1), k=2))
        part = mutations[first:last]
        random.shuffle(part)
        device = next(device for device in world.devices if device.install_id == install_id)
        request = PushRequest(epoch=None, mutations=[Raw(raw) for raw in part])
        is_problem, answer = device.line.serve_raw("push", msgspec.json.encode(request))
        assert not is_problem, f"I3: a replay was refused: {answer!r}"
    assert _fingerprint(world.server.tables()) == before, "I3: a replay changed something"


def _may_push(world: World, install_id: str) -> bool:
    return any(device.install_id == install_id and not device.is_shut_out for device in world.devices)


def _fingerprint(tables: Tables) -> Any:
    return (
        tables.records, tables.buckets, {name: dict(rows) for name, rows in tables.rows.items()}, tables.remembered,
        tables.evidence, tables.numbers, len(tables.outbox), tables.installs,
        {stream: len(chain) for stream, chain in tables.audit.items()},
    )  # fmt: skip


# --- I10, I11


class Owed(NamedTuple):
    """What one tablet would push next."""

    device: Device
    mutations: list[Mutation]
    wires: list[str]


class Ending(NamedTuple):
    """How one order of arrival ended."""

    bodies: dict[Key, Any]  # None: not live
    refused: set[Key]  # records with a conflict or a parked mutation


def check_orders(world: World) -> str | None:
    """Push what the tablets owe in every order, each on a copy of the server, and compare the endings."""
    if world.server.is_sql:
        return None
    tables = world.server.tables()
    owed = [one for device in world.live_devices() if (one := _owed(device, tables)) is not None][:3]
    if len(owed) < 2:
        return None
    endings = [_end(world, tables, order) for order in permutations(owed)]
    shared = _shared(owed)
    for key in shared:
        check_i10_states(key, endings)
        stored = tables.records.get(key)
        if stored is not None and stored.standing == "live":
            check_i11_merges(key, endings, owed, KINDS[key.kind].read(stored.body))
    world.counts["law orders"] += bool(shared)
    return f"{len(endings)} orders of {sum(len(one.wires) for one in owed)} mutations, {len(shared)} shared records"


def check_i10_states(key: Key, endings: Sequence[Ending]) -> None:
    """I10: all orders that refuse nothing end in the same state; any other has recorded a conflict."""
    life = KINDS[key.kind].life
    if life is None:
        return
    clean = [ending.bodies[key] for ending in endings if key not in ending.refused]
    states = {body[life.field] if body else None for body in clean}
    assert len(states) <= 1, f"I10: {key} ends as {states}, and no conflict is recorded"


def check_i11_merges(key: Key, endings: Sequence[Ending], owed: Sequence[Owed], now: Any) -> None:
    """I11: from one common base, max, min and union give one result in every order."""
    bodies = [ending.bodies[key] for ending in endings]
    if None in bodies or any(key in ending.refused for ending in endings):
        return
    touches = [path for one in owed for it in one.mutations if (it.kind, it.id) == key for path in it.set]
    for path in sorted({path for path in touches if _is_concurrent(key, path, owed, now)}):
        values = [get_path(body, path) for body in bodies]
        comparable = [sorted(value) if isinstance(value, list) else value for value in values]
        if KINDS[key.kind].policy(path) in COMMUTES:
            assert all(value == comparable[0] for value in comparable), f"I11: {key} {path} ends as {values}"


def _is_concurrent(key: Key, path: str, owed: Sequence[Owed], now: Any) -> bool:
    """Say whether each tablet touches the field at most once, and all of them saw the value that is there."""
    touches = [[it for it in one.mutations if (it.kind, it.id) == key and path in it.set] for one in owed]
    default = KINDS[key.kind].defaults.get(path)
    seen = {str(it.base.get(path) or default) for some in touches for it in some}
    return max(map(len, touches)) == 1 and seen == {str(get_path(now, path) or default)}


def _owed(device: Device, tables: Tables) -> Owed | None:
    """Return what a tablet would push next, unless it would not be taken as it is."""
    rows = device.database.execute("SELECT n, wire FROM mutation WHERE outcome IS NULL ORDER BY n LIMIT 40").fetchall()
    if not rows or rows[0][0] != tables.installs[device.install_id].ack_n + 1:
        return None
    wires = [wire for _, wire in rows]
    return Owed(device, [msgspec.json.decode(wire, type=Mutation) for wire in wires], wires)


def _shared(owed: Sequence[Owed]) -> list[Key]:
    touched = [{Key(it.kind, it.id) for it in one.mutations if it.kind in KINDS} for one in owed]
    return sorted({key for at, keys in enumerate(touched) for other in touched[at + 1 :] for key in keys & other})


def _end(world: World, tables: Tables, order: Sequence[Owed]) -> Ending:
    engine = copy_of(world, tables)
    outcomes: list[tuple[Mutation, Outcome]] = []
    for one in order:
        request = PushRequest(mutations=[Raw(wire.encode()) for wire in one.wires])
        actor = one.device.person.actor(one.device.install_id)
        response = engine.push(request, actor, DeviceClock())
        outcomes += zip(one.mutations, response.outcomes, strict=True)
    refused = {Key(it.kind, it.id) for it, outcome in outcomes if outcome.status in ("conflict", "parked")}
    keys = _shared(order)
    stored = engine.store.read(lambda look: look.records(keys))
    bodies = {
        key: KINDS[key.kind].read(stored[key].body) if key in stored and stored[key].standing == "live" else None
        for key in keys
    }
    return Ending(bodies, refused)


# --- I12


def compact(world: World) -> int:
    """Compact the server; on a copy, compare what every tablet would pull before and after."""
    if world.server.is_sql:
        return world.server.engine.compact().rows
    tables = world.server.tables()
    devices = world.live_devices()
    before = [_pull_all(copy_of(world, tables), device) for device in devices]
    report = world.server.engine.compact()
    after = [_pull_all(copy_of(world, world.server.tables()), device) for device in devices]
    for device, old, new in zip(devices, before, after, strict=True):
        check_i12(device, old, new, world.server.tables())
    return report.rows


def check_i12(device: Device, before: PullResponse, after: PullResponse, tables: Tables) -> None:
    """I12: a bucket reads as before, or it is a reset that holds exactly what is live; never a silent difference."""
    fresh = set(after.reset) - set(before.reset)
    for bucket in device.person.actor(device.install_id).buckets:
        old = [change for change in before.changes if change.b == bucket]
        new = [change for change in after.changes if change.b == bucket]
        if bucket in after.reset:
            live = {key.id for key, row in tables.rows.get(bucket, {}).items() if row.x is None}
            assert {change.id for change in new if change.x is None} == live, f"I12: the reset of {bucket} is not whole"
        else:
            assert new == old, f"I12: {bucket} reads differently after a compaction"
    assert fresh <= {name for name, state in tables.buckets.items() if state.floor}, "I12: a reset without a floor"


def _pull_all(engine: Engine, device: Device) -> PullResponse:
    (cursor,) = device.database.execute("SELECT cursor FROM install").fetchone()
    return engine.pull(PullRequest(cursor=cursor, limit=10_000), device.person.actor(device.install_id))
