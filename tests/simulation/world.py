"""A whole simulated bank from one seed: what happens at each step, to whom, and what is checked afterwards."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.registry import KINDS
from contracts.policy import Op
from sync.tablet.errors import OutboxOwned, TabletError
from tests.simulation import laws, office
from tests.simulation.clocks import Clock
from tests.simulation.deeds import AIMS, DEEDS, ON_ONE, SERIES, aim_at, log_visit
from tests.simulation.device import Device
from tests.simulation.invariants.whole import check_always, check_quiet
from tests.simulation.ledger import Ledger, Typed
from tests.simulation.people import LOBBY, PORTFOLIOS, staff
from tests.simulation.server import Backup, Server

STEPS_MIN, STEPS_MAX = 40, 80
DRAIN_ROUNDS_MAX = 12
BACKUP_AGE_MAX = timedelta(days=10)  # well within the journal of 14 days (P7)
SQL_EVERY = 10  # every so many seeds run on SQLite

Event = Callable[["World"], str | None]


class World:
    """One seed is one trace: `random` drives time, people, tablets, faults, even the ids."""

    def __init__(self, seed: int) -> None:
        self.seed, self.random = seed, Random(seed)
        self._ids = Random(-1 - seed)  # apart, so that a chance that begins anew never makes an id twice
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self.clock = Clock()
        self.ledger = Ledger()
        self.people = staff()
        key = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        is_sql = seed % SQL_EVERY == 0
        self.server = Server(self.clock, self.random, self.new_id, key, is_sql=is_sql)
        self.backups: list[Backup] = []
        self.days: set[str] = set()
        self.has_been_restored = False
        self.devices = [self._device(staff_no) for staff_no in self._holders()]
        office.open_bank(self)

    def new_id(self) -> str:
        """Return the next id."""
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def note(self, what: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.clock.now:%m-%d %H:%M:%S} {what}")

    def _holders(self) -> list[str]:
        others = self.random.sample(["L3", "F2", "B1"], self.random.randint(0, 2))
        return ["L1", "L2", "F1", *others]

    def _device(self, staff_no: str) -> Device:
        person = self.people[staff_no]
        if person.staff_no in ("F1", "B1", "F2"):
            person.assign(self.random.choice(PORTFOLIOS), "2025-03-01T00:00:00.000Z")
        return Device(self.server, person, self.random, self.ledger, self.counts)

    # --- a run

    def run(self) -> None:
        """Live, come to rest, and prove everything. Raises AssertionError with the invariant's number."""
        try:
            for device in self.devices:
                self.sync(device)
            for _ in range(self.random.randint(STEPS_MIN, STEPS_MAX)):
                self.step()
            self.drain()
            laws.check_i3_replays(self)
            self._count_causes()
        finally:
            self.server.close()

    def _count_causes(self) -> None:
        for key, stored in self.server.tables().records.items():
            if key.kind == "review":
                self.counts[f"cause {KINDS['review'].read(stored.body)['cause']}"] += 1

    def step(self) -> None:
        """Let one thing happen."""
        self.clock.pass_time(seconds=self.random.choice((0, 1, 20, 90, 600)))
        event: Event = self.random.choices(list(EVENTS), list(EVENTS.values()))[0]
        told = event(self)
        if told is not None:
            self.counts[f"event {event.__name__}"] += 1
            self.note(f"{event.__name__}: {told}")
        self.mend()
        if self.random.random() < (0.1 if self.server.is_sql else 0.4):
            check_always(self)

    def mend(self) -> None:
        """Restart the server if it crashed."""
        if self.server.steps.is_down:
            self.counts["fault server_crash"] += 1
            self.counts[f"crash {self.server.steps.crashed_at}"] += 1
            self.note(f"the server had crashed at {self.server.steps.crashed_at}")
            self.server.restart()
        self.server.steps.arm(None)

    def sync(self, device: Device, badness: float = 0.0) -> str:
        """Let a tablet sync, and say how that went."""
        if LOBBY in device.person.roles and not device.is_shut_out:
            self.days.add(self.clock.business_date)
            device.tablet.serve_line(device.person.org_id, SERIES, self.clock.business_date, want=4)
        told = f"{device.person.staff_no}/{device.install_id[:4]} {device.sync(badness)}"
        self.mend()
        return told

    def drain(self) -> None:
        """Let every tablet sync over a good line until nothing is new, then check everything."""
        for device in self.devices:
            device.line.arrive()
            device.reboot()  # purge orders that a late pull caused are heard with the next hello
        for _ in range(DRAIN_ROUNDS_MAX):
            before = [(device.watch.state_of(device.tablet), device.unsent()) for device in self.devices]
            for device in self.devices:
                self.note(f"drain: {self.sync(device)}")
            after = [(device.watch.state_of(device.tablet), device.unsent()) for device in self.devices]
            if before == after:
                break
        else:
            raise AssertionError("I7: the tablets never come to rest")
        check_quiet(self)

    def live_devices(self) -> list[Device]:
        """Return the tablets that are not shut out."""
        return [device for device in self.devices if not device.is_shut_out]


