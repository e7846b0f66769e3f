"""How long somebody waits: golden values, and what must hold of any line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.tickets.rules.line import Place
from backend.domain.tickets.rules.live import line_of, next_wait, staffing_of
from backend.domain.tickets.rules.staffing import (
    Staffing,
    counters_needed,
    mean_wait_s,
    service_level,
    staff,
    wait_share,
)
from backend.domain.tickets.rules.waiting import (
    Line,
    erlang_quantile,
    estimate_wait,
    newcomer,
    say_wait,
    shrunk_mean_s,
)
from contracts.kinds.pace import Pace, SeriesPace
from tests.backend.lobby.cases import BRANCH, DAY, counter, moment

MEAN_S = 420.0


def place(number: int, series: str = "A", priority: int = 0, **fields) -> Place:
    state = fields.pop("state", "waiting")
    return Place(
        id=f"t-{number:03}", series=series, number=number, state=state, priority=priority,
        issued_at=moment(number), **fields,
    )  # fmt: skip


def staff_figures(found: Staffing) -> tuple[float, float, float]:
    """Return what gets no larger with a counter more."""
    assert found.wait_share is not None
    assert found.wait_mean_s is not None
    assert found.service_level is not None
    return found.wait_share, found.wait_mean_s, -found.service_level


def pace(**arrivals_h: float) -> Pace:
    series = [SeriesPace(series=name, service_mean_s=MEAN_S, arrivals_h=rate) for name, rate in arrivals_h.items()]
    return Pace(branch_id=BRANCH, business_date=DAY, as_of=moment(0), series=series)


@pytest.mark.parametrize(
    ("ahead", "counters", "mean", "p10", "p50", "p90"),
    [(0, 1, 7.0, 0.689, 4.916, 15.957), (9, 3, 23.333, 14.523, 22.564, 33.132)],
)
def test_waits_are_those_of_the_golden_values(ahead, counters, mean, p10, p50, p90):
    wait = estimate_wait(ahead, counters, 0, 7 * 60)
    assert wait is not None
    found = (wait.mean_s / 60, wait.lo_s / 60, erlang_quantile(ahead + 1, 7 / counters, 0), wait.hi_s / 60)
    assert found == pytest.approx((mean, p10, p50, p90), abs=6e-4)


@pytest.mark.parametrize(
    ("counters", "offered", "share", "mean", "level"),
    [(1, 0.8, 0.8, 4.0, 0.345015), (3, 2.4, 0.647191, 1.078652, 0.644814)],
)
def test_erlang_c_gives_the_golden_values(counters, offered, share, mean, level):
    assert wait_share(counters, offered) == pytest.approx(share, abs=1e-6)
    assert mean_wait_s(counters, offered, 1) == pytest.approx(mean, abs=1e-6)
    assert service_level(counters, offered, 1, 1) == pytest.approx(level, abs=1e-6)


def test_three_ahead_of_two_counters_is_told_as_the_rules_say():
    assert say_wait(estimate_wait(3, 2, 0, MEAN_S)) == "约 6–24 分钟"


def test_a_free_counter_means_no_wait_and_no_counter_means_no_word():
    assert say_wait(estimate_wait(0, 2, 1, MEAN_S)) == "无需等候"
    assert say_wait(estimate_wait(5, 0, 0, MEAN_S)) == "暂无窗口办理"


@given(st.integers(0, 200), st.integers(1, 40), st.floats(1, 5000))
def test_a_wait_grows_with_those_ahead_and_shrinks_with_counters(ahead, counters, mean_s):
    wait, longer = estimate_wait(ahead, counters, 0, mean_s), estimate_wait(ahead + 1, counters, 0, mean_s)
    shorter = estimate_wait(ahead, counters + 1, 0, mean_s)
    assert wait is not None
    assert longer is not None
    assert shorter is not None
    for end in ("mean_s", "lo_s", "hi_s"):
        assert getattr(shorter, end) < getattr(wait, end) < getattr(longer, end)
    assert 0 < wait.lo_s < wait.mean_s < wait.hi_s
    assert wait.lo_min * 60 <= wait.lo_s
    assert wait.hi_min * 60 >= wait.hi_s


@given(st.floats(0.01, 30), st.integers(1, 40))
def test_a_counter_more_never_makes_anybody_wait_longer(offered, counters):
    now, more = (staff(c, offered, MEAN_S, target_s=600, wanted=0.8) for c in (counters, counters + 1))
    assert now.is_growing == (counters <= offered) == (now.wait_share is None)
    assert now.counters_needed is not None
    assert service_level(now.counters_needed, offered, MEAN_S, 600) >= 0.8
    if not now.is_growing:
        before, after = (staff_figures(one) for one in (now, more))
        assert all(later <= earlier for earlier, later in zip(before, after, strict=True))


def test_more_than_a_hundred_counters_are_not_advised():
    assert counters_needed(500, MEAN_S, 600, 0.8) is None


def test_priority_is_ahead_whenever_it_came():
    line = Line([place(1), place(2), place(3, "V", priority=2)], [counter("1")])
    assert [line.ahead_of(one) for one in line.waiting] == [0, 1, 2]
    assert line.ahead_of(newcomer("P", 3)) == 0
    assert line.ahead_of(newcomer("A")) == 3


def test_only_those_count_whom_my_counters_call():
    line = Line([place(1), place(2, "B"), place(3, "B")], [counter("1", series=("A",)), counter("2", series=("B",))])
    assert line.ahead_of(newcomer("A")) == 1
    assert line.ahead_of(newcomer("B")) == 2
    assert line.ahead_of(newcomer("C")) == 0


def test_those_who_may_be_called_elsewhere_count_for_the_share_of_counters():
    counters = [counter("1", series=("A", "B")), counter("2", series=("B",))]
    line = Line([place(number, "B") for number in range(4)], counters)
    assert line.ahead_of(newcomer("A")) == 2
    assert line.ahead_of(newcomer("B")) == 4


def test_a_transfer_waits_for_its_counter_and_a_return_behind_the_next():
    moved = place(1, state="transferred", for_counter="2")
    back = place(2, state="returned", returned_at=moment(9), called_at=moment(1))
    line = Line([moved, back, *(place(number) for number in range(3, 8))], [counter("1"), counter("2")])
    assert line.counters_for(moved) == {"2"}
    assert [one.number for one in line.waiting].index(2) == 3


def test_a_paused_counter_helps_nobody_and_an_undeclared_one_that_works_does():
    at_nine = place(9, state="serving", counter="9")
    assert Line([place(1)], [counter("1", ("paused", 0))]).counters_for(place(1)) == set()
    assert Line([place(1), at_nine], []).counters_for(place(1)) == {"9"}


def test_few_services_move_a_mean_little():
    assert shrunk_mean_s(420, 0, 0) == 420
    assert shrunk_mean_s(420, 10 * 600, 10) == 510
    assert shrunk_mean_s(420, 1000 * 600, 1000) == pytest.approx(598.2, abs=0.1)


def test_a_line_tells_counts_waits_and_its_age():
    places = [place(1), place(2), place(3, state="serving", counter="1")]
    line = line_of(places, [counter("1", series=("A",))], pace(A=6), moment(10), as_of=moment(8))
    (series,) = line.series
    assert (line.waiting, series.waiting, series.counters_open, series.longest_wait_s) == (2, 2, 1, 9 * 60)
    assert (series.lo_min, series.hi_min) == (7, 38)
    assert [one.ahead for one in line.tickets] == [0, 1]
    assert (line.counters[0].number, line.counters[0].waiting) == (3, 2)
    assert not line.is_live
    assert line_of(places, [], None, moment(10)).is_live


def test_whoever_was_sent_on_keeps_the_printed_number_in_the_line_of_others():
    line = line_of([place(7, "V", state="transferred", for_series="A")], [counter("1")], None, moment(9))
    assert [(one.series, one.display, one.priority) for one in line.tickets] == [("A", "V007", 2)]


def test_a_newcomer_is_told_what_the_line_tells():
    places, counters = [place(1), place(2, state="called", counter="1")], [counter("1")]
    wait = next_wait("A", 0, places, counters, pace(A=6))
    (series,) = line_of(places, counters, pace(A=6), moment(10)).series
    assert wait is not None
    assert (wait.lo_min, wait.hi_min) == (series.lo_min, series.hi_min)


def test_counters_that_work_for_others_too_carry_their_load():
    counters = [counter("1", series=("A", "B")), counter("2", series=("B",))]
    found = staffing_of("A", counters, pace(A=4, B=6), target_s=600, wanted=0.8)
    assert found.offered_erlang == pytest.approx((4 + 3) * MEAN_S / 3600, abs=1e-3)
    assert not found.is_growing
    grown = staffing_of("A", counters, pace(A=9, B=6), target_s=600, wanted=0.8)
    assert (grown.is_growing, grown.wait_share, grown.counters_needed) == (True, None, 3)
