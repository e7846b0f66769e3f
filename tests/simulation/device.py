"""A simulated tablet: the reference tablet, the person who holds it, and all that can happen to the thing itself."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.policy import Op
from sync.kind import Actor
from sync.signing import PrivateKey, write_public_jwk
from sync.tablet.clock import Clock as TabletClock
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.mutations import Intent
from sync.tablet.overlay import View
from sync.tablet.patience import Patience
from sync.tablet.session import Report
from sync.tablet.tablet import CONTRACT, Made, Surroundings, Tablet
from tests.simulation.clocks import DeviceClock
from tests.simulation.invariants.session import SessionWatch
from tests.simulation.ledger import Ledger, Typed
from tests.simulation.line import Line
from tests.simulation.people import Person
from tests.simulation.server import Server, name_of
from tests.support.wire import Revoked


class Device:
    """One tablet in one person's hands."""

    def __init__(self, server: Server, person: Person, random: Random, ledger: Ledger, counts: Counter[str]) -> None:
        self.server, self.person, self.random, self.ledger, self.counts = server, person, random, ledger, counts
        self.clock = DeviceClock(server.clock, random)
        self.snapshots: list[bytes] = []
        self.is_revoked = False
        self.badness = 0.0
        self._enrol()

    # --- its life

    def _enrol(self) -> None:
        self.install_id = self.server.new_id()
        self.key: PrivateKey = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.server.enrol(self.install_id, write_public_jwk(self.key.public_key()))
        self.line = self._line()
        self.tablet = Tablet.open(None, self.install_id, self.person.staff_no, self.line, self._surroundings())
        self.watch = SessionWatch()

    def _line(self) -> Line:
        install_id = self.install_id
        return Line(self.server, install_id, lambda: self._who(install_id), self.clock, self.random, self.counts)

    def _surroundings(self) -> Surroundings:
        clock: TabletClock = self.clock
        patience = Patience(lambda _s: None, self.random, attempts_max=1)
        return Surroundings(self.key, clock, self.random, patience)

    def _who(self, install_id: str) -> Actor:
        if self.is_shut_out:
            raise Revoked(self.server.engine.order_purge(install_id))
        return self.person.actor(install_id)

    def remember(self) -> None:
        """Keep a copy of the tablet's storage."""
        self.snapshots = [*self.snapshots[-3:], self.tablet.snapshot()]

    def go_back(self) -> None:
        """Lose what was written since an earlier copy, as after a crash with a damaged file."""
        self._reopen(self.random.choice(self.snapshots))
        self.ledger.went_back.add(self.install_id)
        self.watch = SessionWatch()

    def clone(self) -> "Device":
        """Return a device with the same identity that came alive from an earlier copy."""
        other = copy(self)
        other.line = self._line()
        snapshot = self.random.choice(self.snapshots)
        other.tablet = Tablet.from_snapshot(snapshot, other.line, self._surroundings())
        other.watch = SessionWatch()
        self.ledger.went_back.add(self.install_id)
        self.ledger.cloned |= other.unsent()
        return other

    def reboot(self) -> None:
        """Switch off and on; nothing is lost."""
        self.clock.reboot()
        self._reopen(self.tablet.snapshot())

    def reinstall(self) -> None:
        """Wipe the tablet and enrol it anew; what it still had is lost with it."""
        self.ledger.lost |= self.journal()
        self.tablet.close()
        old, self.snapshots = self.line, []
        self._enrol()
        if self.random.random() < 0.5:
            old.arrive()

    def _reopen(self, snapshot: bytes) -> None:
        before = self.journal()
        old = self.line
        self.tablet.close()
        self.line = self._line()
        old.pass_on(self.line)
        self.tablet = Tablet.from_snapshot(snapshot, self.line, self._surroundings())
        self.ledger.lost |= before - self.journal()

    def journal(self) -> set[str]:
        """Return the names of all mutations that are in this tablet's storage."""
        return {name_of(wire.encode()) for _, wire, _ in self.mutations()}

    def unsent(self) -> set[str]:
        """Return the names of those without an outcome."""
        return {name_of(wire.encode()) for _, wire, outcome in self.mutations() if outcome is None}

    def kept(self) -> set[str]:
        """Return the names of what only this tablet may have: unsent, or typed in vain before it was shut out."""
        return self.journal() if self.is_shut_out else self.unsent()

    def mutations(self) -> list[tuple[int, str, str | None]]:
        """Return number, wire text and outcome of everything in the journal."""
        found: list[tuple[int, str, str | None]] = self.database.execute(
            "SELECT n, wire, outcome FROM mutation ORDER BY n"
        ).fetchall()
        return found

    @property
    def database(self) -> Any:
        """The tablet's own file, to look at."""
        return self.tablet._parts.database

    @property
    def is_shut_out(self) -> bool:
        """Say whether the install or its person was revoked."""
        return self.is_revoked or self.person.is_revoked

    # --- what the person does

    @contextmanager
    def typing(self, kind: str, op: Op) -> Iterator[str]:
        """Name what is typed next; `made` notes it."""
        self._now = (kind, op)
        yield self.ledger.next_name()

    def made(self, name: str, made: Made) -> str:
        """Note a mutation in the ledger and return what the trace says of it."""
        kind, op = self._now
        self.ledger.note(name, Typed(self.install_id, kind, made.id, op))
        return f"{name} n={made.n} {kind} {made.id[-6:]} {op.value}"

    def type_raw(self, kind: str, id: str, op: Op, set: dict[str, Any]) -> str:
        """Put something into the outbox that a sound app would never write."""
        self.watch.forget_written(kind, id)
        with self.typing(kind, op) as name:
            intent = Intent(kind=kind, id=id, op=op, set=set, reason=name, made_at=self.clock.read())
            with self.database.transaction():
                is_evidence = kind in CONTRACT and CONTRACT[kind].is_evidence and op is Op.APPEND
                n = self.tablet._parts.put(intent, self.tablet.staff_no, is_evidence=is_evidence)
            return self.made(name, Made(n, id))

    def name_newest(self, name: str, view: View) -> None:
        """Give the mutation that was just made a name, before anybody else sees it."""
        n, wire = self.database.execute("SELECT n, wire FROM mutation ORDER BY n DESC LIMIT 1").fetchone()
        named = msgspec.json.encode(msgspec.json.decode(wire) | {"reason": name}).decode()
        self.database.execute("UPDATE mutation SET wire = ? WHERE n = ?", (named, n))
        self.ledger.note(name, Typed(self.install_id, view.kind, view.id, Op.CREATE))

    def patch(self, view: View, set: dict[str, Any]) -> str:
        """Change fields of a record that the tablet shows."""
        with self.typing(view.kind, Op.PATCH) as name:
            told = self.made(name, self.tablet.patch(view.kind, view.id, set, reason=name))
        self.watch.note_written(self.tablet, view.kind, view.id, set)
        return f"{told} {set}"

    def sync(self, badness: float = 0.0) -> str:
        """Sync over a line of this badness; what goes wrong is told, and the tablet is checked either way."""
        self.line.badness = badness
        before = self.watch.state_of(self.tablet)
        names = self.journal() if self.is_shut_out else set()
        went_well = False
        try:
            report = self.tablet.sync()
        except (LineFailed, Refused) as error:
            told = f"failed: {error}"
        else:
            told, went_well = _tell(report), True
        self.ledger.lost |= names - self.journal() if names else set()
        self.watch.check(self.tablet, before, went_well=went_well)
        return told


def _tell(report: Report) -> str:
    told = msgspec.to_builtins(report)
    return " ".join(f"{name}={value}" for name, value in told.items() if value) or "nothing new"
