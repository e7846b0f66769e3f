"""Grades: exactly as domain-rules.md §3 says, and never better for being further away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.catalogue import FLAGS, Seriousness
from backend.domain.visits.rules.facts import Neighbours
from backend.domain.visits.rules.grade import grade_of, judge_visit
from backend.domain.visits.rules.position import Reference
from backend.domain.visits.rules.thresholds import Thresholds
from tests.backend.visits.conftest import SHOP, Maker

LIMITS = Thresholds()
NOTHING: list[Seriousness] = []
INFORMATION, WARNING, SERIOUS = Seriousness.INFORMATION, Seriousness.WARNING, Seriousness.SERIOUS


@pytest.mark.parametrize(
    ("verdict", "probability", "flags", "expected"),
    [
        ("INSIDE", 0.99, NOTHING, "A"),
        ("INSIDE", 0.99, [INFORMATION], "B"),
        ("UNCERTAIN", 0.6, NOTHING, "B"),
        ("UNCERTAIN", 0.6, [INFORMATION] * 3, "B"),
        ("UNCERTAIN", 0.4, NOTHING, "C"),
        ("INSIDE", 0.99, [WARNING], "C"),
        ("INSIDE", 0.99, [WARNING] * 5, "C"),
        ("INSIDE", 0.99, [SERIOUS], "C"),
        ("INSIDE", 0.99, [SERIOUS, SERIOUS], "D"),
        ("OUTSIDE", 0.01, NOTHING, "D"),
        ("NO_REFERENCE", None, NOTHING, "C"),
        ("NO_FIX", None, NOTHING, "C"),
        ("POOR_FIX", 0.9, NOTHING, "C"),
    ],
)
def test_position_and_flags_make_the_grade(verdict, probability, flags, expected):
    assert grade_of(verdict, probability, flags, LIMITS) == expected


def grade(north_m, accuracy_m, radius_m=300.0):
    make = Maker()
    event = make.event(north_m=north_m, accuracy_m=accuracy_m)
    facts = make.facts(
        make.trace(check_in=event, north_m=north_m), references=[Reference(point=SHOP, radius_m=radius_m)]
    )
    return judge_visit(facts, Neighbours(), LIMITS).grade


@given(st.floats(0, 5000), st.floats(0, 5000), st.floats(0, 400), st.floats(1, 5000))
def test_further_away_is_never_graded_better(north_m, more_m, accuracy_m, radius_m):
    assert grade(north_m + more_m, accuracy_m, radius_m) >= grade(north_m, accuracy_m, radius_m)


@given(st.floats(0, 1), st.floats(0, 400), st.floats(0, 400), st.floats(1, 5000))
def test_within_the_radius_a_worse_fix_is_never_graded_better(share, accuracy_m, worse_m, radius_m):
    north_m = share * radius_m * 0.999
    assert grade(north_m, accuracy_m + worse_m, radius_m) >= grade(north_m, accuracy_m, radius_m)


@given(st.floats(1, 5000), st.floats(0, 400), st.floats(0, 400), st.floats(1, 5000))
def test_beyond_the_radius_a_worse_fix_accuses_less_and_never_counts_by_itself(beyond_m, accuracy_m, worse_m, radius_m):
    north_m = radius_m + beyond_m
    before, after = grade(north_m, accuracy_m, radius_m), grade(north_m, accuracy_m + worse_m, radius_m)
    assert after <= before
    assert {before, after} <= {"C", "D"}


flags = st.lists(st.sampled_from([flag.seriousness for flag in FLAGS.values()]), max_size=6)
verdicts = st.sampled_from(["INSIDE", "UNCERTAIN", "OUTSIDE", "NO_FIX", "NO_REFERENCE", "POOR_FIX"])


@given(verdicts, st.floats(0, 1), flags, st.sampled_from(Seriousness))
def test_one_flag_more_never_makes_a_grade_better(verdict, probability, known, more):
    assert grade_of(verdict, probability, [*known, more], LIMITS) >= grade_of(verdict, probability, known, LIMITS)
