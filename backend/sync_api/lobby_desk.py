"""The lobby online: a branch's line as it is, and the day in figures for a branch and above it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from backend.domain.handoffs.lobby_days import (
    LATE_D,
    KeptDay,
    Savings,
    count_tickets,
    counters_of,
    find_days,
    line_places,
    read_day,
)
from backend.domain.handoffs.paces import find_pace
from backend.domain.orgs.queries import OrgRow, find_org, list_orgs, orgs_below
from backend.domain.tickets.rules.figures import Prefilling, tally_day
from backend.domain.tickets.rules.live import line_of, staffing_of
from backend.domain.tickets.rules.meaning import definitions
from backend.domain.tickets.rules.tally import Tally, figures_of, whole
from backend.identity import BANK_TIME, Role, branch_bucket, business_date
from backend.settings import Settings
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.days import check_days
from contracts.lobby import DayAnswer, LineAnswer
from sync.errors import NotFound
from sync.kind import Actor
from sync.moments import write_moment

AREA_ROLES = frozenset({Role.SUPERVISOR.value, Role.ADMINISTRATOR.value, Role.AUDITOR.value})
COUNTED_NOW_MAX = 20_000  # tickets of an area that one answer counts anew; beyond that it adds up what is kept
BRANCH, BY_BRANCH = "branch", "branch"
OWN_TO_A_BRANCH = frozenset({"counter"})  # keys that mean something in their branch only


class LobbySettings(Struct, frozen=True, kw_only=True):
    """What figures are measured against."""

    target_s: float
    wanted: float
    prior_s: float
    behind: int
    savings: Savings


def lobby_settings(settings: Settings) -> LobbySettings:
    """Return the part of the settings that the figures need. Raises ValueError for a list that cannot be read."""
    services = frozenset(name.strip() for name in settings.prefill_services.split(",") if name.strip())
    pairs = (pair.split("=") for pair in settings.prefill_saved_by_template.split(",") if pair.strip())
    return LobbySettings(
        target_s=settings.wait_target_min * 60,
        wanted=settings.service_level_target / 100,
        prior_s=settings.service_prior_min * 60,
        behind=settings.returned_behind,
        savings=Savings(
            usual_min=settings.prefill_saved_min,
            by_template={code.strip(): float(minutes) for code, minutes in pairs},
            prefilling=Prefilling(services=services),
        ),
    )


class LobbyDesk:
    """Answers lobby managers of a branch, and those who answer for an area."""

    def __init__(self, store: SqlStore, clock: Callable[[], datetime], settings: LobbySettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def line(self, actor: Actor, branch: str) -> LineAnswer:
        """Return a branch's line now, and what Erlang C says of its counters. Raises NotFound outside the area."""
        return self._store.read(lambda look: self._line(look, actor, branch))

    def cuts(self, actor: Actor, org_id: str, date: str, ways: Sequence[str]) -> list[DayAnswer]:
        """Return the figures of an institution's day once for each way of cutting it, all counted at one moment.

        Raises NotFound outside the area, Malformed for a day that no calendar has.
        """
        check_days(date=date)
        return self._store.read(lambda look: self._cuts(look, actor, org_id, date, ways))

    def _line(self, look: SqlSnapshot, actor: Actor, branch: str) -> LineAnswer:
        _check_scope(look, actor, branch)
        now = self._clock()
        counters, pace = counters_of(look, branch), find_pace(look, branch)
        today = business_date(now)
        places = line_places(look.connection, branch, today)
        line = line_of(places, counters, pace, write_moment(now), behind=self._settings.behind)
        wish = {"target_s": self._settings.target_s, "wanted": self._settings.wanted}
        staffing = [staffing_of(one.series, counters, pace, **wish) for one in line.series]
        return replace(line, branch_id=branch, staffing=staffing)

    def _cuts(self, look: SqlSnapshot, actor: Actor, org_id: str, date: str, ways: Sequence[str]) -> list[DayAnswer]:
        days = self._count(look, _check_scope(look, actor, org_id), date)
        return [self._day(days, org_id, date, by) for by in ways]

    def _day(self, days: Sequence[KeptDay], org_id: str, date: str, by: str) -> DayAnswer:
        parts = add_up(days, by)
        return DayAnswer(
            org_id=org_id,
            business_date=date,
            by=by,
            target_s=self._settings.target_s,
            as_of=min((day.as_of for day in days), default=write_moment(self._clock())),
            branches=len(days),
            total=figures_of("", whole(parts.values()), self._settings.target_s),
            rows=[figures_of(key, parts[key], self._settings.target_s) for key in sorted(parts)],
            definitions=definitions(self._settings.target_s),
        )

    def _count(self, look: SqlSnapshot, branches: list[str], date: str) -> list[KeptDay]:
        """Return the days of an area's branches: counted now where they may still change and are few, else as kept."""
        now = self._clock()
        settled = (now.astimezone(BANK_TIME).date() - timedelta(days=LATE_D)).isoformat()
        kept = find_days(look.connection, branches, date)
        is_much = count_tickets(look.connection, branches, date, COUNTED_NOW_MAX + 1) > COUNTED_NOW_MAX
        if date < settled or is_much:
            missing = [branch for branch in branches if branch not in kept]
            return [*kept.values(), *self._count_now(look, missing, date, now)]
        return self._count_now(look, branches, date, now)

    def _count_now(self, look: SqlSnapshot, branches: Iterable[str], date: str, now: datetime) -> list[KeptDay]:
        days = ((branch, read_day(look, branch, date, now, self._settings.savings)) for branch in branches)
        return [
            KeptDay(branch_id=branch, as_of=write_moment(now), head=0, parts=tally_day(day))
            for branch, day in days
            if day.tickets or day.approaches or len(day.counters) > 0
        ]


def add_up(days: Iterable[KeptDay], by: str) -> Mapping[str, Tally]:
    """Return the parts of several branches' days, added; nothing is an average before everything is added."""
    found: dict[str, Tally] = {}
    listed = sorted(days, key=lambda day: day.branch_id)
    for day in listed:
        parts = {"": whole(day.parts.by.get("hour", {}).values())} if by == BY_BRANCH else day.parts.by.get(by, {})
        for key, tally in parts.items():
            found.setdefault(_key(key, day.branch_id, by, len(listed)), Tally()).merge(tally)
    return found


def _key(key: str, branch: str, by: str, branches: int) -> str:
    if by == BY_BRANCH:
        return branch
    return f"{branch}/{key}" if key and branches > 1 and by in OWN_TO_A_BRANCH else key


def _check_scope(look: SqlSnapshot, actor: Actor, org_id: str) -> list[str]:
    """Return the branches of an institution that the actor may see. Raises NotFound for any other."""
    org = find_org(look.connection, org_id)
    if org is None or not _may_see(look, actor, org):
        raise NotFound
    below = orgs_below(look.connection, org_id)
    return [one.org_id for one in list_orgs(look.connection) if one.org_id in below and one.level == BRANCH]


def _may_see(look: SqlSnapshot, actor: Actor, org: OrgRow) -> bool:
    if Role.LOBBY_MANAGER.value in actor.roles and branch_bucket(org.org_id) in actor.buckets:
        return True
    return not actor.roles.isdisjoint(AREA_ROLES) and org.org_id in orgs_below(look.connection, actor.org_id)
