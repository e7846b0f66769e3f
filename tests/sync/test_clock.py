"""Clocks are evidence: whatever they say, a request is answered, and nothing was made after it arrived."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import ClockEvidence
from sync.clock import DeviceClock, estimate_made_at
from sync.moments import read_moment, write_moment

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000


def estimate(wall="", at_boot="", at_mono_ms=0, **now):
    return estimate_made_at(ClockEvidence(wall=wall, boot=at_boot, mono_ms=at_mono_ms), DeviceClock(**now), NOW)


def test_the_uptime_since_is_trusted_within_one_boot_whatever_the_wall_says():
    made = estimate("2031-01-01T00:00:00Z", "b", 1000, boot="b", mono_ms=1000 + HOUR_MS, wall_ms=0)
    assert made == write_moment(NOW - timedelta(hours=1))


def test_after_a_restart_the_wall_is_corrected_by_how_far_it_is_off_now():
    ahead = NOW + timedelta(hours=2)
    made = estimate(
        write_moment(ahead - timedelta(hours=5)), "b1", 7, boot="b2", mono_ms=9, wall_ms=NOW_MS + 2 * HOUR_MS
    )
    assert made == write_moment(NOW - timedelta(hours=5))


def test_without_a_present_clock_the_wall_is_taken_as_it_is():
    assert estimate("2026-11-21T09:30:00+08:00") == "2026-11-21T01:30:00.000Z"


def test_nothing_is_made_after_it_arrived():
    assert estimate("2027-01-01T00:00:00Z") == write_moment(NOW)
    assert estimate("", "b", 5000, boot="b", mono_ms=1) == write_moment(NOW)


def test_a_wall_that_tells_nothing_tells_now():
    assert estimate("yesterday") == write_moment(NOW)


ABSURD = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31T23:59:59.999999Z",
          "NaN", "", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T00:00:00+99:99",
          "1e9", "\x00", "２０２６-11-21"]  # fmt: skip


@pytest.mark.parametrize("wall", ABSURD)
@pytest.mark.parametrize("wall_ms", [None, 0, -(10**15), 10**15, 10**400, -(10**400)])
def test_absurd_clocks_get_an_estimate(wall, wall_ms):
    made = read_moment(estimate(wall, wall_ms=wall_ms))
    assert made is not None
    assert made <= NOW


@given(
    st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(str), st.sampled_from(["", "a", "b"]),
    st.integers(0, 2**53), st.none() | st.integers(), st.sampled_from(["", "a", "b"]), st.none() | st.integers(),
)  # fmt: skip
def test_every_clock_gets_an_estimate_that_is_not_in_the_future(wall, boot, mono_ms, wall_ms, now_boot, now_mono_ms):
    told = ClockEvidence(wall=wall, boot=boot, mono_ms=mono_ms)
    made = read_moment(estimate_made_at(told, DeviceClock(wall_ms=wall_ms, boot=now_boot, mono_ms=now_mono_ms), NOW))
    assert made is not None
    assert made <= NOW


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_millisecond_and_sorts_as_text(moment):
    text = write_moment(moment)
    assert read_moment(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert (text <= write_moment(NOW)) == (moment.replace(microsecond=moment.microsecond // 1000 * 1000) <= NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_written_as_rfc_3339_writes_it_to_the_millisecond(moment):
    assert write_moment(moment) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert read_moment(write_moment(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
