"""The score of managers: from 0 to 100, of what could be measured, and the same however managers are summed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.compliance.rules.figures import Figures
from backend.settings import Settings
from backend.sync_api.duty.report import page_of
from backend.sync_api.duty.scores import sum_bases, weights_of
from backend.sync_api.duty.scoring import COMPONENTS, DEFINITIONS, NOTHING, Basis, parts_of, points_max_of, score_of

WEIGHTS = weights_of(Settings())


def basis(duties, visits):
    """Duties as (required, fulfilled), visits as (worth, state, is good, is in time)."""
    return Basis(
        required=sum(max(pair) for pair in duties), fulfilled=sum(min(pair) for pair in duties), duties=len(duties),
        done=sum(a == b for a, b in duties), visits=len(visits), worth=sum(one[0] for one in visits),
        accepted=sum(one[1] == "accepted" for one in visits), rejected=sum(one[1] == "rejected" for one in visits),
        good_content=sum(one[2] for one in visits), in_time=sum(one[3] for one in visits),
    )  # fmt: skip


bases = st.builds(
    basis,
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), max_size=6),
    st.lists(
        st.tuples(
            st.integers(0, 100), st.sampled_from(["counted", "accepted", "rejected"]), st.booleans(), st.booleans()
        ),
        max_size=6,
    ),
)


@given(bases, st.fixed_dictionaries(dict.fromkeys(COMPONENTS, st.integers(0, 100))))
def test_a_score_lies_between_0_and_100_and_is_the_sum_of_its_points(one, weights):
    parts = parts_of(one, weights)
    score = score_of(parts)
    told = [(points_max_of(part, parts), part.value) for part in parts]
    points = [most * value for most, value in told if most is not None and value is not None]
    assert (score is None) == (points == [])
    if score is not None:
        assert 0 <= score <= 100 + 1e-9
        assert score == pytest.approx(sum(points))


@given(st.lists(bases, max_size=5))
def test_a_team_is_the_sum_of_its_managers_in_any_order(team):
    assert sum_bases(team) == sum_bases(reversed(team))
    assert sum_bases(team).visits == sum(one.visits for one in team)


def test_what_could_not_be_measured_leaves_its_weight_to_the_others():
    assert score_of(parts_of(NOTHING, WEIGHTS)) is None
    assert score_of(parts_of(basis([(1, 1)], []), WEIGHTS)) == 100
    assert score_of(parts_of(basis([(1, 1), (1, 0)], []), WEIGHTS)) == 50


def test_the_weights_of_the_settings_make_100_and_every_component_is_defined():
    assert (sum(WEIGHTS.values()), tuple(WEIGHTS)) == (100, COMPONENTS)
    assert set(COMPONENTS) <= DEFINITIONS.keys()


def test_pages_of_a_report_pass_no_institution_whose_number_begins_like_another():
    rows = [(org_id, "f1", "monthly", Figures()) for org_id in ("35", "3501", "36")]
    first, after = page_of(rows, None, 1)
    second, _ = page_of(rows, after, 1)
    assert [row[0] for row in first + second] == ["35", "3501"]
