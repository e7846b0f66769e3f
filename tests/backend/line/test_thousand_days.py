"""A thousand days of one branch: no number twice and none missing, whatever breaks (I8)."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Raw
from sqlalchemy import event, update

from backend.app import PROJECTIONS
from backend.auth.partners import Partner
from backend.demo.queue_machine import LineDown, QueueMachine
from backend.domain.devices.rules import letter_of
from backend.domain.handoffs.counters import end_earlier_tickets
from backend.domain.tickets.queries import find_number_day
from backend.line.ending import end_days
from backend.line.machine import Machines
from backend.registry import KINDS
from backend.storage.backup import start_epoch
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from backend.storage.tables import epoch
from contracts.leases import LeaseRequest, LeaseReturn
from contracts.machine import BlockRequest, MachineRequest
from contracts.push import PushRequest
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.kind import Actor
from sync.leases import LineReport
from sync.moments import write_moment
from sync.signing import new_key, write_public_jwk
from sync.store import Install

DAYS, BRANCHES = 250, 4  # a thousand days, of branches that know nothing of each other
BRANCH, SERIES = "3501", "A"
RESTORED_EVERY_D = 100
GAP = 1_000
HOURS = (9, 11, 14, 17)
KEY = write_public_jwk(new_key().public_key())

Paper = tuple[str, int]  # an install's letter, or none, and the number on the customer's paper


class Server:
    """The server's parts on one file, a clock that is told the time, and backups that are copies of the file."""

    def __init__(self, file, random):
        self.file, self.random = file, random
        self.now = datetime(2023, 1, 2, tzinfo=UTC)
        self.installs, self.machine_install = 0, ""
        self.open()

    def open(self):
        engine = make_engine(f"sqlite:///{self.file}")
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))  # a disk is not the point
        self.store = SqlStore(engine, PROJECTIONS, reactions=Reactions(KINDS, {"ticket": [end_earlier_tickets]}))
        self.engine = Engine(
            self.store, KINDS, clock=lambda: self.now, new_id=self.new_id, secret=b"s", server_key=new_key()
        )  # fmt: skip
        self.machines = Machines(self.engine, self.store, behind=3)

    def new_id(self):
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def enrol(self):
        install = Install(install_id=self.new_id(), letter=letter_of(self.installs), public_key=KEY)
        self.installs += 1
        self.store.write(lambda unit: unit.save_install(install))
        return install

    def backup(self):
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(f"{self.file}.bak")) as copy:
            source.backup(copy)

    def restore(self):
        """Become what the backup was, as the restore command does, but by this clock's day."""
        self.store.close()
        with closing(sqlite3.connect(f"{self.file}.bak")) as source, closing(sqlite3.connect(self.file)) as target:
            source.backup(target)
        self.open()
        with self.store.engine.begin() as connection:
            began = start_epoch(connection, GAP)
            connection.execute(
                update(epoch).where(epoch.c.epoch == began).values(gap_until=self.now.date().isoformat())
            )

    def request(self, method, path, headers, json):
        """Answer a machine as the door does, with no HTTP between."""
        call, said = path.removeprefix("/api/v1/machine/"), msgspec.json.encode(json)
        partner = Partner(partner_id=headers["Authorization"][-14:], sort="machine", org_id=BRANCH, name="",
                          install_id=self.machine_install)  # fmt: skip
        if call == "messages":
            answer: Any = self.machines.take(partner, msgspec.json.decode(said, type=MachineRequest))
        elif method == "POST":
            answer = self.machines.lease(partner, msgspec.json.decode(said, type=BlockRequest))
        else:
            answer = None
            self.machines.give_back(
                partner, call.partition("/")[2], msgspec.json.decode(said, type=LeaseReturn)
            )  # fmt: skip
        told = msgspec.json.decode(msgspec.json.encode(answer))
        return SimpleNamespace(status_code=200, json=lambda: told)


