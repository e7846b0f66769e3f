"""What a queue machine's words mean: each message becomes the mutations that a tablet would push."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import Struct

from backend.domain.tickets.rules.line import SERIES_PRIORITY
from backend.identity import business_date
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.clock import ClockEvidence
from contracts.errors import ErrorCode
from contracts.kinds.counter import counter_id
from contracts.machine import MachineMessage
from contracts.policy import Op
from sync.kind import Actor, Kinds
from sync.store import Key, NumberKey
from sync.tablet.mutations import Intent

NAMESPACE = UUID("0f1d6a52-8f50-5b0e-8d5e-2c8d3c5c9e01")
SOURCE = "machine"
CHANGED_IN = {"serving": "serving_at", "finish": "ended_at", "cancel": "ended_at", "left": "ended_at"}
# Word → the state that it asks for.
STATES = {
    "call": "called", "recall": "recalled", "serving": "serving", "finish": "finished", "skip": "skipped",
    "return": "returned", "hold": "held", "transfer": "transferred", "cancel": "cancelled", "left": "left",
}  # fmt: skip
COUNTER_STATES = {"open": "open", "pause": "paused", "close": "closed"}
AT_A_COUNTER = frozenset({"call", "call_next", *COUNTER_STATES})


class NotUnderstood(Exception):
    """A message that means nothing here; the machine is told why, and its next message is heard all the same."""

    def __init__(self, code: ErrorCode, **args: object) -> None:
        super().__init__(code.code)
        self.code, self.args_of_problem = code, args


class Numbered(Struct, frozen=True, kw_only=True):
    """The number that a ticket gets, and the day it is for; `token` proves a block that only the server knows."""

    number: int
    date: str
    token: str = ""


def ticket_id(install_id: str, n: int) -> str:
    """Return the id of the ticket that a machine's message issues, the same at every retry."""
    return str(uuid5(NAMESPACE, f"{install_id}|{n}"))


def day_of(message: MachineMessage, at: datetime) -> str:
    """Return the business day of a message: the one it names, else that of its moment in China."""
    return message.business_date or business_date(at)


def mean_issue(
    message: MachineMessage, actor: Actor, numbered: Numbered, made_at: ClockEvidence, *, issued_at: str, wait: Body
) -> list[Intent]:
    """Return the creation of a ticket; `wait` is what the customer was told."""
    assert message.series is not None
    optional = {"overflow": message.overflow, "claim": message.claim and _claim(message)}
    said: Body = {
        "branch_id": actor.org_id, "series": message.series, "business_date": numbered.date,
        "number": numbered.number, "issued_at": issued_at, "source": SOURCE, "service": message.service,
        "priority": max(message.priority, SERIES_PRIORITY.get(message.series, 0)), **wait,
        **{name: value for name, value in optional.items() if value is not None},
    }  # fmt: skip
    return [Intent(kind="ticket", id=ticket_id(actor.install_id, message.n), op=Op.CREATE, set=said, made_at=made_at)]


def mean_move(message: MachineMessage, id: str, made_at: ClockEvidence, happened_at: str, seen: int) -> list[Intent]:
    """Return the transition of a ticket of which the machine knew the version `seen`, 0 if nobody can tell.

    A transfer says both where to and where no longer to.
    """
    word = "call" if message.type == "call_next" else message.type
    facts: Body = {} if message.counter is None else {"counter": message.counter}
    if word == "call":
        facts["called_at"] = happened_at
    elif word in CHANGED_IN:
        facts[CHANGED_IN[word]] = happened_at
    elif word == "transfer":
        facts = {"for_series": message.for_series, "for_counter": message.for_counter}
    asked = {"to": STATES[word], "facts": facts}
    return [Intent(kind="ticket", id=id, op=Op.TRANSITION, set=asked, base_version=seen, made_at=made_at)]


def mean_counter(
    message: MachineMessage, unit: SqlUnit, kinds: Kinds, actor: Actor, made_at: ClockEvidence
) -> list[Intent]:
    """Return what opens, pauses or closes a counter; one that nobody knows yet is declared first."""
    assert message.counter is not None
    id = counter_id(actor.org_id, message.counter)
    say = _saying(id, made_at)
    stored = unit.records([Key("counter", id)]).get(Key("counter", id))
    facts: Body = {} if message.teller is None else {"teller": message.teller}
    move = say(Op.TRANSITION, {"to": COUNTER_STATES[message.type], "facts": facts})
    if stored is None:
        return [
            say(Op.CREATE, {"branch_id": actor.org_id, "counter_no": message.counter, "series": message.serves}), move
        ]  # fmt: skip
    known = kinds["counter"].read(stored.body)["series"] if stored.body else []
    if message.type == "open" and message.serves != known:
        return [say(Op.PATCH, {"series": message.serves}), move]
    return [move]


def get_ticket(message: MachineMessage, unit: SqlUnit, actor: Actor, date: str) -> str:
    """Return the ticket that a message is about, by its id or by what is printed on it. Raises NotUnderstood."""
    if message.ticket_id is not None:
        return message.ticket_id
    if message.series is None or message.number is None:
        raise NotUnderstood(ErrorCode.VALIDATION_FAILED, wrong="name a ticket: ticket_id, or series and number")
    key = NumberKey(actor.org_id, message.series, date, message.overflow or "", message.number)
    id = unit.taken([key]).get(key)
    if id is None:
        raise NotUnderstood(ErrorCode.NOT_FOUND, series=message.series, number=message.number, business_date=date)
    return id


def check_words(message: MachineMessage) -> None:
    """Refuse a message that lacks what its type needs. Raises NotUnderstood."""
    if message.type in AT_A_COUNTER and not message.counter:
        raise NotUnderstood(ErrorCode.VALIDATION_FAILED, wrong=f"{message.type} needs `counter`")
    if message.type == "issue" and message.series is None:
        raise NotUnderstood(ErrorCode.VALIDATION_FAILED, wrong="issue needs `series`")
    if message.type == "issue" and message.overflow and message.number is None:
        raise NotUnderstood(ErrorCode.VALIDATION_FAILED, wrong="a number of the overflow series is the machine's own")


def _saying(id: str, made_at: ClockEvidence) -> Callable[[Op, Body], Intent]:
    return lambda op, said: Intent(kind="counter", id=id, op=op, set=said, made_at=made_at)


def _claim(message: MachineMessage) -> Body:
    assert message.claim is not None
    claim = message.claim
    return {name: value for name in claim.__struct_fields__ if (value := getattr(claim, name))}
