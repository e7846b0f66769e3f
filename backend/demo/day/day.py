"""The day itself: opens the bank, lets everybody work by the clock, closes, and asks for the proof."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.app import House
from backend.crm.embedded import drain_outbox
from backend.demo.bank import make_bank
from backend.demo.credentials import Credentials
from backend.demo.day.cases import tell_conflict, tell_parked
from backend.demo.day.clock import BANK_TIME, CLOSES_MIN, OPENS_MIN, DayClock, PlayedClock
from backend.demo.day.crew import ADMINISTRATOR, FIELD, LOBBY, SUPERVISOR, Desk, Recruiter, Worker
from backend.demo.day.field import Field
from backend.demo.day.figures import tell_lobby, tell_visits
from backend.demo.day.lobby import SERIES, Lobby
from backend.demo.day.proof import (
    Accounts,
    Finding,
    account_mutations,
    account_numbers,
    compare_digests,
    verify_chains,
    verify_log,
    verify_receipts,
)
from backend.demo.day.server import ServerProcess
from backend.demo.day.size import Size, share
from backend.demo.day.stories import Event, Stories, list_reviews, settle
from backend.demo.day.tale import Say, Tale
from backend.demo.seeding import seed_bank
from backend.migrations import migrate
from backend.settings import Settings

TICK_MIN = 5
CLOCK = "clock"  # the file of the played time
LEASE_WANT = 15  # numbers a block; few, so that a tablet without a line runs out and goes on with its letter
ANSWERS_LOST_SHARE = 0.05
QUIET_ROUNDS_MAX = 10
PLAYED = (
    "real:   the server process, its database, HTTP, every tablet's own file, keys, signatures, the order of arrival",
    "played: the hour, the same for server and tablets (08:30 to 17:30 in a minute), the people, the lines' weather",
)


class Result(Struct, frozen=True, kw_only=True):
    """What build/demo.json says."""

    mutations_made: int
    mutations_accounted: int
    digests_equal: bool
    numbers_issued: int
    numbers_accounted: int
    chains_verified: bool
    conflicts: int
    parked: int
    is_proven: bool
    seed: int
    statuses: dict[str, int]


def live_day(settings: Settings, *, seed: int, size: Size, say: Say) -> Result:
    """Live one business day on a real server in an empty data folder, tell it, and return what was proven."""
    with opened_day(settings, seed=seed, size=size, say=say) as day:
        return day.live()


@contextmanager
def opened_day(settings: Settings, *, seed: int, size: Size, say: Say) -> Iterator["Day"]:
    """Make the bank, start the server, enrol everybody, and yield the day that waits to be lived."""
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    clock = PlayedClock(folder / CLOCK)
    day, tale = DayClock(datetime.now(BANK_TIME).date(), clock), Tale(say)
    say(f"padsync demo · seed {seed} · business date {day.business_date}")
    tale.title("What is real and what is played")
    tale.lines(PLAYED)
    migrate(settings.database)
    with closing(House(settings, clock)) as house:
        tale.title("The bank")
        credentials = open_bank(house, seed, size, tale)
        with ServerProcess(settings, folder / CLOCK) as server:
            tale.lines([f"padsync serve answers at {server.url} on SQLite; the CRM writes from another process"])
            with closing(Recruiter(server.url, credentials, day, folder, seed)) as recruiter:
                yield Day(house, recruiter, day, tale, seed, size)


def open_bank(house: House, seed: int, size: Size, tale: Tale) -> Credentials:
    """Fill the server with the bank of this seed."""
    bank = make_bank(seed, house.auth.now(), size.customers)
    credentials = seed_bank(house.engine, house.auth, bank, lambda _what, _done, _of: None)
    people = f"{len(bank.staff)} staff, {len(bank.customers):,} customers, {len(bank.holdings):,} holdings"
    tale.lines([f"1 union, 3 member banks, 6 branches in Fujian, {people}, all made up"])
    return credentials


class Day:
    """Nine people and their tablets, from the opening to the proof."""

    def __init__(self, house: House, recruiter: Recruiter, day: DayClock, tale: Tale, seed: int, size: Size) -> None:
        self.house, self.clock, self._tale, self._seed = house, day, tale, seed
        lobby_staff, field_staff = recruiter.crew(LOBBY), recruiter.crew(FIELD)
        self.workers: Sequence[Worker] = [*lobby_staff, *field_staff]
        self.supervisor: Desk = recruiter.desk(SUPERVISOR)
        self.administrator: Desk = recruiter.desk(ADMINISTRATOR)
        self._first_sync(lobby_staff)
        templates = [view.id for view in lobby_staff[0].tablet.find("form_template")]
        self.lobbies = {
            worker.name: Lobby(
                worker, day, templates,
                tickets=share(size.tickets, len(LOBBY), at), forms=share(size.forms, len(LOBBY), at),
            )
            for at, worker in enumerate(lobby_staff)
        }  # fmt: skip
        self.fields = {
            worker.name: Field(
                worker, day,
                visits=share(size.visits, len(FIELD), at), corrections=share(size.corrections, len(FIELD), at),
            )
            for at, worker in enumerate(field_staff)
        }  # fmt: skip

    def live(self) -> Result:
        """Live the day, tell what became of it, and prove that nothing is lost."""
        stories = Stories(
            self.house, self.clock, self._tale, self.lobbies, self.fields, self.supervisor, self.administrator
        )  # fmt: skip
        self._tale.title("The day")
        self._work(sorted(stories.script(), key=itemgetter(0)))
        self._close()
        reviews = [*list_reviews(self.supervisor, is_open=True), *list_reviews(self.supervisor, is_open=False)]
        reviews.sort(key=lambda review: (review["body"]["author"], review["body"]["n"]))
        conflicts = [review for review in reviews if review["body"]["sort"] == "conflict"]
        parked = [review for review in reviews if review["body"]["sort"] == "parked"]
        self._tale.title("The lobby in figures, as S35 reads them")
        self._tale.lines(tell_lobby(self.supervisor, self.supervisor.person.org_id, self.clock.business_date))
        self._tale.title("The visits, as they were judged")
        self._tale.lines(tell_visits(self.workers))
        self._tale.title(f"Conflicts: {len(conflicts)}, who won and why")
        self._tale.lines([line for review in conflicts for line in tell_conflict(review)])
        self._tale.title(f"Parked: {len(parked)}, and for whom it waits")
        self._tale.lines([line for review in parked for line in tell_parked(review)])
        return self._prove(len(conflicts), len(parked))

    def _first_sync(self, lobby_staff: Sequence[Worker]) -> None:
        for worker in lobby_staff:
            worker.tablet.serve_line(worker.person.org_id, SERIES, self.clock.business_date, LEASE_WANT)
        for worker in self.workers:
            worker.weather.answers_lost_share = ANSWERS_LOST_SHARE
            assert settle(worker), "no first sync"
        held = sum(digest.n for worker in self.workers for digest in worker.tablet.digest_report().values())
        self._tale.lines(
            [f"{len(self.workers)} tablets enrolled, signed in and synced {held:,} records for the first time"]
        )

    def _work(self, script: list[Event]) -> None:
        """Let the hours pass in ticks of five minutes."""
        for minute in range(OPENS_MIN, CLOSES_MIN + 1, TICK_MIN):
            self.clock.minute = minute
            while script and script[0][0] <= minute:
                script.pop(0)[1]()
            for lobby in self.lobbies.values():
                lobby.step()
            for field in self.fields.values():
                field.step()
            for index, worker in enumerate(self.workers):
                if (minute // TICK_MIN + index) % 2 == 0:
                    worker.sync()
            if (minute + TICK_MIN) % 60 == 0:
                self._tale.end_hour(f"{minute // 60:02d} h", self._totals())

    def _close(self) -> None:
        """Close the doors: every errand ends, unused numbers go back, and everybody syncs until nothing moves."""
        for lobby in self.lobbies.values():
            lobby.close()
        for worker in self.workers:
            assert settle(worker, QUIET_ROUNDS_MAX), f"{worker.name} cannot hand in"
        done = drain_outbox(self.house.engine, self.house.store)
        self._tale.note(self.clock.hour(), f"☎ the CRM decides the last proposals: {done.accepted} accepted")
        for worker in self.workers:
            assert settle(worker, QUIET_ROUNDS_MAX), f"{worker.name} cannot take in"
        lost = sum(worker.weather.answers_lost for worker in self.workers)
        asked = sum(worker.weather.requests for worker in self.workers)
        self._tale.note(
            self.clock.hour(), f"closed; of {asked:,} answers {lost} were lost on their way, and asked for again"
        )
        self._tale.end_hour("17 h", self._totals())

    def _totals(self) -> Counter[str]:
        lobbies, fields = self.lobbies.values(), self.fields.values()
        return Counter(
            {
                "tickets": sum(lobby.issued for lobby in lobbies),
                "forms": sum(lobby.filled for lobby in lobbies),
                "visits": sum(field.visited for field in fields),
                "proposals": sum(field.corrected for field in fields),
                "overflow numbers": sum(lobby.overflown for lobby in lobbies),
                "answers lost": sum(worker.weather.answers_lost for worker in self.workers),
                "calls without a line": sum(worker.weather.refused_offline for worker in self.workers),
            }
        )

    def _prove(self, conflicts: int, parked: int) -> Result:
        house, workers = self.house, self.workers
        digests = compare_digests(house, workers)
        mutations = account_mutations(house, workers)
        numbers = account_numbers(self.supervisor, self.lobbies.values(), self.clock.business_date)
        chains, log, receipts = verify_chains(house, workers), verify_log(house), verify_receipts(house, workers)
        counted = [
            Finding("every mutation is accounted for", mutations.is_whole, _tell(mutations, "made", "settled")),
            Finding("every number is accounted for", numbers.is_whole, _tell(numbers, "handed out", "found")),
        ]
        findings = [digests, *counted, chains, log, receipts]
        self._tale.title("Proof")
        self._tale.lines([f"{'✔' if it.is_proven else '✘'} {it.name}: {it.told}" for it in findings])
        return Result(
            mutations_made=mutations.made, mutations_accounted=mutations.accounted,
            digests_equal=digests.is_proven, numbers_issued=numbers.made, numbers_accounted=numbers.accounted,
            chains_verified=chains.is_proven and log.is_proven, conflicts=conflicts, parked=parked,
            is_proven=all(finding.is_proven for finding in findings), seed=self._seed, statuses=mutations.statuses,
        )  # fmt: skip


def write_result(path: Path, result: Result) -> None:
    """Write build/demo.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


def _tell(accounts: Accounts, made: str, accounted: str) -> str:
    parts = " + ".join(f"{count} {name}" for name, count in accounts.statuses.items())
    return f"{accounts.made} {made}, {accounts.accounted} {accounted} = {parts}"