class Pad:
    """A tablet as plain as can be: a journal that it sends from where the server wants it, and blocks of numbers."""

    def __init__(self, server, random):
        self.server, self.random = server, random
        self.install = server.enrol()
        self.is_online = True
        self.journal: list[bytes] = []
        self.acked = 0
        self.blocks: list[Any] = []  # [lease, next number]
        self.tokens: list[str] = []
        self.beyond = 0
        self.wanted: str | None = None
        self.epoch = server.engine.hello(self.install.install_id).epoch
        self.printed: list[tuple[int, Paper]] = []  # where in the journal, and what is on the paper

    @property
    def actor(self):
        buckets = frozenset({f"branch:{BRANCH}", f"install:{self.install.install_id}"})
        return Actor(install_id=self.install.install_id, staff_no="s-1", org_id=BRANCH,
                     roles=frozenset({"lobby_manager"}), buckets=buckets)  # fmt: skip

    def call(self, ask, *args):
        """Ask the server; the answer may get lost on its way."""
        if not self.is_online:
            raise LineDown
        answer = ask(*args)
        if self.random.random() < 0.1:
            raise LineDown
        return answer

    def say(self, op, id, said):
        n = len(self.journal) + 1
        made_at = {"wall": write_moment(self.server.now), "boot": "", "mono_ms": 0}
        mutation = {"n": n, "kind": "ticket", "id": id, "op": op, "set": said, "made_at": made_at}
        self.journal.append(msgspec.json.encode(mutation))
        return n

    def issue(self, date):
        """Hand out the next number: from a block, else of the own series."""
        block = next((one for one in self.blocks if one[0].business_date == date and one[1] <= one[0].hi), None)
        if block is None:
            self.beyond += 1
            paper = (self.install.letter, self.beyond)
        else:
            paper = ("", block[1])
            block[1] += 1
        said = {"branch_id": BRANCH, "series": SERIES, "business_date": date, "number": paper[1],
                "issued_at": write_moment(self.server.now)} | ({"overflow": paper[0]} if paper[0] else {})  # fmt: skip
        id = self.server.new_id()
        self.printed.append((self.say("create", id, said), paper))
        if self.random.random() < 0.7:
            self.say("transition", id, {"to": "called", "facts": {"counter": self.install.letter}})

    def sync(self, date):
        """Tell a new incarnation of the server which blocks are here, hand in what it lacks, refill."""
        engine = self.server.engine
        now = self.call(engine.hello, self.install.install_id).epoch
        if now != self.epoch:
            self.lease(date, want=1)
            self.acked = max(0, self.acked - 1)  # a restored server says from where on it knows nothing
            self.epoch = now
        while self.acked < len(self.journal):
            request = PushRequest(mutations=[Raw(one) for one in self.journal[self.acked : self.acked + 50]])
            said = self.call(engine.push, request, self.actor, DeviceClock())
            self.acked = said.ack_n if said.expected_n is None else said.expected_n - 1
        if sum(lease.hi - next + 1 for lease, next in self.blocks if lease.business_date == date) < 3:
            self.lease(date, want=self.random.choice([4, 8]))

    def lease(self, date, want):
        self.wanted = self.wanted or self.server.new_id()
        asked = LeaseRequest(branch=BRANCH, series=SERIES, business_date=date, want=want, request_id=self.wanted,
                             held=self.tokens[-50:])  # fmt: skip
        lease = self.call(self.server.engine.acquire_lease, asked, self.actor)
        self.wanted = None
        self.tokens.append(lease.token)
        self.blocks.append([lease, lease.lo])

    def end_day(self, date):
        for block in [one for one in self.blocks if one[0].business_date == date]:
            unused = LeaseReturn(unused=list(range(block[1], block[0].hi + 1)))
            self.call(self.server.engine.return_lease, block[0].lease_id, unused, self.actor)
            self.blocks.remove(block)

    @property
    def owed(self):
        """What customers hold and the server has not heard of, whatever answers got lost."""
        heard = self.server.store.read(lambda look: look.find_install(self.install.install_id)).ack_n
        return [paper for n, paper in self.printed if n > heard]


