"""Timed work: one leader, each slot once, and what the jobs do."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.jobs.claims import claim
from backend.jobs.leader import DatabaseLeadership, FileLeadership, leadership_for
from backend.jobs.schedule import Clockwork, Job, slot_of
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore

DOCS = Path(__file__).parents[3] / "docs"
NOW = datetime(2026, 11, 21, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(url):
    with SqlStore(make_engine(url)) as store:
        yield store


class Leading:
    """A process that leads, or does not."""

    def __init__(self, leads: bool = True) -> None:
        self.leads = leads

    def hold(self) -> bool:
        return self.leads

    def give_up(self) -> None:
        self.leads = False


def work(ran: list[datetime], every_s: int = 3600) -> Job:
    return Job(name="count", every_s=every_s, run=ran.append)


def test_a_slot_is_claimed_once(store):
    assert claim(store, "job", "slot-1", NOW, "a")
    assert not claim(store, "job", "slot-1", NOW, "b")
    assert claim(store, "job", "slot-2", NOW, "b")
    assert claim(store, "other", "slot-1", NOW, "b")


def test_claims_of_long_ago_are_forgotten(store):
    claim(store, "job", "old", NOW - timedelta(days=61), "a")
    assert claim(store, "job", "new", NOW, "a")
    kept = store.read(lambda look: look.connection.exec_driver_sql("SELECT slot FROM job_claim").scalars().all())
    assert kept == ["new"]


def test_two_leaders_by_mistake_run_a_slot_once(store):
    ran: list[datetime] = []
    clockworks = [Clockwork([], store, Leading(), lambda: NOW) for _ in range(2)]
    assert [clockwork.tick(work(ran)) for clockwork in clockworks] == [True, False]
    assert len(ran) == 1


def test_who_does_not_lead_runs_nothing(store):
    ran: list[datetime] = []
    assert not Clockwork([], store, Leading(leads=False), lambda: NOW).tick(work(ran))
    assert ran == []


def test_a_job_that_breaks_ends_only_its_own_slot(store):
    def broken(_now: datetime) -> None:
        raise RuntimeError

    clockwork = Clockwork([], store, Leading(), lambda: NOW)
    assert not clockwork.tick(Job(name="broken", every_s=60, run=broken))
    assert clockwork.tick(work([]))


def test_slots_follow_each_other_without_gaps():
    job = work([])
    moments = [NOW + timedelta(minutes=10 * step) for step in range(13)]
    assert slot_of(job, NOW) == "2026-11-21T03:00:00.000Z"
    assert len({slot_of(job, moment) for moment in moments}) == 3


def test_the_leader_is_one_process_until_it_ends(tmp_path):
    path = tmp_path / "jobs.lock"
    program = (
        "import sys; from pathlib import Path; from backend.jobs.leader import FileLeadership; "
        "print(FileLeadership(Path(sys.argv[1])).hold(), flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"True\n"
    leadership = FileLeadership(path)
    assert not leadership.hold()
    other.kill()
    other.wait(10)
    other.stdin.close()
    other.stdout.close()
    assert leadership.hold()
    assert leadership.hold()
    leadership.give_up()


def test_on_postgresql_the_leader_is_one_connection(postgres_url, tmp_path):
    engines = [make_engine(postgres_url) for _ in range(2)]
    first, second = (leadership_for(engine, tmp_path) for engine in engines)
    assert isinstance(first, DatabaseLeadership)
    assert [first.hold(), second.hold(), first.hold()] == [True, False, True]
    first.give_up()
    assert second.hold()
    second.give_up()
    for engine in engines:
        engine.dispose()


def test_every_job_of_the_server_runs_on_an_empty_database(app):
    house = app.state.house
    ran = [(job.name, house.clockwork.tick(job)) for job in house.clockwork.jobs]
    assert ran
    assert all(was_run for _, was_run in ran)
    house.close()


def test_every_job_is_on_the_operators_page_once(app):
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    jobs = [job.name for job in app.state.house.clockwork.jobs]
    app.state.house.close()
    assert [page.count(f"| `{name}` |") for name in jobs] == [1] * len(jobs)
