"""The lobby's figures: ticket operations, from a call to other screens, told waits that hold, and live counts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import insert

from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.tickets.models import COUNTER_PROJECTION, TICKET_PROJECTION, ticket
from backend.identity import branch_bucket, business_date
from backend.migrations import migrate
from backend.registry import KINDS
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from backend.sync_api.lobby_desk import LobbyDesk, lobby_settings
from contracts.kinds.counter import counter_id
from contracts.leases import Lease, LeaseRequest
from contracts.policy import Op
from contracts.push import PushRequest
from sync.kind import Actor
from sync.puts import Put, put_records
from sync.tablet.ids import uuid7
from sync.tablet.mutations import Intent, write_mutation
from tests.bench.bank import UNION, Bank, Person
from tests.bench.client import write_request
from tests.bench.figures import PUSH, headers_of, start_town
from tests.bench.load import Load, Timed
from tests.bench.screens import watch_screens
from tests.bench.servers import Server
from tests.bench.work import DAY_MS, MADE_AT, encode
from tests.support.branch import coverage, simulate

DAY = "2026-11-21"
AT = "2026-11-21T01:30:00.000Z"
LEASES = "/api/v1/sync/leases"
CREW = 8  # tablets that issue and call in one branch
NUMBERS = 50  # tickets of each of them: one lease
SCREENS = 20
WAITING = 60  # in one branch at the same moment
COUNTERS = 8
WAY = ("called", "serving", "finished")
LOADS = (0.8, 0.85, 0.9, 0.95)


class LobbyEffort(Struct, frozen=True):
    """How much is measured."""

    calls: int = 60
    branches: int = 200
    tickets: int = 5_000  # of each branch
    customers: int = 20_000  # of each simulated branch


QUICK_LOBBY = LobbyEffort(calls=20, tickets=500, customers=4_000)


class LobbyFigures(Struct, frozen=True, kw_only=True):
    """What came of it."""

    ticket_ops: Timed
    screens: Timed
    coverage: float
    coverage_least: float
    coverage_most: float
    line_ms: float  # one branch's line, counted online


class Clerk:
    """One tablet of the branch: issues its leased numbers, then serves them at its own counter."""

    def __init__(self, person: Person, lease: Lease, counter: str) -> None:
        self._person, self._lease, self._counter = person, lease, counter
        self._random, self._n = Random(lease.lo), 0

    def issues(self) -> list[tuple[str, bytes]]:
        """Return (ticket, request) for every number."""
        return [self._issue(number) for number in range(self._lease.lo, self._lease.hi + 1)]

    def serve(self, id: str) -> list[bytes]:
        """Return the requests that take a ticket its way."""
        return [self.move(id, to) for to in WAY]

    def move(self, id: str, to: str) -> bytes:
        """Return the request for one state."""
        before = dict(zip(WAY, ("waiting", *WAY), strict=False))[to]
        asked = {"from": before, "to": to, "facts": {"counter": self._counter}}
        return self._push(Intent(kind="ticket", id=id, op=Op.TRANSITION, set=asked, base_version=1, made_at=MADE_AT))

    def _issue(self, number: int) -> tuple[str, bytes]:
        id = uuid7(DAY_MS + number, self._random)
        where = {"branch_id": self._person.org_id, "series": "A", "business_date": self._lease.business_date}
        said = where | {"number": number, "issued_at": AT, "source": "tablet"}
        return id, self._push(Intent(kind="ticket", id=id, op=Op.CREATE, set=said, made_at=MADE_AT))

    def _push(self, intent: Intent) -> bytes:
        self._n += 1
        body = encode(PushRequest(mutations=[Raw(write_mutation(intent, self._n))]))
        return write_request("POST", PUSH, headers_of(self._person), body)


def wait_interval_coverage(customers: int) -> list[float]:
    """Return for 1–4 counters at load .8–.95 the share of real waits inside the told interval."""
    return [coverage(simulate(c, load, customers, seed=7)) for c in (1, 2, 3, 4) for load in LOADS]


def ticket_ops_s(load: Load, url: str, folder: Path) -> Timed:
    """Return ticket operations of one branch: eight tablets issue and serve, each operation a push of its own."""
    server, clerks, _ = open_branch(load, url, folder)
    try:
        requests = [_day_of(clerk) for clerk in clerks]
        timed = load.post(server.port, requests, b'"applied"')
    finally:
        server.stop()
    assert timed.count == CREW * NUMBERS * (1 + len(WAY)), timed.count
    return timed


def call_to_screen(load: Load, url: str, folder: Path, calls: int) -> Timed:
    """Return how long after a call was *sent* each of twenty other tablets had the new line on its screen."""
    server, clerks, crowd = open_branch(load, url, folder)
    try:
        issued = [clerk.issues() for clerk in clerks[:2]]
        load.post(server.port, [[request for _, request in mine] for mine in issued], b'"applied"')
        ids = [id for id, _ in issued[0]][: min(calls, NUMBERS)]
        requests = [(id, [clerks[0].move(id, "called"), *_rest(clerks[0], id)]) for id in ids]
        timed = load.run(
            watch_screens, server.port, [headers_of(one) for one in crowd], branch_bucket(crowd[0].org_id), requests
        )  # fmt: skip
    finally:
        server.stop()
    assert timed.count == len(ids) * SCREENS, timed.count
    return timed


def live_counts_cost(url: str, effort: LobbyEffort) -> float:
    """Return the milliseconds that one branch's line takes online, in a database with a whole day of the bank."""
    migrate(url)
    settings = lobby_settings(Settings())
    projections = {"ticket": TICKET_PROJECTION, "counter": COUNTER_PROJECTION}
    with SqlStore(make_engine(url), projections) as store:
        branches = [f"b{at:03d}" for at in range(effort.branches)]
        store.write(lambda unit: _found(unit, branches))
        store.write(lambda unit: put_records(unit, KINDS, list(_counters(branches)), by="bench", at=AT))
        for branch in branches:
            with store.engine.begin() as connection:
                connection.execute(insert(ticket), list(_tickets(branch, effort.tickets)))
        desk = LobbyDesk(store, lambda: datetime(2026, 11, 21, 3, tzinfo=UTC), settings)
        took = [_look(desk, branch) for branch in branches]
    return median(took) * 1000


