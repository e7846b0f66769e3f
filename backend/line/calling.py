"""Calling the next customer: who it is, is decided while nobody else in the branch decides it."""

from msgspec import Struct

from backend.domain.tickets.queries import hold, list_at_counter, list_line
from backend.domain.tickets.rules.line import IN_LINE, Place, line_for, write_number
from backend.identity import Role, branch_bucket, require
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.counter import counter_id
from contracts.machine import CallNextRequest, CallNextResponse
from contracts.policy import Step
from sync.errors import CounterNotOpen, NotFound
from sync.kind import Actor, Kinds
from sync.moves import move_record
from sync.store import Key


class Choice(Struct, frozen=True, kw_only=True):
    """Whom a counter calls next, and how many wait for it beside; `place` is None if nobody does."""

    place: Place | None
    waiting: int


def choose_next(unit: SqlUnit, kinds: Kinds, branch: str, date: str, counter_no: str, *, behind: int) -> Choice:
    """Return whom a counter calls next; until the transaction ends no other counter of the branch chooses.

    Raises CounterNotOpen for a counter that is paused or closed; one that nobody declared serves every series.
    """
    hold(unit.connection, branch, date)
    line = line_for(list_line(unit.connection, branch, date), counter_no, _serves(unit, kinds, branch, counter_no),
                    behind=behind)  # fmt: skip
    for at, place in enumerate(line):
        stored = unit.records([Key("ticket", place.id)])[Key("ticket", place.id)]  # locked: a tablet may be calling it
        if stored.standing == "live" and kinds["ticket"].read(stored.body)["state"] in IN_LINE:
            return Choice(place=place, waiting=len(line) - at - 1)
    return Choice(place=None, waiting=0)


def call_next(
    unit: SqlUnit, kinds: Kinds, request: CallNextRequest, actor: Actor, *, date: str, at: str, behind: int
) -> CallNextResponse:
    """Call whoever is next at a counter of the actor's branch. Raises NotFound for another branch, CounterNotOpen."""
    branch, counter_no = request.branch_id, request.counter_no
    if branch_bucket(branch) not in actor.buckets:
        raise NotFound("there is no such branch for this person")
    require(actor, Role.LOBBY_MANAGER)
    hold(unit.connection, branch, date)
    for id in list_at_counter(unit.connection, branch, date, counter_no):
        if id != request.present:
            return _answer(unit, kinds, id, 0)
    choice = choose_next(unit, kinds, branch, date, counter_no, behind=behind)
    if choice.place is None:
        return CallNextResponse()
    facts: Body = {"counter": counter_no, "called_at": at}
    moved = move_record(unit, kinds, Key("ticket", choice.place.id), "called", facts, by=actor.staff_no, at=at)
    assert moved.step is Step.APPLY, "the ticket is in line, and locked"
    return _answer(unit, kinds, choice.place.id, choice.waiting)


def _answer(unit: SqlUnit, kinds: Kinds, id: str, waiting: int) -> CallNextResponse:
    stored = unit.records([Key("ticket", id)])[Key("ticket", id)]
    body = kinds["ticket"].read(stored.body)
    display = write_number(body["series"], body["number"], body["overflow"])
    return CallNextResponse(ticket_id=id, version=stored.version, display=display, waiting=waiting)


def _serves(unit: SqlUnit, kinds: Kinds, branch: str, counter_no: str) -> list[str]:
    key = Key("counter", counter_id(branch, counter_no))
    stored = unit.records([key]).get(key)
    if stored is None or stored.standing != "live":
        return []
    body = kinds["counter"].read(stored.body)
    if body["state"] != "open":
        raise CounterNotOpen(counter_no=counter_no, state=body["state"])
    serves: list[str] = body["series"]
    return serves
