"""`kill -9`: the real server dies fifty times under load, and what it acknowledged is there, once."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import httpx
import msgspec
import pytest

from backend.demo.credentials import Credentials, StaffCredentials, read_credentials
from backend.demo.day.server import free_port
from backend.jobs.leader import leadership_for
from backend.storage.engine import make_engine
from contracts.push import Outcome
from sync.memory import Tables
from sync.signing import new_key
from sync.tablet.clock import SystemClock
from sync.tablet.database import create_database
from sync.tablet.errors import LineFailed
from sync.tablet.http import HttpLine
from sync.tablet.http_transport import HttpTransport
from sync.tablet.ids import uuid7
from sync.tablet.patience import Patience
from sync.tablet.sign_in import App, DatabaseTokens, enrol, sign_in
from sync.tablet.tablet import Surroundings, Tablet
from tests.simulation.houses import read_tables
from tests.simulation.invariants.chains import check_i9_audit, check_i9_evidence
from tests.simulation.invariants.feed import check_i2_digest, check_i2_membership
from tests.simulation.invariants.ledger import check_i1_effects, check_i1_outbox, check_i3_settled_once
from tests.support.server import CHEAP, Server, start_server

KILLS = 50
COLD_EVERY = 10  # so many lives are forked from a warm process for each that is started as an operator would
LIFE_S = (0.05, 0.6)  # how long the server lives between two kills
TABLETS = ("L350101-1", "L350101-2", "F350101-1", "F350101-2")
FOLLOWED_S_MAX = 300  # so long the judgement of the last visits may take on a slow machine
TEMPLATE = "01970000-0000-7000-8000-000000000001"
read_outcome = msgspec.json.Decoder(Outcome).decode


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """A folder with the demonstration bank, and who may sign in there."""
    folder = tmp_path_factory.mktemp("bank")
    command = [sys.executable, "-m", "backend.cli", "seed-demo", "--customers", "40", "--write-credentials"]
    subprocess.run([*command, str(folder / "who.json")], env=environment(folder), check=True, capture_output=True)
    return folder, read_credentials(folder / "who.json")


def test_nothing_acknowledged_is_lost_and_nothing_is_applied_twice(bank):
    folder, credentials = bank
    with leading(folder), lively(folder) as life:
        crew = hire(life.url, credentials, folder)
        with working(crew):
            for kill in range(KILLS):
                time.sleep(life.random.uniform(*LIFE_S))
                life.kill_and_restart(is_cold=kill % COLD_EVERY == 0)
        finish(crew, folder / "padsync.db")
        kept = [worker.tablet.outcomes() for worker in crew]
        assert all(worker.acknowledged.items() <= told.items() for worker, told in zip(crew, kept, strict=True))
    with closing(sqlite3.connect(folder / "padsync.db")) as connection:
        tables = read_tables(connection)
    assert sum(len(told) for told in kept) > KILLS
    check_server(tables)
    for worker in crew:
        check_worker(worker, tables)
    subprocess.run([sys.executable, "-m", "backend.cli", "verify-audit"], env=environment(folder), check=True)


def finish(crew: list["Worker"], database: Path) -> None:
    """Let everybody hand in the rest over a server that lives, and then learn what the others did and what follows."""
    for worker in crew:
        worker.tablet.sync()
    await_follow_ups(database)
    for worker in crew:
        worker.tablet.sync()
        worker.client.close()


def await_follow_ups(database: Path) -> None:
    """Wait until all that follows from a commit has followed; what a killed server left behind counts too."""
    ends_at = time.monotonic() + FOLLOWED_S_MAX
    with closing(sqlite3.connect(database)) as connection:
        while waiting := connection.execute("SELECT count(*) FROM follow_up").fetchone()[0]:
            assert time.monotonic() < ends_at, f"{waiting} follow-ups wait for ever"
            time.sleep(0.1)


def check_server(tables: Tables) -> None:
    """Check what needs no tablet: feeds, digests, chains, the outbox, and that each number was settled once."""
    check_i2_membership(tables)
    for name, state in tables.buckets.items():
        shown = [(key, row) for key, row in tables.rows.get(name, {}).items() if row.x is None]
        check_i2_digest(state, ((key.kind, key.id, tables.records[key].version) for key, _ in shown))
    check_i3_settled_once(tables)
    check_i1_effects(tables)
    check_i1_outbox(tables)
    check_i9_audit(tables)
    check_i9_evidence(tables, Random(1))


def check_worker(worker: "Worker", tables: Tables) -> None:
    """Check that a tablet and the server agree on every mutation and every word."""
    for n, outcome in worker.tablet.outcomes().items():
        kept = read_outcome(tables.remembered[worker.tablet.install_id, n].outcome)
        assert (kept.status, kept.version) == (outcome.status, outcome.version), f"n={n} of {worker.staff_no}"
    assert worker.tablet.unsettled() == []
    assert [incident for incident in worker.tablet.incidents() if incident.bucket != "journal"] == []
    words = Counter(
        line
        for key, record in tables.records.items()
        if key.kind == "form"
        for line in msgspec.json.decode(record.body).get("remark", "").splitlines()
    )
    assert {word: words[word] for word in worker.words} == dict.fromkeys(worker.words, 1)
    held = {bucket: (digest.n, digest.d) for bucket, digest in worker.tablet.digest_report().items() if digest.n}
    meant = {name: (state.n, f"{state.digest:016x}") for name, state in tables.buckets.items()}
    assert held == {name: meant[name] for name in held}


class Worker:
    """One person with a tablet on a real line, who never stops typing and syncing."""

    def __init__(self, url: str, person: StaffCredentials, code: str, folder: Path) -> None:
        self.staff_no, self.org_id = person.staff_no, person.org_id
        self.random = Random(person.staff_no)
        self.acknowledged: dict[int, Outcome] = {}
        self.words: list[str] = []  # each typed into a form once
        self.syncs = 0
        key, clock = new_key(), SystemClock()
        database = create_database(folder / f"{self.staff_no}.db", uuid7(int(time.time() * 1000), self.random))
        (install_id,) = database.execute("SELECT install_id FROM install").fetchone()
        self.client = httpx.Client(base_url=url, timeout=10)
        line = HttpLine(self.client, install_id, clock, DatabaseTokens(database))
        enrol(line, code, key, App("kill-nine", "1.0"))
        sign_in(line, person.staff_no, person.password, key)
        patience = Patience(time.sleep, self.random, attempts_max=3, first_ms=50)
        self.tablet = Tablet(database, HttpTransport(line), Surroundings(key, clock, self.random, patience))
        self.tablet.switch_person(person.staff_no)
        self.tablet.sync()

    def work(self, is_over: threading.Event) -> None:
        """Type and sync until told to stop; a dead server is an ordinary thing."""
        while not is_over.is_set():
            for _ in range(self.random.randint(1, 4)):
                self.type_something()
            try:
                self.tablet.sync()
            except LineFailed:
                continue
            finally:
                self.acknowledged |= self.tablet.outcomes()
            self.syncs += 1

    def type_something(self) -> None:
        """Log a visit, or write a word that nobody else writes into a form."""
        if self.staff_no.startswith("F"):
            customer = self.random.choice(self.tablet.find("customer"))
            started_at = SystemClock().read().wall
            visit = {"customer_id": customer.id, "purpose": "visit", "content": "Met.", "started_at": started_at}
            self.tablet.append("visit", visit)
            return
        word = f"{self.staff_no} says {len(self.words)}"
        self.words.append(word)
        forms = self.tablet.find("form")
        if forms and self.random.random() < 0.7:
            form = self.random.choice(forms[-5:])
            remark = f"{form.body.get('remark', '')}\n{word}".strip()
            self.tablet.patch("form", form.id, {"remark": remark})
        else:
            self.tablet.create("form", {"branch_id": self.org_id, "template_id": TEMPLATE, "remark": word})


class Warm:
    """Lives of the server that a warm process forks; each is a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.warm"], env=environment(folder, port), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._pid = 0

    def start(self) -> None:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("live\n")
        self._parent.stdin.flush()
        self._pid = int(self._parent.stdout.readline())
        while not self._is_ready():
            time.sleep(0.02)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        while Path(f"/proc/{self._pid}").exists():
            time.sleep(0.005)

    def close(self) -> None:
        if self._pid and Path(f"/proc/{self._pid}").exists():
            self.kill()
        self._parent.communicate()

    def _is_ready(self) -> bool:
        assert Path(f"/proc/{self._pid}").exists(), "the server did not start"
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