class Branch:
    """Two tablets and a queue machine, day after day."""

    def __init__(self, file, seed):
        self.random = Random(seed)
        self.server = Server(file, self.random)
        self.pads = [Pad(self.server, self.random) for _ in range(2)]
        self.server.machine_install = self.server.enrol().install_id
        self.machine = QueueMachine(
            self.server, "m-000000000000", lambda: write_moment(self.server.now), series=SERIES  # type: ignore[arg-type]  # speaks like a client
        )  # fmt: skip
        self.is_machine_online = True
        self.machine.refuse = lambda: not self.is_machine_online
        self.machine.lose = lambda: self.random.random() < 0.1
        self.lost: list[Paper] = []  # on paper that no server will ever hear of
        self.drowned: list[Pad] = []  # today
        self.told = Counter[str]()

    def live(self, day: int) -> tuple[list[Paper], LineReport]:
        """Live one day and return all that customers hold of it, and the account that was drawn up at its end."""
        midnight = datetime(2023, 1, 2, tzinfo=UTC) + timedelta(days=day)
        date, is_restored = midnight.date().isoformat(), day % RESTORED_EVERY_D == RESTORED_EVERY_D // 2
        self.begin_day()
        for hour in HOURS:
            self.server.now = midnight + timedelta(hours=hour - 8)
            self.weather()
            if is_restored and hour == 11:
                self.server.backup()
            if is_restored and hour == 14:
                self.server.restore()
                self.told["restores"] += 1
            self.work(date)
            for at, pad in enumerate(self.pads):
                if not (is_restored or pad.is_online) and self.random.random() < 0.03:
                    self.kill(at)
        self.server.now = midnight + timedelta(hours=12)
        self.go_home(date)
        self.server.now = midnight + timedelta(hours=15, minutes=5)
        end_days(self.server.engine, self.server.store, self.server.now, 23)
        return self.papers(date), self.account(date)

    def begin_day(self):
        for pad in self.pads:
            pad.beyond, pad.printed, pad.wanted, pad.tokens = 0, [], None, []
        self.machine.beyond, self.printed_by_machine = 0, len(self.machine.journal)
        self.lost, self.drowned = [], []

    def weather(self):
        for pad in self.pads:
            pad.is_online = self.random.random() < 0.7
        self.is_machine_online = self.random.random() < 0.8

    def work(self, date):
        for pad in self.pads:
            for _ in range(self.random.randint(0, 3)):
                pad.issue(date)
            self.told["offline syncs"] += not self.attempt(lambda pad=pad: pad.sync(date))
        if self.machine.letter is None or self.random.random() < 0.2:
            self.attempt(lambda: self.machine.take_block(date, want=4))
        for _ in range(self.random.randint(0, 4)):
            if self.is_machine_online and self.random.random() < 0.5:
                self.machine.say("issue", series=SERIES, business_date=date)  # the paper waits for the answer
            elif self.machine.letter is not None:
                self.machine.print_number(date)
        if self.random.random() < 0.5:
            self.machine.say("call_next", counter="9", business_date=date)
        self.attempt(self.machine.sync)

    def kill(self, at):
        """A tablet falls into the fountain, with its numbers and all that it had not handed in."""
        self.lost += self.pads[at].owed
        self.told["tablets lost"] += 1
        self.told["papers lost"] += len(self.pads[at].owed)
        self.drowned.append(self.pads[at])
        self.pads[at] = Pad(self.server, self.random)

    def go_home(self, date):
        """Everybody has a line in the end, though a bad one."""
        self.is_machine_online = True
        for pad in self.pads:
            pad.is_online = True
            self.insist(lambda pad=pad: pad.sync(date))
            self.insist(lambda pad=pad: pad.end_day(date))
        self.machine.acked = min(self.machine.acked, max(0, self.machine.acked - 1))  # the last is told once more
        self.insist(self.machine.sync)
        if self.machine.blocks:
            self.insist(lambda: self.machine.take_block(date, want=1))  # shows its tokens to a restored server
        self.insist(lambda: self.machine.end_day(date))

    def attempt(self, deed) -> bool:
        try:
            deed()
        except LineDown:
            return False
        return True

    def insist(self, deed):
        while not self.attempt(deed):
            self.told["answers lost"] += 1

    def papers(self, date) -> list[Paper]:
        answers = [one["answered"] for one in self.machine.journal[self.printed_by_machine :] if one["type"] == "issue"]
        assert all(answer["status"] == "done" for answer in answers)
        of_machine = [(answer.get("overflow") or "", answer["number"]) for answer in answers]
        of_lost = [paper for pad in self.drowned for _, paper in pad.printed]
        return of_machine + of_lost + [paper for pad in self.pads for _, paper in pad.printed]

    def account(self, date) -> LineReport:
        kept = self.server.store.read(lambda look: find_number_day(look.connection, BRANCH, date))
        lines = msgspec.json.decode(kept.report)["lines"] if kept else []
        return msgspec.convert(lines[0], LineReport) if lines else NOTHING


NOTHING = LineReport(series=SERIES, issued=[], unused=[], missing=[], held=[], skipped=[], stray=[], collisions=[],
                     overflow={}, is_accounted=True)  # fmt: skip


@pytest.fixture(params=range(1, BRANCHES + 1))
def branch(request, data_dir):
    branch = Branch(data_dir / "padsync.db", seed=request.param)
    yield branch
    branch.server.store.close()


def test_the_days_of_a_branch_give_no_number_twice_and_miss_none(branch):
    issued = 0
    for day in range(DAYS):
        papers, line = branch.live(day)
        assert len(set(papers)) == len(papers), f"day {day}: a number on two papers"
        assert line.is_accounted, f"day {day}: {line}"
        places = [line.issued, line.unused, line.missing, line.held, line.skipped]
        placed = [number for numbers in places for number in numbers]
        assert sorted(placed) == list(range(1, len(placed) + 1)), f"day {day}: a number in no place, or in two"
        heard = {("", number) for number in line.issued}
        heard |= {(letter, number) for letter, numbers in line.overflow.items() for number in numbers}
        assert heard == set(papers) - set(branch.lost), f"day {day}: what customers hold is not what was heard of"
        assert {number for letter, number in branch.lost if not letter} <= set(line.unused), f"day {day}"
        issued += len(papers)
    assert issued > 10 * DAYS
    assert min(branch.told.values()) >= DAYS // RESTORED_EVERY_D
    assert branch.told.keys() == {"restores", "offline syncs", "tablets lost", "papers lost", "answers lost"}