# --- what can happen in one step


def somebody_works(world: World) -> str | None:
    """Somebody does something on their tablet, line or no line."""
    return _work(world, world.random.choice(world.devices))


def _work(world: World, device: Device) -> str | None:
    deed = world.random.choices(list(DEEDS), list(DEEDS.values()))[0]
    try:
        told = deed(device)
    except TabletError as error:
        told = f"the tablet refused: {error!r}"
    return told and f"{device.person.staff_no} {deed.__name__} {told}"


def everybody_works(world: World) -> str | None:
    """Several people work on the same few records with no line between them."""
    several = world.random.sample(world.devices, 2)
    told = [_work(world, world.random.choice(several)) for _ in range(world.random.randint(4, 9))]
    return "; ".join(one for one in told if one) or None


def two_meet(world: World) -> str | None:
    """Two people work on one record at the same time, and neither sees the other."""
    found = _shared_record(world)
    if found is None:
        return None
    kind, id, (one, other, *_) = found
    told = []
    for device in (one, other, one):
        view = device.tablet.view(kind, id)
        if view is not None:
            told.append(world.random.choice(ON_ONE[kind])(device, view) or "")
    return "; ".join(told)


def _shared_record(world: World) -> tuple[str, str, list[Device]] | None:
    """Return a record that several tablets show, and these tablets."""
    kind = world.random.choice(sorted(ON_ONE))
    holders: dict[str, list[Device]] = {}
    for device in world.live_devices():
        for view in device.tablet.find(kind):
            holders.setdefault(view.id, []).append(device)
    shared = sorted(id for id, devices in holders.items() if len(devices) > 1)
    if not shared:
        return None
    id = world.random.choice(shared[-3:])
    return kind, id, world.random.sample(holders[id], len(holders[id]))


def somebody_syncs(world: World) -> str:
    """A tablet syncs over a good line."""
    return world.sync(world.random.choice(world.devices))


def everybody_syncs(world: World) -> str:
    """All tablets sync, one after the other."""
    return "; ".join(world.sync(device) for device in world.devices)


def the_line_is_bad(world: World) -> str:
    """A tablet syncs over a line on which calls and answers get lost, come twice or late."""
    return world.sync(world.random.choice(world.devices), badness=world.random.choice((0.2, 0.5, 0.8)))


def the_server_crashes(world: World) -> str:
    """The server dies between two writes, or right after a commit, while a tablet syncs."""
    if world.random.random() < 0.2:
        world.server.steps.arm_at("committed")
    else:
        world.server.steps.arm(world.random.randint(0, 14))
    told = world.sync(world.random.choice(world.devices))
    return told


def late_requests_arrive(world: World) -> str | None:
    """What was under way for long arrives after all."""
    device = world.random.choice(world.devices)
    device.line.arrive()
    return device.person.staff_no


def a_copy_is_kept(world: World) -> str:
    """A tablet's storage is copied."""
    device = world.random.choice(world.devices)
    device.remember()
    return device.person.staff_no


def a_tablet_goes_back(world: World) -> str | None:
    """A tablet crashes and comes up with an older copy of its storage."""
    device = world.random.choice(world.devices)
    if not device.snapshots or device.is_shut_out:
        return None
    device.go_back()
    world.counts["fault crash_back"] += 1
    return device.person.staff_no


def an_old_push_comes_again(world: World) -> str | None:
    """A request that was answered long ago arrives once more, whatever has become of the person since."""
    device = world.random.choice(world.live_devices())
    batches = [batch for install_id, batch in world.server.book.batches if install_id == device.install_id]
    if not batches:
        return None
    batch = world.random.choice(batches)
    device.line.serve_raw("push", msgspec.json.encode({"mutations": [msgspec.Raw(raw) for raw in batch]}))
    return f"{device.person.staff_no} {len(batch)} mutations"


def a_number_comes_back(world: World) -> str | None:
    """A cloned tablet pushes other work under a number that was used."""
    batches = world.server.book.batches
    device = world.random.choice(world.live_devices())
    own = [raw for install_id, batch in batches if install_id == device.install_id for raw in batch]
    if not own:
        return None
    body = msgspec.json.decode(world.random.choice(own))
    name = world.ledger.next_name()
    world.ledger.note(name, Typed(device.install_id, body["kind"], body["id"], Op(body["op"])))
    raw = msgspec.json.encode({"mutations": [body | {"reason": name}]})
    world.ledger.lost.add(name)  # a restore may undo the review, and nobody else has it
    is_problem, answer = device.line.serve_raw("push", raw)
    assert is_problem or b"mutation_reused" in answer, f"I3: n={body['n']} was taken twice"
    return f"{device.person.staff_no} n={body['n']} {name}"


