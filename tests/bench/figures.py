"""The figures: each load is run against the bare server and the real one in turn, and compared pair by pair."""

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from threading import Event, Thread

import msgspec
from msgspec import Struct

from backend.demo.day.server import free_port
from backend.migrations import migrate
from backend.storage.engine import make_engine
from backend.storage.follow_ups import count_waiting
from backend.storage.sql_store import SqlStore
from contracts.pull import Digest, PullRequest, PullResponse
from tests.bench import bare
from tests.bench.bank import PORTFOLIO, Bank, Person
from tests.bench.client import write_request
from tests.bench.load import Load, Timed
from tests.bench.servers import Server
from tests.bench.work import BATCH, BOOT, CONTACT_MONO_MS, Author, customer_bodies

PUSH, PULL, EVENTS = "/api/v1/sync/push", "/api/v1/sync/pull", "/api/v1/sync/events"
TABLETS = 20
SYNCING = 4  # tablets that make a first sync at the same time
LISTENERS = 50
FOLLOWED_LOOK_S = 0.05
CUSTOMERS = 50_000


class Effort(Struct, frozen=True):
    """How much is measured."""

    rounds: int = 5
    form_pushes: int = 25  # of each tablet in each round
    visit_pushes: int = 6
    idle_pulls: int = 250  # of each tablet in each round
    pokes: int = 60
    customers: int = CUSTOMERS
    grown: int = 1_000_000  # records for the question of growth


QUICK = Effort(rounds=3, form_pushes=10, visit_pushes=3, idle_pulls=100, pokes=20, customers=10_000, grown=100_000)


class Pair(Struct, frozen=True):
    """The bare and the real server under the same load, several times in turn."""

    bare: list[Timed]
    real: list[Timed]

    @property
    def ratio(self) -> float:
        """The median over the pairs of real rate by bare rate."""
        return median(real.rate / bare.rate for bare, real in zip(self.bare, self.real, strict=True))


class Town(Struct):
    """A database with people who have something to say; their pushes are made before anything is timed."""

    url: str
    lobby: list[Person]
    field: list[Person]
    crowd: list[Person]  # of one branch, all listening
    authors: dict[str, Author]

    def forms(self, pushes: int) -> list[list[bytes]]:
        """Return the next requests of every lobby manager."""
        return [self._requests(person, self.authors[person.install_id].form_pushes(pushes)) for person in self.lobby]

    def visits(self, pushes: int) -> list[list[bytes]]:
        """Return the next requests of every field manager, signed and chained."""
        return [self._requests(person, self.authors[person.install_id].visit_pushes(pushes)) for person in self.field]

    def wait_until_followed(self) -> None:
        """Return once the server has done what follows from the pushes: nobody's turn begins with another's work."""
        with SqlStore(make_engine(self.url)) as store:
            while count_waiting(store):
                time.sleep(FOLLOWED_LOOK_S)

    @staticmethod
    def _requests(person: Person, bodies: Sequence[bytes]) -> list[bytes]:
        return [write_request("POST", PUSH, headers_of(person), body) for body in bodies]


def headers_of(person: Person) -> dict[str, str]:
    """Return the headers that a tablet sends with every sync request (protocol.md §2)."""
    return {
        "authorization": f"Bearer {person.token}", "sync-install": person.install_id, "sync-schema": "1",
        "sync-time": "1795224600000", "sync-boot": BOOT, "sync-mono": str(CONTACT_MONO_MS),
    }  # fmt: skip


def settle_town(url: str, customers: int) -> Town:
    """Return a migrated database with people, tablets and customers in it."""
    migrate(url)
    bank = Bank(url)
    try:
        lobby, field = bank.hire(TABLETS, "lobby_manager"), bank.hire(TABLETS, "field_manager")
        crowd = bank.hire(LISTENERS, "lobby_manager", org_id=lobby[0].org_id)
        bank.put_customers(customers, lobby[0].org_id)
    finally:
        bank.close()
    customer_id = next(customer_bodies(1, PORTFOLIO, lobby[0].org_id))[0]
    people = enumerate([*lobby, *field])
    authors = {one.install_id: Author(at, one.org_id, customer_id, one.key) for at, one in people}
    return Town(url, lobby, field, crowd, authors)


def start_real(town: Town, folder: Path) -> Server:
    """Start the real server on a town's database."""
    return start_town(town.url, folder)


def start_town(url: str, folder: Path) -> Server:
    """Start the real server on a database, with the settings that an operator gets."""
    port = free_port()
    environ = {
        "PADSYNC_DATABASE_URL": url, "PADSYNC_DATA_DIR": str(folder / "data"), "PADSYNC_PORT": str(port),
    }  # fmt: skip
    return Server("backend.cli", ["serve"], environ, folder / "real.log", port)


def start_bare(folder: Path, customers: int) -> Server:
    """Start the bare server on a file with as many customers."""
    path = str(folder / "bare.db")
    connection = bare.connect(path)
    connection.executescript(bare.SCHEMA)
    connection.execute("BEGIN")
    rows = (("customer", id, body) for id, body in customer_bodies(customers, PORTFOLIO, "b1"))
    connection.executemany(bare.INSERT, rows)
    connection.execute("INSERT INTO head VALUES ('all', ?)", (customers,))
    connection.execute("COMMIT")
    connection.close()
    port = free_port()
    return Server("tests.bench.bare", [path, str(port)], {}, folder / "bare.log", port)


