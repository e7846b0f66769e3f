"""What a visit's words and photos show: copied, too few, taken elsewhere (domain-rules.md §3)."""

from collections.abc import Iterator, Sequence

from backend.domain.visits.rules.facts import Neighbours, Trace, VisitFacts
from backend.domain.visits.rules.oddity import Oddity
from backend.domain.visits.rules.photos import is_same_photo
from backend.domain.visits.rules.stages import STAGES, tells_stage
from backend.domain.visits.rules.texts import grams_of, may_be_similar, normalise, similarity
from backend.domain.visits.rules.thresholds import Thresholds


def judge_content(facts: VisitFacts, around: Neighbours, limits: Thresholds) -> Iterator[Oddity]:
    """Yield what is odd about the words and photos, beside those of the person's earlier visits."""
    text = normalise(facts.content)
    if len(text) < limits.content_min_chars:
        yield Oddity("text_short", {"characters": len(text)})
    if not tells_stage(facts.stage, facts.elements):
        yield Oddity("elements_missing", {"stage": f"{facts.stage} {STAGES[facts.stage or '']}"})
    earlier = earlier_than(facts.trace, around.person)
    yield from _judge_text(text, facts.trace, earlier, around, limits)
    yield from _judge_photos(facts.trace, earlier, limits)


def earlier_than(mine: Trace, others: Sequence[Trace]) -> list[Trace]:
    """Return the visits before one, the newest first, without what it corrects."""
    at, own = mine.check_in.at, mine.place_in_order
    earlier = [
        other for other in others
        if other.check_in.at <= at and other.root != mine.root and other.place_in_order < own
    ]  # fmt: skip
    return sorted(earlier, key=lambda other: other.place_in_order, reverse=True)


def similar_before(mine: Trace, others: Sequence[Trace]) -> list[str]:
    """Return the ids of the earlier visits whose text may be similar: those whose content must be read."""
    return [other.id for other in earlier_than(mine, [one for one in others if may_be_similar(mine.text, one.text)])]


def _judge_text(
    text: str, mine: Trace, earlier: Sequence[Trace], around: Neighbours, limits: Thresholds
) -> Iterator[Oddity]:
    grams = grams_of(text)
    for other in earlier:
        if other.id in around.contents and may_be_similar(mine.text, other.text):
            share = similarity(grams, grams_of(normalise(around.contents[other.id])))
            if share >= limits.text_similar_min:
                yield Oddity("text_reused", {"percent": int(share * 100)}, other.id)
                return  # the newest tells enough, and a text that is written daily has hundreds


def _judge_photos(mine: Trace, earlier: Sequence[Trace], limits: Thresholds) -> Iterator[Oddity]:
    for other in earlier if mine.photos else ():
        if any(is_same_photo(one, old, limits.photo_distance_max) for one in mine.photos for old in other.photos):
            yield Oddity("photo_reused", other=other.id)
    if any(photo.in_app is False for photo in mine.photos):
        yield Oddity("photo_outside")
