"""Flags: what is odd about a visit, each with its reason (domain-rules.md §3). A flag never refuses a visit."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from backend.domain.visits.rules.catalogue import FLAGS, Seriousness
from backend.domain.visits.rules.content import judge_content
from backend.domain.visits.rules.facts import Neighbours, VisitFacts
from backend.domain.visits.rules.movement import judge_movement
from backend.domain.visits.rules.oddity import Oddity
from backend.domain.visits.rules.position import Bearing
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.time import is_within, seconds_between

ON_SITE = "on_site"
CORRECTS_REJECTED = "corrects_rejected"
PASSED_ON = frozenset({"chain_gap", "chain_fork", "after_revocation", CORRECTS_REJECTED})
HOUR_S = 3600
UNITS = ((86_400, "天", "days"), (HOUR_S, "小时", "hours"), (60, "分钟", "minutes"), (1, "秒", "seconds"))


class Flag(Struct, frozen=True, kw_only=True):
    """One flag on one visit; `other` is the visit that it was compared with."""

    code: str
    seriousness: Seriousness
    points: int
    zh: str
    en: str
    other: str | None = None


def raise_flags(facts: VisitFacts, bearing: Bearing, around: Neighbours, limits: Thresholds) -> list[Flag]:
    """Return a visit's flags, the weightiest first, each code once."""
    around = msgspec.structs.replace(around, person=sorted(around.person, key=lambda trace: trace.place_in_order))
    first: dict[str, Oddity] = {}
    for oddity in _oddities(facts, bearing, around, limits):
        first.setdefault(oddity.code, oddity)
    return sorted((_flag(oddity) for oddity in first.values()), key=lambda flag: (-flag.points, flag.code))


def _oddities(facts: VisitFacts, bearing: Bearing, around: Neighbours, limits: Thresholds) -> Iterator[Oddity]:
    yield from judge_movement(facts, bearing, around, limits)
    yield from judge_content(facts, around, limits)
    yield from _judge_stay(facts, limits)
    yield from _judge_device(facts, around, limits)
    yield from _judge_time(facts, limits)
    yield from (Oddity(code) for code in sorted(facts.known_flags & PASSED_ON))


def _judge_stay(facts: VisitFacts, limits: Thresholds) -> Iterator[Oddity]:
    """Judge how long somebody was there; a call may be short."""
    if facts.is_auto_closed:
        yield Oddity("auto_closed")
    elif facts.trace.check_out is None:
        if facts.type == ON_SITE:
            yield Oddity("no_checkout")
    elif facts.type == ON_SITE:
        dwell_s = seconds_between(facts.trace.check_in.at, facts.trace.check_out.at)
        if dwell_s < limits.dwell_min_s:
            yield Oddity("too_short", {"dwell_s": round(dwell_s)})


def _judge_device(facts: VisitFacts, around: Neighbours, limits: Thresholds) -> Iterator[Oddity]:
    if facts.mock_providers - limits.external_receivers:
        yield Oddity("mock")
    if facts.is_rooted:
        yield Oddity("rooted")
    if facts.is_debugged:
        yield Oddity("debug")
    mine = facts.trace
    sharing = [
        other for other in around.device
        if other.author != mine.author and other.device_id == mine.device_id
        and abs(seconds_between(other.check_in.at, mine.check_in.at)) <= limits.device_shared_s
    ]  # fmt: skip
    if sharing:
        yield Oddity("shared_device")  # whose visit it was is not the person's to know
    earlier = [other for other in around.person if other.place_in_order < mine.place_in_order]
    before = max(earlier, key=lambda other: other.place_in_order, default=None)
    if before is not None and before.device_id != mine.device_id:
        yield Oddity("device_changed", other=before.id)


def _judge_time(facts: VisitFacts, limits: Thresholds) -> Iterator[Oddity]:
    began_at = facts.trace.check_in.at
    if abs(facts.skew_s) > limits.skew_max_s:
        yield Oddity("clock_skew", off_in_words(facts.skew_s))
    if not facts.is_anchored:
        yield Oddity("unanchored")
    if (late_s := seconds_between(facts.trace.until_at, facts.received_at)) > limits.late_s:
        yield Oddity("late_sync", {"hours": int(late_s // HOUR_S)})
    if not is_within(began_at, limits.office_from_h, limits.office_until_h):
        yield Oddity("off_hours")
    if not facts.is_workday:
        yield Oddity("non_workday")
    if facts.missing_media:
        yield Oddity("pending_media", {"missing": facts.missing_media})


def off_in_words(skew_s: float) -> dict[str, str]:
    """Return how wrong a clock was, in the largest unit of which it is two or more: `3 days fast`, `快 3 天`."""
    size = abs(skew_s)
    each_s, zh_unit, en_unit = next((unit for unit in UNITS if size >= 2 * unit[0]), UNITS[-1])
    count, is_fast = round(size / each_s), skew_s > 0
    return {
        "zh_off": f"{'快' if is_fast else '慢'} {count} {zh_unit}",
        "en_off": f"{count} {en_unit} {'fast' if is_fast else 'slow'}",
    }


def _flag(oddity: Oddity) -> Flag:
    sort = FLAGS[oddity.code]
    return Flag(
        code=sort.code, seriousness=sort.seriousness, points=sort.points, other=oddity.other,
        zh=sort.zh.format(**oddity.args), en=sort.en.format(**oddity.args),
    )  # fmt: skip