class Life:
    """The server's many lives on one port: most of them forked warm, some started cold as an operator would."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.random = folder, free_port(), Random(9)
        self.url = f"http://127.0.0.1:{self.port}"
        self.warm = Warm(folder, self.port)
        self.cold: Server | None = None
        self.warm.start()

    def kill_and_restart(self, *, is_cold: bool) -> None:
        self.kill()
        if is_cold:
            self.cold = start_server(self.folder, {"LOG_LEVEL": "error"}, self.port)
        else:
            self.warm.start()

    def kill(self) -> None:
        if self.cold is not None:
            self.cold.kill()
            self.cold = None
        else:
            self.warm.kill()

    def close(self) -> None:
        if self.cold is not None:
            self.cold.kill()
        self.warm.close()


@contextmanager
def leading(folder: Path) -> Iterator[None]:
    """Keep the server's timed jobs still, one of which would take off the outbox what is to be counted there."""
    leadership = leadership_for(make_engine(f"sqlite:///{folder / 'padsync.db'}"), folder)
    assert leadership.hold()
    yield
    leadership.give_up()


@contextmanager
def lively(folder: Path) -> Iterator[Life]:
    """Serve while the context lasts; whatever happens, nothing of the server stays."""
    life = Life(folder)
    try:
        yield life
    finally:
        life.close()


@contextmanager
def working(crew: list[Worker]) -> Iterator[None]:
    """Let everybody work in a thread of their own while the context lasts; what broke a worker breaks the test."""
    is_over, broken = threading.Event(), []

    def run(worker: Worker) -> None:
        try:
            worker.work(is_over)
        except BaseException as error:
            broken.append(error)
            raise

    threads = [threading.Thread(target=run, args=(worker,), daemon=True) for worker in crew]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
    assert broken == []


def hire(url: str, credentials: Credentials, folder: Path) -> list[Worker]:
    codes = {org.org_id: iter(credentials.codes_of(org.org_id)) for org in credentials.orgs}
    people = [credentials.get_person(staff_no) for staff_no in TABLETS]
    return [Worker(url, person, next(codes[person.org_id]), folder) for person in people]


def environment(folder: Path, port: int = 0) -> dict[str, str]:
    own = {"DATA_DIR": str(folder), "LOG_LEVEL": "error", **CHEAP} | ({"PORT": str(port)} if port else {})
    others = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    return others | {f"PADSYNC_{name}": value for name, value in own.items()}
