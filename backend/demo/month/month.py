"""The month itself: opens the bank before the holidays, lets twelve managers work, closes twice, and asks for proof."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from random import Random

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from backend.app import House
from backend.demo.asking import CODE, THRESHOLD_FEN, VISITS_MIN
from backend.demo.bank import Bank
from backend.demo.day.clock import PlayedClock
from backend.demo.day.server import ServerProcess
from backend.demo.day.tale import Say, Tale
from backend.demo.month import telling
from backend.demo.month.bank import CUSTOMERS, list_managers, list_owing, make_month_bank
from backend.demo.month.crew import Crew
from backend.demo.month.plan import Appointment
from backend.demo.month.proof import Export, prove_month
from backend.demo.month.reviews import Reviews
from backend.demo.month.rounds import Rounds
from backend.demo.month.stories import MONTH, Stories
from backend.demo.month.watch import NIGHT_MIN, day_name, days_from, moment_on
from backend.demo.seeding import seed_bank
from backend.demo.timekeeper import Timekeeper, await_judgement
from backend.domain.compliance.queries.setup import ToldDay, replace_year
from backend.migrations import migrate
from backend.settings import Settings

FIRST, LAST = date(2026, 9, 28), date(2026, 11, 7)
OPENS, CLOSES = date(2026, 10, 1), date(2026, 10, 31)
OFFICE = (
    "S35",
    "S3501",
    "S3506",
    "A35",
    "U35",
)  # supervisors of the union and of two banks, an administrator, an auditor
MORNING_MIN, EVENING_MIN = 8 * 60 + 30, 18 * 60 + 10
MONTH_YEAR = OPENS.year
SATURDAY = 5
DILIGENCE = (1, 0.97, 1, 0.95, 0.9, 0.93, 1, 0.85, 1, 0.97, 1, 0.8)
CLOCK = "clock"
JOURNAL_D = 90  # so that every tablet still tells at the end what became of each visit

Calendar = Callable[[int], Sequence[ToldDay]]  # year → its days; raises for one that nobody has told of


class Result(Struct, frozen=True, kw_only=True):
    """What build/demo.json says of the month."""

    month_visits: int
    month_graded: int
    month_grades: dict[str, int]
    month_duties: int
    month_rate: float
    month_share_done: float
    month_revisions: int
    month_late_visits: int
    month_decisions: int
    month_recount_equal: bool
    evidence_verified: bool
    month_is_proven: bool


class Tools(Struct, frozen=True, kw_only=True):
    """What the command line does as well: the State Council's calendar, and checking an export."""

    calendar: Calendar
    source: tuple[str, str]  # of the calendar, and its version
    read_export: Callable[[Path], Mapping[str, bytes]]


def live_month(settings: Settings, tools: Tools, *, seed: int, say: Say, workbook: Path, scale: float = 1) -> Result:
    """Live October 2026 on a real server in an empty data folder, tell it, and return what was proven.

    `workbook`: where the month's report of one bank is left as XLSX.
    """
    with opened_month(settings, tools, seed=seed, say=say, scale=scale) as month:
        month.live()
        return month.tell(workbook)


@contextmanager
def opened_month(
    settings: Settings, tools: Tools, *, seed: int, say: Say, scale: float = 1, is_late: bool = True
) -> Iterator["Month"]:  # fmt: skip
    """Make the bank on 28 September, start the server, enrol everybody, and yield the month that waits to be lived.

    `is_late`: two tablets lose their line before the month ends, and hand in after it.
    """
    settings = replace(settings, offline_journal_d=JOURNAL_D)
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    clock, tale = PlayedClock(folder / CLOCK), Tale(say)
    clock.set(moment_on(FIRST, MORNING_MIN))
    tale.title(f"A month of field managers: {MONTH}, seed {seed}")
    migrate(settings.database)
    with closing(House(settings, clock)) as house:
        bank = make_month_bank(seed, house.auth.now(), round(CUSTOMERS * scale))
        credentials = seed_bank(house.engine, house.auth, bank, lambda _what, _done, _of: None)
        held = f"{len(bank.customers)} customers, {len(bank.holdings)} loans"
        tale.lines([f"{len(list_managers(bank))} field managers, {held}"])
        timekeeper = Timekeeper(house)
        with (
            ServerProcess(settings, folder / CLOCK) as server,
            closing(Crew(server.url, credentials, FIRST, clock, folder, seed)) as crew,
        ):
            yield Month(house, timekeeper, crew, bank, tools, tale, clock, seed, is_late=is_late)


