"""The day itself: opens the bank, lets everybody work by the clock, closes, and asks for the proof."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.app import House
from backend.demo.bank import Bank, make_bank
from backend.demo.credentials import Credentials
from backend.demo.day.branch import POSTS
from backend.demo.day.cases import tell_conflict, tell_parked
from backend.demo.day.clock import CLOSES_MIN, OPENS_MIN, DayClock, PlayedClock
from backend.demo.day.crew import ADMINISTRATOR, FIELD, LOBBY, SUPERVISOR, Desk, Recruiter, Worker, settle
from backend.demo.day.evening import Evening
from backend.demo.day.field import Field
from backend.demo.day.figures import tell_hours, tell_lobby, tell_visits, tell_work
from backend.demo.day.form_stories import FormStories
from backend.demo.day.guests import SERIES
from backend.demo.day.hiring import ANSWERS_LOST_SHARE, Hiring
from backend.demo.day.line import Weather
from backend.demo.day.lobby import Lobby
from backend.demo.day.lobby_stories import LobbyStories
from backend.demo.day.numbers import UNUSED, NumberAccounts, account_numbers, given_out
from backend.demo.day.outage import Outage
from backend.demo.day.proof import (
    Accounts,
    Finding,
    account_messages,
    account_mutations,
    compare_digests,
    verify_chains,
    verify_log,
    verify_receipts,
)
from backend.demo.day.scene import Happening, Scene
from backend.demo.day.server import ServerProcess
from backend.demo.day.size import Size, share
from backend.demo.day.staffing import Staffing
from backend.demo.day.stories import Stories, list_reviews
from backend.demo.day.tale import Say, Tale
from backend.demo.seeding import seed_bank
from backend.demo.timekeeper import Timekeeper
from backend.identity import BANK_TIME
from backend.migrations import migrate
from backend.settings import Settings

FIELD_SYNC_MIN, JOBS_MIN = 10, 5
JOBS = frozenset({"pace_lines", "keep_lobby_days", "settle_media", "end_days"})
FRIDAY = 4  # as date.weekday counts
WRONG_MAX = 10  # numbers that are named if they are not where they must be
CLOCK = "clock"  # the file of the played time
# Numbers a block of each series; few, so that a tablet without a line runs out and goes on with its letter.
LEASES_WANTED = dict(zip(SERIES, (15, 3, 3), strict=True))
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
    machine_messages_made: int
    machine_messages_accounted: int
    numbers: dict[str, int]


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
    day, tale = DayClock(newest_workday(datetime.now(BANK_TIME).date()), clock), Tale(say)
    say(f"padsync demo · seed {seed} · business date {day.business_date}")
    tale.title("What is real and what is played")
    tale.lines(PLAYED)
    migrate(settings.database)
    with closing(House(settings, clock)) as house:
        tale.title("The bank")
        bank = make_bank(seed, house.auth.now(), size.customers)
        credentials = open_bank(house, bank, tale)
        timekeeper = Timekeeper(house, JOBS)
        with ServerProcess(settings, folder / CLOCK) as server:
            tale.lines([f"padsync serve answers at {server.url} on SQLite; the CRM writes from another process"])
            with closing(Recruiter(server.url, credentials, day, folder, seed)) as recruiter:
                yield Day(house, bank, recruiter, timekeeper, day, tale, seed, size)


def newest_workday(today: date) -> date:
    """Return the newest day from Monday to Friday: whoever tries this on a Sunday sees an open bank, too."""
    return today - timedelta(days=max(0, today.weekday() - FRIDAY))


def open_bank(house: House, bank: Bank, tale: Tale) -> Credentials:
    """Fill the server with a bank."""
    credentials = seed_bank(house.engine, house.auth, bank, lambda _what, _done, _of: None)
    people = f"{len(bank.staff)} staff, {len(bank.customers):,} customers, {len(bank.holdings):,} holdings"
    tale.lines([f"1 union, 3 member banks, 6 branches in Fujian, {people}, all made up"])
    return credentials


class Day:
    """Nine people and their tablets, two queue machines and a teller system, from the opening to the proof."""

    def __init__(
        self, house: House, bank: Bank, recruiter: Recruiter, timekeeper: Timekeeper, day: DayClock, tale: Tale,
        seed: int, size: Size,
    ) -> None:  # fmt: skip
        self.house, self.clock, self._tale, self._seed = house, day, tale, seed
        lobby_staff, field_staff = recruiter.crew(LOBBY), recruiter.crew(FIELD)
        self.workers: Sequence[Worker] = [*lobby_staff, *field_staff]
        self.supervisor: Desk = recruiter.desk(SUPERVISOR)
        self.administrator: Desk = recruiter.desk(ADMINISTRATOR)
        self._first_sync(lobby_staff)
        hiring = Hiring(house, bank, recruiter, day, size)
        self.teller = hiring.teller()
        templates = [view.id for view in lobby_staff[0].tablet.find("form_template")]
        self.lobbies = {worker.name: Lobby(worker, day, templates, self.teller) for worker in lobby_staff}
        self.branches = {post.org_id: hiring.branch(post, self.lobbies) for post in POSTS}
        self.fields = {
            worker.name: Field(
                worker, day,
                visits=share(size.visits, len(FIELD), at), corrections=share(size.corrections, len(FIELD), at),
            )
            for at, worker in enumerate(field_staff)
        }  # fmt: skip
        self.doors = [branch.door for branch in self.branches.values() if branch.door is not None]
        self._timekeeper = timekeeper
        self._scene = Scene(
            house=house, bank=bank, day=day, tale=tale, branches=self.branches, lobbies=self.lobbies,
            fields=self.fields, supervisor=self.supervisor, administrator=self.administrator,
        )  # fmt: skip

    def live(self) -> Result:
        """Live the day, tell what became of it, and prove that nothing is lost."""
        for post in POSTS:
            self.branches[post.org_id].open(post)
        scene = self._scene
        stories = (Stories(scene), Outage(scene), Staffing(scene), LobbyStories(scene), FormStories(scene, self.teller))
        self._tale.title("The day")
        self._work(sorted((one for told in stories for one in told.script()), key=itemgetter(0)))
        evening = Evening(scene, self.workers, self._timekeeper)
        evening.close()
        self._tale.end_hour("17 h", self._totals())
        evening.end()
        return self._tell()

    def _first_sync(self, lobby_staff: Sequence[Worker]) -> None:
        for worker in lobby_staff:
            for series, want in LEASES_WANTED.items():
                worker.tablet.serve_line(worker.person.org_id, series, self.clock.business_date, want)
        for worker in self.workers:
            worker.weather.answers_lost_share = ANSWERS_LOST_SHARE
            assert settle(worker), "no first sync"
        held = sum(digest.n for worker in self.workers for digest in worker.tablet.digest_report().values())
        self._tale.lines(
            [f"{len(self.workers)} tablets enrolled, signed in and synced {held:,} records for the first time",
             "2 queue machines and a teller system have their keys"]
        )  # fmt: skip

    def _work(self, script: list[Happening]) -> None:
        """Let the day pass, minute by minute."""
        for minute in range(OPENS_MIN, CLOSES_MIN + 1):
            self.clock.minute = minute
            while script and script[0][0] <= minute:
                script.pop(0)[1]()
            for branch in self.branches.values():
                branch.step()
            for at, field in enumerate(self.fields.values()):
                field.step()
                if (minute + at) % FIELD_SYNC_MIN == 0:
                    field.worker.sync()
            if minute % JOBS_MIN == 0:
                self._timekeeper.step()
            if (minute + 1) % 60 == 0:
                self._tale.end_hour(f"{minute // 60:02d} h", self._totals())

    def _weathers(self) -> list[Weather]:
        return [*(worker.weather for worker in self.workers), *(door.weather for door in self.doors)]

    def _totals(self) -> Counter[str]:
        lobbies, fields = self.lobbies.values(), self.fields.values()
        weathers = self._weathers()
        letters = [letter for branch in self.branches.values() for _, letter, _ in given_out(branch)]
        return Counter(
            {
                "numbers": len(letters),
                "of overflow": sum(map(bool, letters)),
                "forms": sum(lobby.paperwork.filled for lobby in lobbies),
                "talks": sum(lobby.talks.stages["approached"] for lobby in lobbies),
                "visits": sum(field.visited for field in fields),
                "proposals": sum(field.corrected for field in fields),
                "answers lost": sum(weather.answers_lost for weather in weathers),
                "calls without a line": sum(weather.refused_offline for weather in weathers),
            }
        )

    def _tell(self) -> Result:
        reviews = [*list_reviews(self.supervisor, is_open=True), *list_reviews(self.supervisor, is_open=False)]
        reviews.sort(key=lambda review: (review["body"]["author"], review["body"]["n"]))
        conflicts = [review for review in reviews if review["body"]["sort"] == "conflict"]
        parked = [review for review in reviews if review["body"]["sort"] == "parked"]
        org_id = self.supervisor.person.org_id
        self._tale.title(f"The lobby in figures, as {self.supervisor.person.staff_no} reads them")
        self._tale.lines(tell_lobby(self.supervisor, org_id, self.clock.business_date))
        self._tale.lines(tell_work(self.branches.values()))
        self._tale.title("The wait, by the hour in which people came")
        self._tale.lines(tell_hours(self.supervisor, org_id, self.clock.business_date))
        self._tale.title("The visits, as they were judged")
        self._tale.lines(tell_visits(self.workers))
        self._tale.title(f"Conflicts: {len(conflicts)}, who won and why")
        self._tale.lines([line for review in conflicts for line in tell_conflict(review)])
        self._tale.title(f"Parked: {len(parked)}, and for whom it waits")
        self._tale.lines([line for review in parked for line in tell_parked(review)])
        return self._prove(len(conflicts), len(parked))

    def _prove(self, conflicts: int, parked: int) -> Result:
        house, workers = self.house, self.workers
        digests = compare_digests(house, workers)
        mutations, messages = account_mutations(house, workers), account_messages(house, self.doors)
        numbers = account_numbers(self.supervisor, self.branches.values(), self.clock.business_date)
        chains, log, receipts = verify_chains(house, workers), verify_log(house), verify_receipts(house, workers)
        found = [str(wrong) for wrong in numbers.wrong[:WRONG_MAX]]
        counted = [
            Finding("every mutation is accounted for", mutations.is_whole, _told(mutations, "made", "settled")),
            Finding("machines' messages are answered once", messages.is_whole, _told(messages, "said", "answered")),
            Finding("every number is accounted for", numbers.is_whole,
                    "; ".join([_told_numbers(numbers), *found])),
        ]  # fmt: skip
        findings = [digests, *counted, chains, log, receipts]
        self._tale.title("Proof")
        self._tale.lines([f"{'✔' if it.is_proven else '✘'} {it.name}: {it.told}" for it in findings])
        return Result(
            mutations_made=mutations.made, mutations_accounted=mutations.accounted,
            digests_equal=digests.is_proven, numbers_issued=numbers.made, numbers_accounted=numbers.accounted,
            chains_verified=chains.is_proven and log.is_proven, conflicts=conflicts, parked=parked,
            is_proven=all(finding.is_proven for finding in findings), seed=self._seed, statuses=mutations.statuses,
            machine_messages_made=messages.made, machine_messages_accounted=messages.accounted,
            numbers=numbers.statuses,
        )  # fmt: skip


def write_result(path: Path, result: Result) -> None:
    """Write build/demo.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


def _told_numbers(numbers: NumberAccounts) -> str:
    """Return the account of numbers; the unused are on no ticket."""
    places = " + ".join(f"{count} {name}" for name, count in numbers.statuses.items() if name != UNUSED)
    found = f"{numbers.made} handed out, {numbers.accounted} found once = {places}"
    return f"{found}; {numbers.statuses.get(UNUSED, 0)} unused"


def _told(accounts: Accounts, made: str, accounted: str) -> str:
    parts = " + ".join(f"{count} {name}" for name, count in accounts.statuses.items())
    return f"{accounts.made} {made}, {accounts.accounted} {accounted} = {parts}"
