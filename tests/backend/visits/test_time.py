"""When a visit was, whatever the tablet's clock said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.time import (
    Sealed,
    Sealing,
    bound_by_neighbours,
    is_within,
    local_date,
    month_of,
    read_moments,
)
from contracts.clock import ClockEvidence
from contracts.kinds.visit import Fix
from sync.moments import shift_moment

SIGNED = "2026-11-20T02:30:00.000Z"
MINUTE_MS = 60_000


def moments(started="", ended=None, check_in=(), check_out=(), wall=SIGNED, boot="b", mono_ms=100 * MINUTE_MS):
    clock = ClockEvidence(wall=wall, boot=boot, mono_ms=mono_ms)
    sealing = Sealing(at=SIGNED, quality="anchored", clock=clock)
    return read_moments(sealing, started, ended, check_in, check_out, 86_400)


def fix(elapsed_min, boot="b"):
    return Fix(lat=26, lon=119, accuracy_m=9, fix_wall_time="", fix_elapsed_ms=elapsed_min * MINUTE_MS, boot_id=boot)


def test_the_uptime_of_a_fix_shows_when_it_was_whatever_the_wall_says():
    told = moments("2031-01-01T00:00:00Z", "1999-01-01T00:00:00Z", [fix(70), fix(71)], [fix(95)], wall="2020-02-02")
    assert (told.began_at, told.ended_at) == ("2026-11-20T02:00:00.000Z", "2026-11-20T02:25:00.000Z")
    assert told.quality == "anchored"


def test_without_uptime_the_wall_is_corrected_by_what_it_was_off_when_signed():
    told = moments("2026-11-25T02:00:00Z", check_in=[fix(70, boot="another")], wall="2026-11-25T02:30:00Z")
    assert (told.began_at, told.quality, told.ended_at) == ("2026-11-20T02:00:00.000Z", "unanchored", None)


@pytest.mark.parametrize("started", ["2026-11-18T02:00:00Z", "2026-11-20T02:30:01Z", "yesterday"])
def test_a_start_that_nobody_can_show_is_the_signature(started):
    assert moments(started).began_at == SIGNED


def test_a_visit_never_ends_before_it_began():
    told = moments("2026-11-20T02:20:00Z", "2026-11-20T02:10:00Z")
    assert told.ended_at == told.began_at


def sealed(n, hour, is_anchored=True, received="2026-11-30T00:00:00.000Z"):
    return Sealed(n=n, at=shift_moment("2026-11-20T00:00:00.000Z", hours=hour), is_anchored=is_anchored,
                  received_at=received)  # fmt: skip


def test_a_clock_set_wrong_by_days_leaves_the_event_between_its_neighbours():
    ahead, behind = 240, -240
    for wrong in (ahead, behind):
        before, told, after = bound_by_neighbours([sealed(1, 1), sealed(2, wrong, is_anchored=False), sealed(3, 2)])
        assert before <= told <= after


def test_nothing_happened_after_it_was_received():
    assert bound_by_neighbours([sealed(1, 999, False, "2026-11-21T00:00:00.000Z")]) == ["2026-11-21T00:00:00.000Z"]


anchored = st.lists(st.booleans(), min_size=1, max_size=8)


@given(anchored, st.data())
def test_wrong_clocks_change_no_order_among_anchored_events(are_anchored, data):
    events = [
        sealed(n, n if is_anchored else data.draw(st.integers(-500, 500)), is_anchored)
        for n, is_anchored in enumerate(are_anchored)
    ]
    told = bound_by_neighbours(events)
    known = [at for at, event in zip(told, events, strict=True) if event.is_anchored]
    assert known == [event.at for event in events if event.is_anchored]
    for at, event in enumerate(events):
        assert all(
            told[earlier] <= told[at] for earlier in range(at) if events[earlier].is_anchored or event.is_anchored
        )


def test_days_and_months_are_those_of_shanghai():
    assert local_date("2026-10-31T15:59:59.999Z") == "2026-10-31"
    assert month_of("2026-10-31T16:00:00.000Z") == "2026-11"
    assert is_within("2026-11-20T00:00:00.000Z", 8, 18)
    assert not is_within("2026-11-20T10:00:00.000Z", 8, 18)