def add_figures(path: Path, result: Result) -> None:
    """Put the month's figures beside those of the day that stand in a file, or into a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    told = msgspec.json.encode(known | msgspec.to_builtins(result))
    path.write_bytes(msgspec.json.format(told, indent=2) + b"\n")


class Month:
    """Twelve people and their tablets, from the rule to the proof."""

    def __init__(
        self, house: House, timekeeper: Timekeeper, crew: Crew, bank: Bank, tools: Tools, tale: Tale,
        clock: PlayedClock, seed: int, *, is_late: bool,
    ) -> None:  # fmt: skip
        self.house, self.clock, self.tools, self._tale = house, clock, tools, tale
        self._timekeeper = timekeeper
        self.owing, self._state = list_owing(bank), "open"
        self.desks = {staff_no: crew.desk(staff_no) for staff_no in OFFICE}
        self._set_up()
        self.managers = {
            name: crew.manager(name, diligence) for name, diligence in zip(list_managers(bank), DILIGENCE, strict=True)
        }
        for manager in self.managers.values():
            assert manager.hand_in(), "no first sync"
        self.workdays = self._list_workdays()
        self.random = Random(f"month {seed}")  # noqa: S311  # a demonstration wants a seed that repeats
        self.stories = Stories(
            house, self.managers, self.desks, self.workdays, self._note, self.random, is_late=is_late
        )  # fmt: skip
        self.reviews = Reviews(self.managers, self.desks, self._note)

    def live(self) -> None:
        """Live the month and the days after it, until nothing more comes."""
        self._night(date(2026, 10, 1))
        self._night(self.workdays[0])
        self._make_plans()
        for day in days_from(self.workdays[0], LAST):
            self._work(day)
            if day.weekday() == SATURDAY:
                self._tale.end_hour(f"until {day_name(day)}", self._totals())
            self._night(date.fromordinal(day.toordinal() + 1))

    def tell(self, workbook: Path) -> Result:
        """Tell what became of the month, prove it, and leave the report of one bank as a workbook."""
        for manager in self.managers.values():
            assert manager.hand_in(), f"{manager.name} cannot take in"
        shown = telling.tell_month(self._tale, self.desks, self.managers, self.stories)
        workbook.parent.mkdir(parents=True, exist_ok=True)
        workbook.write_bytes(self.desks["S3506"].fetch(f"/compliance/months/{MONTH}/report.xlsx"))
        self._tale.lines([f"the report of bank 3506 as a workbook: {workbook}"])
        export = Export(self.tools.read_export, Path(self.house.settings.data_dir))
        proven = prove_month(self.house, self.desks, self.managers, self.owing, export)
        self._tale.title("Proof of the month")
        self._tale.lines([f"{'✔' if it.is_proven else '✘'} {it.name}: {it.told}" for it in proven.findings])
        return Result(
            month_visits=proven.made, month_graded=proven.graded, month_grades=proven.grades,
            month_duties=shown.duties, month_rate=shown.rate, month_share_done=shown.share_done,
            month_revisions=shown.revisions, month_late_visits=shown.late_visits, month_decisions=shown.decisions,
            month_recount_equal=proven.is_recount_equal, evidence_verified=proven.is_evidence_whole,
            month_is_proven=all(finding.is_proven for finding in proven.findings),
        )  # fmt: skip

    # --- before the month

    def _set_up(self) -> None:
        """Tell the server which days are worked, and what is asked of whom."""
        source, version = self.tools.source
        days = self.tools.calendar(MONTH_YEAR)
        self.house.store.write(
            lambda unit: replace_year(unit.connection, MONTH_YEAR, days, source, version, is_confirmed=True)
        )
        said = {
            "code": CODE, "org_id": "35", "valid_from_month": MONTH, "threshold_fen": THRESHOLD_FEN,
            "min_visits": VISITS_MIN, "min_content_chars": 10, "note": "001-17",
        }  # fmt: skip
        self.desks["A35"].ask("POST", "/compliance/rules", said)
        self._tale.lines(
            [f"A35 rules: whoever owes more than {THRESHOLD_FEN // 100:,} yuan is visited {VISITS_MIN} times a month"]
        )

    def _list_workdays(self) -> list[date]:
        year = self.desks["S35"].get(f"/compliance/calendar/{MONTH_YEAR}")
        told = {date.fromisoformat(one["day"]): one["kind"] for one in year["days"]}
        worked = [day for day in days_from(OPENS, CLOSES) if told[day] in ("workday", "make_up")]
        made_up = [day_name(day) for day in worked if told[day] == "make_up"]
        free = [day for day in days_from(OPENS, CLOSES) if told[day] == "holiday"]
        self._tale.lines(
            [f"{len(worked)} working days: {day_name(free[0])} to {day_name(free[-1])} is a holiday, "
             f"{', '.join(made_up)} is worked instead"]
        )  # fmt: skip
        return worked

    def _make_plans(self) -> None:
        """Let everybody look at what is due, and plan the month; what goes wrong is among it."""
        self.clock.set(moment_on(self.workdays[0], MORNING_MIN))
        for manager in self.managers.values():
            assert manager.hand_in(), "no plan without a sync"
            manager.plan(self.workdays, self.random)
            manager.plan_beside(self.workdays, self.random)
        self.stories.arrange()
        duties = sum(len(manager.duties()) for manager in self.managers.values())
        meant = sum(len(manager.appointments) for manager in self.managers.values())
        self._tale.lines([f"the tablets show {duties} duties as due; {meant} visits are planned", ""])

    # --- the days

    def _work(self, day: date) -> None:
        """Let a day pass: what is due by the minute, and in the evening everybody hands in."""
        happenings = [*self.stories.happenings_on(day), *self.reviews.happenings_on(day)]
        if day not in self.workdays and not happenings:
            return
        self.clock.set(moment_on(day, MORNING_MIN))
        for manager in self.managers.values():
            manager.wake()
        for minute, happen in sorted([*happenings, (EVENING_MIN, self._hand_in)], key=lambda one: one[0]):
            self._visit(day, minute)
            self.clock.set(moment_on(day, minute))
            happen()

    def _visit(self, day: date, until_min: int) -> None:
        """Keep the day's appointments up to a minute, in the order in which they end."""
        while due := [one for one in self._due(day) if one[1].minute <= until_min]:
            manager, one = min(due, key=lambda pair: pair[1].minute)
            self.clock.set(moment_on(day, one.minute))
            manager.appointments.remove(one)
            manager.keep(one)

    def _due(self, day: date) -> list[tuple[Rounds, Appointment]]:
        return [(manager, one) for manager in self.managers.values() for one in manager.appointments if one.day == day]

    def _hand_in(self) -> None:
        for manager in self.managers.values():
            if manager.worker.tablet.unsent_count():
                manager.hand_in()

    def _night(self, day: date) -> None:
        """Let the timed jobs run just after midnight of a new day."""
        self.clock.set(moment_on(day, NIGHT_MIN))
        await_judgement(self.house)
        self._timekeeper.step()
        if day > CLOSES:
            self._note_close()

    def _note_close(self) -> None:
        """Tell it if the timed jobs have closed the month a first or a second time."""
        (now,) = [one for one in self.desks["S35"].get("/compliance/months")["items"] if one["month"] == MONTH]
        if now["state"] != self._state:
            self._state = now["state"]
            self._note(f"⏱ the timed close: {MONTH} is {now['state']} now, revision {now['revision']}")

    def _totals(self) -> Counter[str]:
        managers = self.managers.values()
        return Counter(
            {
                "visits": sum(manager.made for manager in managers),
                "handed in": sum(manager.made - manager.worker.tablet.unsent_count() for manager in managers),
                "photos": sum(manager.photos for manager in managers),
            }
        )

    def _note(self, text: str) -> None:
        self._tale.note(telling.hour_of(self.clock()), text)