def compare(
    plain: Server, real: Server, rounds: int, bare_once: Callable[[], Timed], real_once: Callable[[], Timed]
) -> Pair:
    """Run both in turn, `rounds` times, after one turn each that does not count."""
    gc.collect()
    turns = [(_clocked(plain, bare_once), _clocked(real, real_once)) for _ in range(rounds + 1)][1:]
    return Pair([turn[0] for turn in turns], [turn[1] for turn in turns])


def _clocked(server: Server, once: Callable[[], Timed]) -> Timed:
    before_s = server.cpu_s()
    return msgspec.structs.replace(once(), processor_s=server.cpu_s() - before_s)


def bare_push(requests: Sequence[Sequence[bytes]]) -> list[list[bytes]]:
    """Return the same bodies for the bare server."""
    return [
        [write_request("POST", "/push", {}, request.partition(b"\r\n\r\n")[2]) for request in mine] for mine in requests
    ]


def push_once(load: Load, server: Server, requests: list[list[bytes]]) -> Timed:
    """Return records a second of the real server; every mutation must have been applied."""
    timed = load.post(server.port, requests, b'"applied"')
    assert timed.count == sum(map(len, requests)) * BATCH, f"{timed.count} of {sum(map(len, requests)) * BATCH} applied"
    return timed


def bare_push_once(load: Load, server: Server, requests: list[list[bytes]]) -> Timed:
    """Return records a second of the bare server."""
    timed = load.post(server.port, bare_push(requests), b'"count":%d' % BATCH)
    assert timed.count == sum(map(len, requests))
    return Timed(timed.count * BATCH, timed.elapsed_s, timed.seconds)


def compare_pushes(
    load: Load, plain: Server, real: Server, town: Town, make: Callable[[], list[list[bytes]]], rounds: int
) -> Pair:
    """Compare pushes; both servers get the same bodies in each turn, and all are made before the first."""

    def bare_once(requests: list[list[bytes]]) -> Timed:
        town.wait_until_followed()
        return bare_push_once(load, plain, requests)

    stock = [make() for _ in range(rounds + 1)]
    theirs, ours = iter(stock), iter(stock)
    return compare(
        plain,
        real,
        rounds,
        lambda: bare_once(next(theirs)),
        lambda: push_once(load, real, next(ours)),
    )


def first_sync_once(load: Load, server: Server, town: Town, customers: int) -> Timed:
    """Return records a second when tablets read their whole portfolio from the real server."""
    timed = load.first_sync(server.port, PULL, [headers_of(one) for one in town.field[:SYNCING]], b'"k":"customer"')
    assert timed.count == customers * SYNCING, timed.count
    return timed


def bare_first_sync_once(load: Load, server: Server, customers: int) -> Timed:
    """Return records a second when as many read all customers from the bare server."""
    timed = load.first_sync(server.port, "/pull", [{}] * SYNCING, b'"k":"customer"')
    assert timed.count >= customers * SYNCING, timed.count
    return timed


def idle_requests(load: Load, server: Server, people: Sequence[Person]) -> list[bytes]:
    """Return for each tablet the request that it sends when it has everything, digests included."""
    return [_idle_request(load, server, person) for person in people]


def _idle_request(load: Load, server: Server, person: Person) -> bytes:
    cursor: str | None = None
    have: dict[str, Digest] = {}
    is_complete = False
    while not is_complete:
        body = msgspec.json.encode(PullRequest(cursor=cursor))
        (answer,) = load.answers(server.port, [write_request("POST", PULL, headers_of(person), body)])
        page = msgspec.json.decode(answer, type=PullResponse)
        cursor, is_complete = page.cursor, page.complete
        have |= {name: Digest(n=digest.n, d=digest.d) for name, digest in page.digests.items()}
    body = msgspec.json.encode(PullRequest(cursor=cursor, have=have))
    return write_request("POST", PULL, headers_of(person), body)


def compare_idle(load: Load, plain: Server, real: Server, town: Town, effort: Effort) -> Pair:
    """Compare pulls that bring nothing with bare questions for one head."""
    ours = idle_requests(load, real, town.lobby)
    theirs = [write_request("POST", "/idle", {}, b'{"after":17,"limit":1000}')] * TABLETS
    return compare(
        plain,
        real,
        effort.rounds,
        lambda: load.repeat(plain.port, theirs, effort.idle_pulls),
        lambda: load.repeat(real.port, ours, effort.idle_pulls),
    )


def poke_times(load: Load, server: Server, town: Town, pokes: int) -> Timed:
    """Return how long after a push was sent each of the listeners had heard of it."""
    person = town.lobby[0]
    listeners = [write_request("GET", EVENTS, headers_of(one)) for one in town.crowd]
    pushes = town.authors[person.install_id].form_pushes(pokes)
    requests = [write_request("POST", PUSH, headers_of(person), push) for push in pushes]
    return load.pokes(server.port, listeners, requests, f"branch:{person.org_id}")


class Watch:
    """Looks at a server's memory while something runs."""

    def __init__(self, server: Server) -> None:
        self._server, self._is_over = server, Event()
        self.before_bytes = self.peak_bytes = server.rss_bytes()
        self._thread = Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            self.peak_bytes = max(self.peak_bytes, self._server.rss_bytes())
