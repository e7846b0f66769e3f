"""One counter serves one ticket: where a counter goes on to another, the one before has ended (domain-rules.md §8)."""

from collections.abc import Collection, Sequence
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

import msgspec

from backend.domain.tickets.queries import hold, list_at_counter
from backend.domain.tickets.rules.life import ending_of_earlier
from backend.domain.tickets.rules.line import AT_COUNTER
from backend.storage.reactions import BY
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.ticket import Ticket
from sync.puts import Put
from sync.store import Key, Write
from sync.transitions import note_state


class Standing(NamedTuple):
    """A ticket that stands at a counter, and since when; the newest of a counter stays."""

    since: str
    is_news: bool  # at the very same moment, what was just written comes after what was there
    id: str
    body: Body


def end_earlier_tickets(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Return the tickets that ended because their counter called or served another one later.

    Later is what came to the counter later, by the steps' own moments and not by which tablet had a line first: a call
    that arrives late ends at once. Whoever was being served has finished, at a moment that nobody noted
    (`time_not_accurate`); whoever was only called has missed it.
    """
    puts, news = [], {write.after.id for write in writes}
    for counter in sorted({place for write in writes if (place := _counter_of(write)) is not None}):
        hold(unit.connection, *counter)
        ids = list_at_counter(unit.connection, *counter)
        if len(ids) > 1:
            puts += _end_all_but_newest(unit, ids, news, at)
    return puts


def _end_all_but_newest(unit: SqlUnit, ids: Sequence[str], news: Collection[str], at: str) -> list[Put]:
    found = unit.records([Key("ticket", id) for id in ids]).values()
    bodies = {stored.id: msgspec.json.decode(stored.body) for stored in found if stored.standing == "live"}
    standing = sorted(
        Standing(_came_at(body), id in news, id, body) for id, body in bodies.items() if body["state"] in AT_COUNTER
    )
    return [_end(one, following, at) for one, following in pairwise(standing)]


def _end(one: Standing, following: Standing, at: str) -> Put:
    """Return a ticket as it ended, at the moment when the next one came to its counter."""
    assert Ticket.life is not None
    to, facts = ending_of_earlier(one.body["state"])
    when = max(following.since, one.body["steps"][-1]["at"] if one.body.get("steps") else "")
    ended = facts | ({"ended_at": when} if to == "finished" else {})
    noted = note_state(Ticket.life, one.body, to, at=when, by=BY, facts={})
    stamps = {"state": to, "state_by": BY, "state_at": at}
    return Put(kind="ticket", id=one.id, body=one.body | ended | stamps | noted)


def _counter_of(write: Write) -> tuple[str, str, str] | None:
    """Return (branch, day, counter) if this write leaves a ticket standing at a counter."""
    if write.after.standing != "live":
        return None
    body = msgspec.json.decode(write.after.body)
    if body["state"] not in AT_COUNTER or not body.get("counter"):
        return None
    return body["branch_id"], body["business_date"], body["counter"]


def _came_at(body: Body) -> str:
    """Return when a ticket came to its counter: where its present run of calls and service begins."""
    steps: Sequence[dict[str, Any]] = body.get("steps") or ()
    run = [step["at"] for step in takewhile(lambda step: step["to"] in AT_COUNTER, reversed(steps))]
    return str(run[-1] if run else body.get("called_at") or "")