def measure_lobby(load: Load, folder: Path, url: str, effort: LobbyEffort) -> LobbyFigures:
    """Return the lobby's figures on a database; the live counts have a SQLite file of their own."""
    folder.mkdir()
    shares = wait_interval_coverage(effort.customers)
    return LobbyFigures(
        ticket_ops=ticket_ops_s(load, url, folder / "ops"),
        screens=call_to_screen(load, f"sqlite:///{folder}/screens.db", folder / "screens", effort.calls),
        coverage=sum(shares) / len(shares),
        coverage_least=min(shares),
        coverage_most=max(shares),
        line_ms=live_counts_cost(f"sqlite:///{folder}/counts.db", effort),
    )


def open_branch(load: Load, url: str, folder: Path) -> tuple[Server, list[Clerk], list[Person]]:
    """Return a running server with one branch: its crew with a lease each, and those who only look."""
    folder.mkdir()
    migrate(url)
    bank = Bank(url)
    try:
        first = bank.hire(1, "lobby_manager")
        crew = [*first, *bank.hire(CREW - 1, "lobby_manager", org_id=first[0].org_id)]
        crowd = bank.hire(SCREENS, "lobby_manager", org_id=first[0].org_id)
        puts = list(_counters([first[0].org_id]))
        bank.store.write(lambda unit: put_records(unit, KINDS, puts, by="bench", at=AT))
    finally:
        bank.close()
    server = start_town(url, folder)
    leases = [_lease(load, server, person) for person in crew]
    clerks = [Clerk(one, lease, str(at)) for at, (one, lease) in enumerate(zip(crew, leases, strict=True), start=1)]
    return server, clerks, crowd


def _lease(load: Load, server: Server, person: Person) -> Lease:
    today = business_date(datetime.now(UTC))  # of an earlier day the server ends what is open
    wanted = LeaseRequest(
        branch=person.org_id, series="A", business_date=today, want=NUMBERS, request_id=person.install_id
    )  # fmt: skip
    request = write_request("POST", LEASES, headers_of(person), msgspec.json.encode(wanted))
    (answer,) = load.answers(server.port, [request])
    return msgspec.json.decode(answer, type=Lease)


def _day_of(clerk: Clerk) -> list[bytes]:
    issued = clerk.issues()
    return [*(request for _, request in issued), *(step for id, _ in issued for step in clerk.serve(id))]


def _rest(clerk: Clerk, id: str) -> Sequence[bytes]:
    return [clerk.move(id, to) for to in WAY[1:]]


def _found(unit: SqlUnit, branches: Iterable[str]) -> None:
    add_org(unit.connection, OrgRow(org_id=UNION, name="福建农信", level="union"))
    for branch in branches:
        add_org(unit.connection, OrgRow(org_id=branch, name="网点", level="branch", parent=UNION))


def _counters(branches: Iterable[str]) -> Iterator[Put]:
    for branch in branches:
        for at in range(1, COUNTERS + 1):
            body = {"branch_id": branch, "counter_no": str(at), "state": "open"}
            yield Put(kind="counter", id=counter_id(branch, str(at)), body=body)


def _tickets(branch: str, count: int) -> Iterator[dict[str, Any]]:
    for at in range(count):
        is_waiting, is_served = at >= count - WAITING, count - WAITING - COUNTERS <= at
        yield {
            "id": f"{branch}-{at:05d}", "branch_id": branch, "business_date": DAY, "series": "AB"[at % 2],
            "number": at + 1, "overflow": None, "state": _state(is_waiting=is_waiting, is_served=is_served),
            "issued_at": f"2026-11-21T0{at * 3 // count}:{at * 60 // count % 60:02d}:00.000Z",
            "priority": at % 17 // 16,
            "counter": None if is_waiting else str(at % COUNTERS + 1), "for_series": None, "for_counter": None,
            "called_at": None, "returned_at": None,
        }  # fmt: skip


def _state(*, is_waiting: bool, is_served: bool) -> str:
    if is_waiting:
        return "waiting"
    return "serving" if is_served else "finished"


def _look(desk: LobbyDesk, branch: str) -> float:
    actor = Actor(
        install_id="", staff_no="m1", org_id=branch, roles=frozenset({"lobby_manager"}),
        buckets=frozenset({branch_bucket(branch)}),
    )  # fmt: skip
    began = perf_counter()
    line = desk.line(actor, branch)
    took = perf_counter() - began
    assert line.waiting == WAITING
    return took