def a_clone_works(world: World) -> str | None:
    """A copy of a tablet's storage comes alive beside the tablet, logs a visit and hands it in."""
    device = world.random.choice(world.live_devices())
    if not device.snapshots or world.has_been_restored:
        return None
    clone = device.clone()
    # A server that goes back as well would take the clone's work for the tablet's: two disasters at once are one
    # too many (docs: revoke a cloned tablet).
    world.backups = []
    told = log_visit(clone)
    synced = clone.sync()
    world.ledger.lost |= clone.journal()
    world.counts["fault clone"] += 1
    clone.tablet.close()
    return f"of {device.person.staff_no}: {told}, {synced}"


def a_tablet_is_reinstalled(world: World) -> str | None:
    """A tablet is wiped and enrolled again."""
    device = world.random.choice(world.devices)
    if device.person.is_revoked:
        return None
    world.counts["fault reinstall"] += 1
    device.is_revoked = False
    device.reinstall()
    return f"{device.person.staff_no} is now {device.install_id}"


def a_tablet_reboots(world: World) -> str:
    """A tablet is switched off and on."""
    device = world.random.choice(world.devices)
    device.reboot()
    world.counts["fault boot_change"] += 1
    return device.person.staff_no


def a_clock_jumps(world: World) -> str:
    """Somebody sets a tablet's clock."""
    device = world.random.choice(world.devices)
    device.clock.jump()
    world.counts["fault clock_jump"] += 1
    return f"{device.person.staff_no} by {device.clock.offset}"


def a_tablet_changes_hands(world: World) -> str | None:
    """Another person signs in on a tablet."""
    device = world.random.choice(world.devices)
    other = world.people[world.random.choice(("L1", "L2", "B1", "F1"))]
    if other.is_revoked or device.is_shut_out or device.person is other:
        return None
    try:
        device.tablet.switch_person(other.staff_no)
    except OutboxOwned:
        return None
    before, device.person = device.person, other
    world.counts["fault person_switch"] += 1
    return f"{before.staff_no} -> {other.staff_no}"


def time_passes(world: World) -> str:
    """Hours go by, or days."""
    hours = world.random.choice((1, 5, 20, 30, 24 * 8))
    world.clock.pass_time(hours=hours)
    world.counts["fault days_pass"] += hours >= 24
    return f"{hours} h"


def a_backup_is_made(world: World) -> str | None:
    """The operator makes a backup."""
    if world.counts["fault clone"]:
        return None
    world.backups = [*world.backups[-2:], world.server.backup()]
    return "done"


def a_backup_is_restored(world: World) -> str | None:
    """The operator restores one that is not too old."""
    young = [backup for backup in world.backups if world.clock.now - backup.at < BACKUP_AGE_MAX]
    if not young:
        return None
    backup = world.random.choice(young)
    for device in world.devices:
        device.line.hang_up()
    world.server.restore(backup)
    world.has_been_restored = True
    world.counts["fault restore"] += 1
    return f"of {backup.at:%m-%d %H:%M:%S}"


def rows_are_dropped(world: World) -> str | None:
    """The timed job compacts the feeds; nobody must notice."""
    if world.random.random() < 0.5:
        world.clock.pass_time(hours=50)
    dropped = laws.compact(world)
    world.counts["fault compaction"] += dropped > 0
    return f"{dropped} rows"


def everything_meets(world: World) -> str | None:
    """Several people want the same of one record; what the tablets owe is pushed in every order (I10, I11)."""
    found = _shared_record(world)
    if found is not None:
        kind, id, devices = found
        aim = world.random.choice(AIMS[kind])
        for device in devices[:3]:
            view = device.tablet.view(kind, id)
            assert view is not None, "a record that was found is there"
            aim_at(device, view, aim)
    return laws.check_orders(world)


EVENTS: dict[Event, float] = {
    somebody_works: 16, everybody_works: 20, two_meet: 10, somebody_syncs: 12, everybody_syncs: 6, the_line_is_bad: 16,
    the_server_crashes: 6,
    late_requests_arrive: 2, a_copy_is_kept: 9, a_tablet_goes_back: 4, a_number_comes_back: 2,
    an_old_push_comes_again: 4, a_clone_works: 2, a_tablet_is_reinstalled: 1,
    a_tablet_reboots: 2, a_clock_jumps: 2, a_tablet_changes_hands: 1, time_passes: 3,
    a_backup_is_made: 2, a_backup_is_restored: 1, rows_are_dropped: 4, everything_meets: 4,
    office.the_crm_writes: 6, office.a_portfolio_moves: 3, office.somebody_is_transferred: 0.5,
    office.something_is_revoked: 1, office.a_supervisor_decides: 10, office.the_day_ends: 1,
}  # fmt: skip
