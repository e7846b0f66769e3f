"""The played time: the same in every process, and never back."""

import pickle
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.demo.day.clock import DayClock, PlayedClock, TabletClock
from backend.demo.day.day import newest_workday

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
SOON = timedelta(seconds=30)  # as long as a test may take at most


@pytest.fixture
def clock(tmp_path):
    clock = PlayedClock(tmp_path / "clock")
    clock.set(NOON)
    return clock


def test_another_process_reads_the_same_time(clock):
    there = pickle.loads(pickle.dumps(clock))  # noqa: S301 - our own bytes
    clock.set(NOON + timedelta(hours=2))
    assert timedelta(0) <= there() - (NOON + timedelta(hours=2)) < SOON


def test_it_goes_on_and_never_back(clock):
    clock.set(NOON - timedelta(days=1))
    assert timedelta(0) <= clock() - NOON < SOON


def test_a_tablet_counts_its_uptime_in_played_time(tmp_path):
    day = DayClock(date(2026, 11, 21), PlayedClock(tmp_path / "clock"))
    tablet = TabletClock(day, "b")
    day.minute += 90
    told = tablet.read()
    assert 0 <= told.mono_ms - 90 * 60_000 < SOON.total_seconds() * 1000
    assert told.wall.startswith("2026-11-21T10:00")


@pytest.mark.parametrize(("today", "lived"), [("2026-11-27", "2026-11-27"), ("2026-11-28", "2026-11-27"),
                                              ("2026-11-29", "2026-11-27"), ("2026-11-30", "2026-11-30")])  # fmt: skip
def test_the_day_is_one_on_which_a_bank_is_open(today, lived):
    assert newest_workday(date.fromisoformat(today)) == date.fromisoformat(lived)
