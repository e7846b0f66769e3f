"""Who works on the day: nine people with a tablet each, and the desks of a supervisor and an administrator."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx
from msgspec import Struct

from backend.demo.credentials import Credentials, StaffCredentials
from backend.demo.day.clock import DayClock, TabletClock
from backend.demo.day.line import FaultyLine, Weather
from contracts.errors import ErrorCode
from sync.signing import PrivateKey, new_key
from sync.tablet.database import create_database
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.http import API, TIMEOUT_S, HttpLine, TokenKeeper, Tokens
from sync.tablet.http_transport import HttpTransport
from sync.tablet.ids import uuid7
from sync.tablet.patience import Patience
from sync.tablet.sign_in import App, DatabaseTokens, enrol, sign_in
from sync.tablet.tablet import Surroundings, Tablet

T = TypeVar("T")

ATTEMPTS = 3
APP = App("demo", "1.0")
LOBBY = ("L350101-1", "L350101-2", "L350102-1", "L350102-2", "L350601-1")
FIELD = ("F350101-1", "F350101-2", "F350601-1", "F350801-1")
SUPERVISOR, ADMINISTRATOR = "S35", "A35"


class Worker(Struct, frozen=True, kw_only=True):
    """One person with one enrolled tablet."""

    person: StaffCredentials
    tablet: Tablet
    line: HttpTransport  # the same server without the weather, to ask for the proof
    http: HttpLine
    faulty: FaultyLine
    key: PrivateKey
    clock: TabletClock
    weather: Weather
    random: Random

    def new_id(self) -> str:
        """Return an id for a record that this tablet makes."""
        return uuid7(self.clock.now_ms(), self.random)

    @property
    def name(self) -> str:
        """Return who it is, as the day's story calls them."""
        return self.person.staff_no

    def sync(self) -> bool:
        """Sync if the line lets us; return whether it went through. What failed is tried again at the next sync."""
        try:
            self.tablet.sync()
        except LineFailed:
            return False
        return True

    def ask(self, method: str, path: str, said: Any, type_: type[T]) -> T | None:
        """Ask the server something beside the sync, again after a lost answer; None without a line."""
        for _ in range(ATTEMPTS):
            try:
                return self.faulty.through(lambda: self.http.call(method, path, said, type_))
            except LineFailed:
                continue
        return None


class Desk:
    """A person who works online, in a browser as it were: an install without a replica."""

    def __init__(self, line: HttpLine, person: StaffCredentials, key: PrivateKey) -> None:
        self._line, self.person, self._key = line, person, key

    def get(self, path: str) -> Any:
        """Return what the server shows."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, said: Any = None) -> Any:
        """Have the server do something and return its answer; who was idle for too long signs in again."""
        return self._signed_in(lambda: self._line.call(method, path, said, Any))

    def fetch(self, path: str) -> bytes:
        """Return a file that the server makes."""
        plain = {"Accept-Encoding": "identity"}
        return self._signed_in(lambda: self._line.send("GET", f"{API}{path}", headers=plain).content)

    def _signed_in(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Refused as refused:
            if not refused.says(ErrorCode.UNAUTHENTICATED):
                raise
        sign_in(self._line, self.person.staff_no, self.person.password, self._key)
        return ask()


class _Kept:
    """Tokens of a desk, which end with the process."""

    def __init__(self) -> None:
        self._tokens: Tokens | None = None

    def read(self) -> Tokens | None:
        return self._tokens

    def keep(self, tokens: Tokens | None) -> None:
        self._tokens = tokens


class Recruiter:
    """Enrols installs and signs people in, over HTTP, with codes from the credentials file."""

    def __init__(self, url: str, credentials: Credentials, day: DayClock, folder: Path, seed: int) -> None:
        self.url, self._credentials, self._day, self._folder, self._seed = url, credentials, day, folder, seed
        self._codes = {org.org_id: iter(credentials.codes_of(org.org_id)) for org in credentials.orgs}
        self._clients: list[httpx.Client] = []

    def crew(self, staff_nos: tuple[str, ...]) -> list[Worker]:
        """Return people with a tablet each, signed in."""
        return [self._worker(staff_no) for staff_no in staff_nos]

    def desk(self, staff_no: str) -> Desk:
        """Return a desk with its person signed in."""
        person, random, key = self._credentials.get_person(staff_no), self.random(staff_no), new_key()
        clock = TabletClock(self._day, f"boot-{staff_no}")
        line = self._line(uuid7(clock.now_ms(), random), clock, _Kept())
        self._let_in(line, person, key)
        return Desk(line, person, key)

    def client(self) -> httpx.Client:
        """Return a line to the server for a system that is no person's."""
        client = httpx.Client(base_url=self.url, timeout=TIMEOUT_S)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Hang up all lines."""
        for client in self._clients:
            client.close()

    def _worker(self, staff_no: str) -> Worker:
        person, random, key = self._credentials.get_person(staff_no), self.random(staff_no), new_key()
        install_id = uuid7(int(self._day.midnight.timestamp() * 1000), random)
        database = create_database(self._folder / f"tablet-{staff_no}.db", install_id)
        clock = TabletClock(self._day, f"boot-{staff_no}")
        line = self._line(install_id, clock, DatabaseTokens(database))
        self._let_in(line, person, key)
        weather = Weather()
        clear = HttpTransport(line)
        faulty = FaultyLine(clear, weather, self.random(f"line {staff_no}"))
        patience = Patience(lambda _s: None, random, attempts_max=ATTEMPTS)  # seconds would be minutes of this day
        tablet = Tablet(database, faulty, Surroundings(key, clock, random, patience))
        tablet.switch_person(staff_no)
        return Worker(
            person=person, tablet=tablet, line=clear, http=line, faulty=faulty, key=key, clock=clock, weather=weather,
            random=random,
        )  # fmt: skip

    def _let_in(self, line: HttpLine, person: StaffCredentials, key: PrivateKey) -> None:
        enrol(line, next(self._codes[person.org_id]), key, APP)
        sign_in(line, person.staff_no, person.password, key)

    def _line(self, install_id: str, clock: TabletClock, keeper: TokenKeeper) -> HttpLine:
        return HttpLine(self.client(), install_id, clock, keeper)

    def random(self, name: str) -> Random:
        """Return somebody's chance, the same for the same seed."""
        return Random(f"{self._seed} {name}")  # noqa: S311  # a demonstration wants a seed that repeats


def settle(worker: Worker, attempts: int = 5) -> bool:
    """Sync until it goes through; answers are lost now and then even on a good line."""
    return any(worker.sync() for _ in range(attempts))
