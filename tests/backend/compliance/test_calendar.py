"""Working days and the periods made of them."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.compliance.rules.calendar import (
    WEEKDAYS_ONLY,
    DayKind,
    is_confirmed,
    kind_of,
    list_workdays,
    nth_workday_after,
)
from backend.domain.compliance.rules.closing import final_from, provisional_from
from backend.domain.compliance.rules.periods import Cadence, last_of_month, period_at, periods_ending_in
from backend.domain.compliance.rules.sampling import detection_power, draw, sample_size

any_day = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def test_2026_has_248_working_days(calendar_2026):
    assert len(list_workdays(calendar_2026, date(2026, 1, 1), date(2026, 12, 31))) == 248
    assert is_confirmed(calendar_2026, date(2026, 1, 1), date(2026, 12, 31))


def test_a_year_that_nobody_told_of_is_monday_to_friday_and_says_so(calendar_2026):
    january = period_at(Cadence.MONTH, date(2027, 1, 15), calendar_2026)
    assert len(january.workdays) == 21
    assert not january.is_confirmed


def test_a_worked_weekend_and_a_free_weekday_have_names():
    assert kind_of(date(2026, 10, 10), is_worked=True) is DayKind.MAKE_UP
    assert kind_of(date(2026, 10, 1), is_worked=False) is DayKind.HOLIDAY
    assert kind_of(date(2026, 10, 11), is_worked=False) is DayKind.WEEKEND
    assert kind_of(date(2026, 10, 12), is_worked=True) is DayKind.WORKDAY


@given(any_day, st.sampled_from([Cadence.MONTH, Cadence.QUARTER, Cadence.WEEK]))
def test_every_day_lies_in_one_period_and_neighbours_touch(day, cadence):
    period = period_at(cadence, day, WEEKDAYS_ONLY)
    assert period.first <= day <= period.last
    assert period_at(cadence, period.first, WEEKDAYS_ONLY) == period == period_at(cadence, period.last, WEEKDAYS_ONLY)
    assert period in periods_ending_in(cadence, period.month, WEEKDAYS_ONLY)
    assert period.count_workdays(period.first, period.last) == len(period.workdays)


@given(any_day, st.integers(1, 40))
def test_the_nth_working_day_has_n_working_days_before_it(day, count):
    found = nth_workday_after(WEEKDAYS_ONLY, day, count)
    assert len(list_workdays(WEEKDAYS_ONLY, day, found)) - (day.weekday() < 5) == count


def test_a_month_is_final_when_three_working_days_have_passed(calendar_2026):
    assert provisional_from("2026-09") == date(2026, 10, 1)
    assert final_from("2026-09", calendar_2026, 3) == date(2026, 10, 11)  # after 8, 9 and the worked Saturday
    assert final_from("2026-12", calendar_2026, 3) == date(2027, 1, 6)
    assert last_of_month("2028-02") == date(2028, 2, 29)


def test_59_calls_find_one_false_record_in_twenty():
    assert sample_size(0.05, 0.95) == 59
    assert sample_size(0.05, 0.95, population=100) == 45
    assert sample_size(0.05, 0.95, population=10_000) == 59
    assert sample_size(0.05, 0.95, population=0) == 0


@given(st.integers(1, 300), st.floats(0.01, 0.5), st.floats(0.5, 0.99))
def test_a_sample_is_as_small_as_its_power_lets(population, false_rate, confidence):
    size = sample_size(false_rate, confidence, population)
    assert detection_power(size, population, false_rate) >= confidence
    assert size == 0 or detection_power(size - 1, population, false_rate) < confidence
    assert size <= max(sample_size(false_rate, confidence), 1) or population < 1 / false_rate


@given(st.sets(st.text(min_size=1, max_size=4), max_size=30), st.integers(0, 30), st.randoms(use_true_random=False))
def test_a_draw_can_be_repeated_from_its_seed(ids, size, random):
    shuffled = sorted(ids)
    random.shuffle(shuffled)
    drawn = draw("2026-11", shuffled, size)
    assert drawn == draw("2026-11", ids, size)
    assert len(drawn) == min(size, len(ids))
    assert set(draw("2026-11", ids, size + 1)) >= set(drawn)
