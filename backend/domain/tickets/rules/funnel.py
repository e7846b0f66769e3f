"""The funnel of a day: identified → approached → recommended → interested → reserved → done (domain-rules.md §8)."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

# Who is at one stage has passed all before it; `done` stands alone, for it may come on a later day than the rest.
STAGES = ("approached", "recommended", "interested", "reserved")
DONE = "done"
SAME_AS = {"referred": "reserved", "refused": "approached"}


class Approach(Struct, frozen=True, kw_only=True):
    """What a contact adds: about whom (a ticket, or a customer without one), how far it came, when, by whom."""

    id: str
    subject: str
    stage: str
    at: float
    author: str = ""


class Reached(Struct, frozen=True, kw_only=True):
    """One customer who reached one stage, counted once, for whoever brought them there first."""

    subject: str
    stage: str
    at: float
    author: str


def count_approaches(approaches: Iterable[Approach]) -> Iterator[Reached]:
    """Yield each stage that each customer reached that day, once, however many contacts tell of it."""
    seen: set[tuple[str, str]] = set()
    for one in sorted(approaches, key=lambda one: (one.at, one.id)):
        for stage in stages_up_to(one.stage):
            if (one.subject, stage) not in seen:
                seen.add((one.subject, stage))
                yield Reached(subject=one.subject, stage=stage, at=one.at, author=one.author)


def stages_up_to(stage: str) -> tuple[str, ...]:
    """Return the stages that a contact tells of; one that ended in a refusal was at least an approach."""
    known = SAME_AS.get(stage, stage)
    if known == DONE:
        return (DONE,)
    return STAGES[: STAGES.index(known) + 1] if known in STAGES else ()
