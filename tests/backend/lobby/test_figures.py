"""The day in figures: a small day counted by hand, and what must hold of any day."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.tickets.rules.figures import DIMENSIONS, Day, DayForm, Prefilling, hour_sums, tally_day
from backend.domain.tickets.rules.funnel import Approach
from backend.domain.tickets.rules.meaning import IN_ENGLISH, MEANINGS, definitions
from backend.domain.tickets.rules.tally import Tally, bin_of, figures_of, longer_than, quantile_s, whole
from contracts.kinds.ticket import STATES
from contracts.lobby import DayFigures
from tests.backend.lobby.cases import DAY, counter, moment, served, ticket, until

TARGET_S = 600


def figures(*tickets, at=480.0, key=None, by="hour", **parts) -> DayFigures:
    tallies = tally_day(Day(business_date=DAY, tickets=dict(tickets), until=until(at), **parts)).by[by]
    return figures_of("", whole(tallies.values()) if key is None else tallies[key], TARGET_S)


def test_a_days_figures_are_those_counted_by_hand():
    day = figures(
        served(1, 0, 4, 5, 11, shown_lo_min=2, shown_hi_min=8),
        served(2, 1, 13, 14, 24, shown_lo_min=2, shown_hi_min=8),
        ticket(3, ("waiting", 2), ("left", 5)),
        ticket(4, ("waiting", 3), ("cancelled", 20)),
        ticket(5, ("waiting", 4), ("called", 6, "2", "t2"), ("recalled", 7, "2", "t2"), ("skipped", 9, "2", "t2"),
               ("expired", 400)),
        ticket(6, ("waiting", 470)),
        counters=[counter("1", ("open", 0), ("closed", 60)), counter("2", ("open", 0), ("paused", 30), ("closed", 60))],
    )  # fmt: skip
    assert (day.issued, day.called, day.finished, day.left, day.cancelled, day.no_shows) == (6, 3, 2, 1, 1, 1)
    assert day.wait_mean_s == pytest.approx((4 + 12 + 2) * 60 / 3)
    assert day.wait_median_s == pytest.approx(4 * 60, abs=30)
    assert day.abandonment == 0.5
    assert day.service_level == 0.6  # two waited longer, and whether the last one will is open
    assert day.service_mean_s == (6 + 10) * 60 / 2
    assert day.occupancy == pytest.approx((7 + 11 + 3) / 90, abs=1e-4)
    assert day.recall_rate == pytest.approx(1 / 3, abs=1e-4)
    assert (day.told, day.coverage) == (2, 0.5)
    assert day.still_waiting == 1


def test_a_wait_ends_at_the_first_call_for_good():
    back = ("waiting", 0), ("called", 6, "1", "t1"), ("skipped", 8), ("returned", 20), ("called", 30, "1", "t1")
    day = figures(ticket(1, *back, ("serving", 31, "1", "t1"), ("finished", 40, "1", "t1")))
    assert (day.wait_mean_s, day.no_shows, day.abandonment) == (360, 0, 0)
    moved = (
        ("transferred", 10, "1", "t1"),
        ("called", 50, "2", "t2"),
        ("serving", 51, "2", "t2"),
        (
            "finished",
            60,
        ),
    )
    day = figures(ticket(1, ("waiting", 0), ("called", 2, "1", "t1"), ("serving", 3, "1", "t1"), *moved))
    assert (day.wait_mean_s, day.services, day.transfers, day.issued) == (120, 2, 1, 1)


def test_a_forgotten_finish_spoils_no_mean():
    good, forgotten = served(1, 0, 1, 2, 8), served(2, 0, 9, 10, 400, time_not_accurate=True)
    day = figures(good, forgotten)
    assert (day.services, day.service_mean_s, day.inaccurate) == (1, 360, 1)
    assert sum(one.services_s for one in hour_sums([good[1], forgotten[1]])) == 7 * 60


def test_a_hold_frees_the_counter_and_counts_as_no_service():
    held = ("held", 5, "1", "t1"), ("serving", 20, "1", "t1"), ("finished", 23, "1", "t1")
    day = figures(ticket(1, ("waiting", 0), ("called", 1, "1", "t1"), ("serving", 2, "1", "t1"), *held))
    assert (day.services, day.service_mean_s, day.busy_s) == (1, 6 * 60, 7 * 60)


def test_whoever_goes_on_after_a_hold_is_at_the_counter_of_before():
    called = ("waiting", 0), ("called", 1, "1", "t1"), ("serving", 2)
    on = ticket(1, *called, ("held", 5), ("serving", 20), ("finished", 23))
    assert (figures(on, by="counter", key="1").services, figures(on, by="counter", key="1").busy_s) == (1, 7 * 60)


@pytest.mark.parametrize("end", ["finished", "transferred"])
def test_whoever_is_done_with_while_on_hold_was_served_before_it(end):
    called = ("waiting", 0), ("called", 1, "1", "t1"), ("serving", 2, "1", "t1")
    day = figures(ticket(1, *called, ("held", 5), (end, 20)))
    assert (day.services, day.service_mean_s, day.busy_s) == (1, 3 * 60, 4 * 60)


def test_what_still_lasts_counts_up_to_now():
    day = figures(
        ticket(1, ("waiting", 0), ("called", 1, "1", "t1"), ("serving", 2, "1", "t1")), at=32,
        counters=[counter("1", ("open", 0))],
    )  # fmt: skip
    assert (day.busy_s, day.open_s, day.services) == (31 * 60, 32 * 60, 0)


def test_a_day_is_told_by_hour_series_counter_and_person():
    tickets = served(1, 0, 4, 5, 11), served(2, 70, 75, 76, 80, series="B", counter="2", person="t2")
    assert figures(*tickets, key="09").issued == figures(*tickets, key="10").issued == 1
    for by, key in (("series", "B"), ("counter", "2"), ("person", "t2")):
        assert figures(*tickets, by=by, key=key).wait_mean_s == 300


def test_the_funnel_counts_each_customer_once_a_stage():
    told = [
        Approach(id="1", subject="a", stage="approached", at=until(1), author="m1"),
        Approach(id="2", subject="a", stage="interested", at=until(2), author="m2"),
        Approach(id="3", subject="a", stage="interested", at=until(3), author="m2"),
        Approach(id="4", subject="b", stage="refused", at=until(4), author="m1"),
        Approach(id="5", subject="c", stage="done", at=until(5), author="m1"),
    ]
    day = figures(served(1, 0, 4, 5, 11, customer_id="0197a3c0-0000-7000-8000-000000000001"), approaches=told)
    assert (day.identified, day.approached, day.recommended, day.interested, day.reserved) == (1, 2, 1, 1, 0)
    assert day.done == 1
    parts = tally_day(Day(business_date=DAY, tickets={}, until=until(60), approaches=told)).by["person"]
    assert (parts["m1"].approached, parts["m2"].interested) == (2, 1)


def test_prefilled_forms_are_rated_against_those_who_could_have_had_one():
    (id, one), other, gone = served(1, 0, 4, 5, 11, service="loan"), served(2, 0, 4, 5, 11), ticket(3, ("waiting", 0))
    forms = [DayForm(ticket_id=id, state="accepted", saves_min=8)]
    day = figures((id, one), other, gone, forms=forms)
    assert (day.eligible, day.prefilled, day.prefill_rate, day.saved_min) == (2, 1, 0.5, 8)
    loans = Prefilling(services=frozenset({"loan"}))
    assert figures((id, one), other, forms=forms, prefilling=loans).prefill_rate == 1


ways = st.lists(
    st.tuples(st.sampled_from(STATES), st.floats(0, 90), st.sampled_from(["1", "2"]), st.sampled_from(["t1", "t2"])),
    max_size=7,
)
made_tickets = st.lists(st.tuples(st.floats(0, 600), st.sampled_from("AB"), st.booleans(), ways), max_size=12)


def draw_tickets(drawn):
    """Return tickets whose steps make any way at all, sensible or not."""
    tickets = {}
    for number, (issued, series, is_vague, way) in enumerate(drawn):
        steps: list[tuple[Any, ...]] = [("waiting", issued)]
        at = issued
        for state, after, counter_no, person in way:
            at += after
            steps.append((state, at, counter_no, person))
        id, one = ticket(number, *steps, series=series, time_not_accurate=is_vague, shown_lo_min=1, shown_hi_min=20)
        tickets[id] = one
    return tickets


def sums(parts):
    total = msgspec.to_builtins(whole(parts.values()))
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in total.items()}


@given(made_tickets)
def test_parts_add_up_to_the_whole_whichever_way_a_day_is_cut(drawn):
    counters = [counter("1", ("open", -30), ("paused", 100), ("open", 130))]
    by = tally_day(Day(business_date=DAY, tickets=draw_tickets(drawn), counters=counters, until=until(480))).by
    assert all(msgspec.to_builtins(whole(by["hour"].values())) == sums(by[dimension]) for dimension in DIMENSIONS)


@given(made_tickets, st.randoms(use_true_random=False))
def test_the_order_of_tickets_changes_nothing(drawn, random: Random):
    tickets = draw_tickets(drawn)
    shuffled = list(tickets.items())
    random.shuffle(shuffled)
    one, other = (tally_day(Day(business_date=DAY, tickets=dict(some), until=until(480))).by["series"]
                  for some in (tickets.items(), shuffled))  # fmt: skip
    assert one.keys() == other.keys()
    assert msgspec.to_builtins(whole(one.values())) == sums(other)


@given(made_tickets, st.integers(0, 12))
def test_two_parts_of_a_day_added_are_the_day(drawn, cut):
    tickets = list(draw_tickets(drawn).items())
    halves = [tally_day(Day(business_date=DAY, tickets=dict(some), until=until(480))).by["hour"]
              for some in (tickets[:cut], tickets[cut:])]  # fmt: skip
    both = whole(part for half in halves for part in half.values())
    day = tally_day(Day(business_date=DAY, tickets=dict(tickets), until=until(480))).by["hour"]
    assert msgspec.to_builtins(both) == sums(day)


@given(made_tickets)
def test_every_rate_is_a_share(drawn):
    day = figures(*draw_tickets(drawn).items())
    for name in ("service_level", "abandonment", "coverage", "prefill_rate"):
        assert getattr(day, name) is None or 0 <= getattr(day, name) <= 1
    assert day.issued == len(drawn)


@given(st.lists(st.floats(0, 5000), min_size=1))
def test_a_histogram_knows_its_quantiles_to_within_a_bin(waits):
    histogram = dict(Tally().waits)
    for wait in waits:
        histogram[bin_of(wait)] = histogram.get(bin_of(wait), 0) + 1
    for share in (0.5, 0.9):
        exact = sorted(waits)[max(0, -(-len(waits) * share // 1).__int__() - 1)]
        assert quantile_s(histogram, share) == pytest.approx(exact, abs=30.01)
    assert longer_than(histogram, 600) == sum(round(wait, 3) > 600 for wait in waits)


def test_a_kept_tally_comes_back_as_it_was():
    parts = tally_day(Day(business_date=DAY, tickets=dict([served(1, 0, 4, 5, 11)]), until=until(60))).by
    again = msgspec.json.decode(msgspec.json.encode(parts), type=dict[str, dict[str, Tally]])
    assert again == parts


def test_every_figure_has_a_name_and_a_meaning():
    assert {key for key, _, _ in MEANINGS} == IN_ENGLISH.keys() == set(DayFigures.__struct_fields__) - {"key"}
    assert "10分钟" in next(one.meaning for one in definitions(TARGET_S) if one.key == "service_level")
    assert moment(0) == "2026-11-21T01:00:00.000Z"
