"""Every flag: when it is raised, when it is not, and that the order of arrival is nothing to it."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.visits.rules.catalogue import FLAGS, Seriousness
from backend.domain.visits.rules.content import similar_before
from backend.domain.visits.rules.facts import Neighbours, Photo
from backend.domain.visits.rules.flags import off_in_words
from backend.domain.visits.rules.grade import judge_visit
from backend.domain.visits.rules.photos import hash_distance
from backend.domain.visits.rules.texts import fingerprint, grams_of, may_be_similar, normalise, similarity
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.tracing import facts_of
from contracts.kinds.visit import Visit
from tests.backend.visits.conftest import MORNING, WORDS, Maker, changed

LIMITS = Thresholds()
ID = "00000000-0000-4000-8000-00000000c001"
OTHER_WORDS = "茶园今年收成较好，客户计划年底前增加一笔定期存款。"
HOUR_S, DAY_S = 3600.0, 86_400.0


def codes(facts, *person, device=(), contents=None):
    return {flag.code for flag in flags_of(facts, *person, device=device, contents=contents)}


def flags_of(facts, *person, device=(), contents=None):
    around = Neighbours(person=person, device=device, contents=contents or {})
    return judge_visit(facts, around, LIMITS).flags


def test_an_honest_visit_has_no_flag(make):
    before = make.trace(after_s=-DAY_S, content=OTHER_WORDS)
    assert codes(make.facts(), before, contents={before.id: OTHER_WORDS}) == set()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"mock_providers": frozenset({"gps"})}, "mock"),
        ({"is_rooted": True}, "rooted"),
        ({"is_debugged": True}, "debug"),
        ({"skew_s": 120.5}, "clock_skew"),
        ({"skew_s": -86_400}, "clock_skew"),
        ({"is_anchored": False}, "unanchored"),
        ({"is_auto_closed": True}, "auto_closed"),
        ({"missing_media": 2}, "pending_media"),
        ({"is_workday": False}, "non_workday"),
        ({"content": "已拜访。。。。。。。。。"}, "text_short"),
        ({"received_at": "2026-11-22T02:15:00.001Z"}, "late_sync"),
        ({"known_flags": frozenset({"chain_gap"})}, "chain_gap"),
        ({"known_flags": frozenset({"chain_fork"})}, "chain_fork"),
        ({"known_flags": frozenset({"after_revocation"})}, "after_revocation"),
    ],
)
def test_what_a_visit_says_of_itself_is_flagged(make, told, code):
    assert codes(make.facts(**told)) == {code}


@pytest.mark.parametrize(
    "told",
    [
        {"mock_providers": frozenset({"external"})},  # an external receiver looks like a mock to the system
        {"skew_s": 120}, {"received_at": "2026-11-22T02:15:00.000Z"}, {"known_flags": frozenset({"what_is_new"})},
    ],
)  # fmt: skip
def test_what_is_within_the_limits_is_not(make, told):
    assert codes(make.facts(**told)) == set()


def test_a_short_stay_is_flagged_and_one_without_an_end_has_no_length(make):
    assert codes(make.facts(make.trace(stay_s=299))) == {"too_short"}
    assert codes(make.facts(make.trace(stay_s=300))) == set()
    assert codes(make.facts(make.trace(check_out=None))) == {"no_checkout"}
    assert codes(make.facts(make.trace(check_out=None), type="phone")) == set()


def test_off_hours_are_the_banks(make):
    assert codes(make.facts(make.trace(after_s=-2.5 * HOUR_S))) == {"off_hours"}  # half past seven


def test_a_way_too_fast_is_flagged_on_the_later_event(make):
    before, after = make.trace(), make.trace(after_s=HOUR_S, north_m=91_000)
    assert "impossible_speed" in codes(make.facts(after), before)  # 91 km in 45 minutes
    assert "impossible_speed" not in codes(make.facts(before), after)
    slow = make.trace(after_s=HOUR_S, north_m=89_000)
    assert "impossible_speed" not in codes(make.facts(slow), before)


def test_two_places_at_one_moment_are_a_speed_too_and_jitter_is_none(make):
    jump = make.trace(check_out=make.event(MORNING, 900.0))
    assert "impossible_speed" in codes(make.facts(jump))
    still = make.trace(check_out=make.event(MORNING, 19.0))
    assert "impossible_speed" not in codes(make.facts(still))


def test_visits_that_overlap_are_flagged_and_those_that_touch_are_not(make):
    first, second, third = make.trace(), make.trace(after_s=600), make.trace(after_s=900)
    assert "overlap" in codes(make.facts(first), second)
    assert "overlap" in codes(make.facts(second), first)
    assert "overlap" not in codes(make.facts(first), third)


def test_moving_away_before_the_check_out_is_flagged(make):
    away = make.trace(check_out=make.event("2026-11-20T02:15:00.000Z", 320.0))
    assert codes(make.facts(away)) == {"moved"}
    assert codes(make.facts(make.trace(check_out=make.event("2026-11-20T02:15:00.000Z", 310.0)))) == set()


def test_a_coordinate_that_comes_again_is_flagged_where_it_comes_again(make):
    same = frozenset({"WGS84 26.0745000 119.2965000"})
    first = make.trace(check_in=make.event(coordinates=same))
    again = make.trace(after_s=DAY_S)
    again = changed(again, check_in=make.event(again.check_in.at, coordinates=same))
    assert codes(make.facts(again), first) == {"identical_fix"}
    assert codes(make.facts(first), again) == set()


def test_four_visits_in_half_an_hour_are_a_burst_for_each_of_them(make):
    visits = [make.trace(after_s=at * 600, stay_s=400) for at in range(4)]
    assert all("burst" in codes(make.facts(one), *visits[:at], *visits[at + 1 :]) for at, one in enumerate(visits))
    assert "burst" not in codes(make.facts(visits[0]), *visits[1:3])
    spread = [make.trace(after_s=at * 601, stay_s=400) for at in range(4)]
    assert "burst" not in codes(make.facts(spread[1]), spread[0], *spread[2:])


PHOTO = Photo(digest="a" * 64, perceptual_hash="00000000000000ff", in_app=True)


@pytest.mark.parametrize(
    ("photo", "is_reused"),
    [
        (Photo(digest="a" * 64), True),
        (Photo(digest="b" * 64, perceptual_hash="0000000000000ffc"), True),  # 6 bits
        (Photo(digest="b" * 64, perceptual_hash="0000000000001ffc"), False),
        (Photo(digest="b" * 64), False),
    ],
)
def test_a_photo_that_was_used_before_is_flagged(make, photo, is_reused):
    before = make.trace(after_s=-DAY_S, photos=[PHOTO])
    after = make.trace(photos=[photo])
    assert codes(make.facts(after), before) == ({"photo_reused"} if is_reused else set())
    assert codes(make.facts(before), after) == set()


def test_a_photo_from_outside_of_the_app_is_flagged(make):
    assert codes(make.facts(make.trace(photos=[Photo(digest="c" * 64, in_app=False)]))) == {"photo_outside"}


def test_words_that_come_again_are_flagged(make):
    before = make.trace(after_s=-DAY_S)
    after = make.facts(content=WORDS.replace("，", ", ") + "!")
    assert similar_before(after.trace, [before]) == [before.id]
    assert codes(after, before, contents={before.id: WORDS}) == {"text_reused"}
    assert codes(make.facts(before), after.trace, contents={after.trace.id: WORDS}) == set()


def test_a_correction_repeats_its_original_by_right(make):
    original = make.trace(photos=[PHOTO])
    correction = make.trace(after_s=60, photos=[PHOTO], root=original.id)
    assert codes(make.facts(correction), original, contents={original.id: WORDS}) == set()
    assert codes(make.facts(original), correction) == set()


@pytest.mark.parametrize(
    ("original", "is_flagged"),
    [
        ({}, False), ({"after_s": 120}, False), ({"north_m": 14}, False), ({"after_s": -121}, True),
        ({"north_m": 20}, True), ({"id": "another"}, True),
    ],
)  # fmt: skip
def test_a_correction_of_another_time_or_place_or_of_nothing_is_flagged(make, original, is_flagged):
    mended = make.trace(root="first")
    before = make.trace(**{"id": "first", "root": "first", "content": OTHER_WORDS, **original})
    assert ("corrects_other" in codes(make.facts(mended), before)) == is_flagged


@pytest.mark.parametrize("told", [{}, {"T3.event": "茶博会"}, {"T4.cause": "  "}])
def test_a_visit_that_names_a_stage_tells_one_of_its_elements(make, told):
    visit = Visit(
        customer_id=ID, purpose="挽留", content=WORDS, started_at=MORNING, prev="", stage="T4", elements=told
    )  # fmt: skip
    tell = lambda visit: facts_of(  # noqa: E731 - one line says it
        visit, make.trace(), signed_at=MORNING, received_at=MORNING, places=[], missing_media=0, is_workday=True,
        limits=LIMITS,
    )  # fmt: skip
    assert "elements_missing" in codes(tell(visit))
    assert "elements_missing" not in codes(tell(changed(visit, elements=told | {"T4.measures": "上门挽留"})))
    assert "elements_missing" not in codes(tell(changed(visit, stage=None)))


def test_two_persons_on_one_device_within_an_hour_are_flagged(make):
    other = make.trace(after_s=HOUR_S, author="m-2")
    assert codes(make.facts(), device=[other]) == {"shared_device"}
    assert codes(make.facts(), device=[make.trace(after_s=HOUR_S + 1, author="m-2")]) == set()
    assert codes(make.facts(), make.trace(after_s=-DAY_S, device_id="d-2")) == {"device_changed"}


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_fingerprint_passes_over_no_similar_text(one, other):
    is_similar = similarity(grams_of(normalise(one)), grams_of(normalise(other))) >= 0.9
    assert may_be_similar(fingerprint(one), fingerprint(other)) or not is_similar


@given(st.text("甲乙丙丁戊己庚辛", min_size=60, max_size=200), st.integers(0, 199), st.sampled_from("甲乙丙丁戊"))
def test_a_text_with_one_letter_changed_is_found(text, at, letter):
    other = text[: at % len(text)] + letter + text[at % len(text) + 1 :]
    is_similar = similarity(grams_of(text), grams_of(other)) >= 0.9
    assert may_be_similar(fingerprint(text), fingerprint(other)) or not is_similar


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_distance_of_hashes_is_the_number_of_bits_that_differ(one, other):
    assert hash_distance(f"{one:016x}", f"{other:016x}") == bin(one ^ other).count("1")


def test_every_flag_has_a_sentence_in_both_languages_and_points():
    assert all(sort.zh.endswith("。") and sort.en.endswith(".") and sort.points >= 0 for sort in FLAGS.values())
    assert {sort.seriousness for sort in FLAGS.values()} == set(Seriousness)


def test_every_flag_is_explained_to_supervisors():
    page = (Path(__file__).parents[3] / "docs" / "visits.md").read_text(encoding="utf-8")
    rows = {f"| `{sort.code}` | {sort.seriousness.value} | {sort.points} |" for sort in FLAGS.values()}
    assert [row for row in rows if row not in page] == []


@given(st.integers(0, 2**32), st.integers(2, 9))
def test_the_order_in_which_neighbours_are_listed_changes_nothing(seed, count):
    random, make = Random(seed), Maker()
    visits = [
        make.trace(
            after_s=random.randint(0, 5) * 700, stay_s=random.choice([60, 900]), north_m=random.choice([0, 5e4]),
            device_id=random.choice(["d-1", "d-2"]), photos=random.choice([(), [PHOTO]]),
        )
        for _ in range(count)
    ]  # fmt: skip
    contents = {visit.id: WORDS for visit in visits}
    facts = make.facts(visits[0])
    listed = Neighbours(person=visits[1:], contents=contents)
    shuffled = Neighbours(person=random.sample(visits[1:], count - 1), contents=contents)
    judged, again = judge_visit(facts, listed, LIMITS), judge_visit(facts, shuffled, LIMITS)
    assert judged.grade == again.grade
    assert judged.flags == again.flags


@pytest.mark.parametrize(
    ("off_s", "zh", "en"),
    [
        (-259_200, "慢 3 天", "3 days slow"), (86_400, "快 24 小时", "24 hours fast"),
        (121, "快 2 分钟", "2 minutes fast"),
        (-150, "慢 2 分钟", "2 minutes slow"), (90, "快 90 秒", "90 seconds fast"),
    ],
)  # fmt: skip
def test_how_wrong_a_clock_was_is_told_in_the_largest_fitting_unit(make, off_s, zh, en):
    told = off_in_words(off_s)
    assert (told["zh_off"], told["en_off"]) == (zh, en)
    flagged = [flag for flag in flags_of(make.facts(skew_s=off_s)) if flag.code == "clock_skew"]
    assert [(zh in flag.zh, en in flag.en) for flag in flagged] == [(True, True)] * (abs(off_s) > LIMITS.skew_max_s)
