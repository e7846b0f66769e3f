"""One counter serves one ticket: where a counter goes on to another, the one before has ended (domain-rules.md §8)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from backend.domain.tickets.queries import Visit, add_visits, hold, list_at_counter, list_visits
from backend.domain.tickets.rules.life import ending_of_earlier
from backend.domain.tickets.rules.line import AT_COUNTER, visits_of
from backend.storage.reactions import BY
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.ticket import Ticket
from sync.puts import Put
from sync.store import Key, Stored, Write
from sync.transitions import note_state


class Place(NamedTuple):
    """One counter on one day."""

    branch: str
    date: str
    counter_no: str


def end_earlier_tickets(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Return the tickets that ended because another one came to their counter later.

    Later is what came there later by the steps' own moments, not by which tablet had a line first: a call that arrives
    when its counter has long gone on ends at once, even if the other one has left meanwhile. Whoever was being served
    has finished, at a moment that nobody noted (`time_not_accurate`); whoever was only called has missed it.
    """
    puts: list[Put] = []
    news = _news(writes)
    for place in sorted(news):
        hold(unit.connection, *place)
        if news[place]:
            add_visits(unit.connection, *place, news[place])
        if ids := list_at_counter(unit.connection, *place):
            visits = list_visits(unit.connection, *place)
            puts += [put for stored in _records(unit, ids) if (put := _end_if_passed(stored, visits, at)) is not None]
    return puts


def _news(writes: Iterable[Write]) -> dict[Place, list[tuple[str, str]]]:
    """Return counter → (moment, ticket) of those who came there just now, for each counter that these writes touch."""
    news: dict[Place, list[tuple[str, str]]] = {}
    for write in writes:
        body, known = _read(write.after), visits_of(_read(write.before))
        for counter_no, moment in visits_of(body):
            place = Place(body["branch_id"], body["business_date"], counter_no)
            fresh = [] if (counter_no, moment) in known else [(moment, write.after.id)]
            if fresh or body["state"] in AT_COUNTER:
                news.setdefault(place, []).extend(fresh)
    return news


def _end_if_passed(stored: Stored, visits: Sequence[Visit], at: str) -> Put | None:
    """Return a ticket as it ended, at the moment when the next one came to its counter, or None if none did."""
    body = _read(stored)
    mine = max((visit for visit in visits if visit.ticket_id == stored.id), default=None)
    following = [visit for visit in visits if mine is not None and visit > mine]
    if body.get("state") not in AT_COUNTER or not following:
        return None
    assert Ticket.life is not None
    to, facts = ending_of_earlier(body["state"])
    when = max(following[0].at, body["steps"][-1]["at"])
    ended = facts | ({"ended_at": when} if to == "finished" else {})
    noted = note_state(Ticket.life, body, to, at=when, by=BY, facts={}, version=stored.version + 1)
    stamps = {"state": to, "state_by": BY, "state_at": at}
    return Put(kind="ticket", id=stored.id, body=body | ended | stamps | noted)


def _records(unit: SqlUnit, ids: Iterable[str]) -> Iterable[Stored]:
    return unit.records([Key("ticket", id) for id in ids]).values()


def _read(stored: Stored | None) -> Body:
    if stored is None or stored.standing != "live":
        return {}
    body: Body = msgspec.json.decode(stored.body)
    return body
