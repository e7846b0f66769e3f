"""Work and words for a staff number that nobody has: whoever wrote it hears of it, for nobody else ever will."""

from collections.abc import Sequence
from uuid import UUID, uuid5

import msgspec

from backend.domain.staff.queries import orgs_of
from backend.storage.unit import SqlUnit
from contracts.base import Body
from sync.puts import Put
from sync.store import Write

LETTERS = UUID("0f0a9b0e-3c52-4d1c-8a57-61d5c2b7f3ee")
NAMED_IN = {"task": "assignee", "letter": "to", "plan": "people"}  # kind → the field that names people
WORDS = {"task": ("任务", "task"), "letter": ("消息", "letter"), "plan": ("活动计划", "plan")}


def tell_of_strangers(unit: SqlUnit, writes: Sequence[Write], _at: str) -> list[Put]:
    """Return a letter to the author for each record that newly names somebody who is not there."""
    named = {write.after.id: _news(write) for write in writes}
    asked = {who for names in named.values() for who in names}
    known = orgs_of(unit.connection, asked).keys() if asked else frozenset()
    return [
        put
        for write in writes
        if (missing := sorted(named[write.after.id] - known)) and (put := _letter(write, missing)) is not None
    ]


def _news(write: Write) -> frozenset[str]:
    """Return who is named by a record and was not named by it before."""
    if write.after.standing != "live":
        return frozenset()
    before = _named(write.after.kind, write.before.body) if write.before and write.before.body else frozenset()
    return _named(write.after.kind, write.after.body) - before


def _named(kind: str, body: bytes) -> frozenset[str]:
    told = msgspec.json.decode(body).get(NAMED_IN[kind]) or ()
    return frozenset({told} if isinstance(told, str) else told)


def _letter(write: Write, missing: Sequence[str]) -> Put | None:
    body: Body = msgspec.json.decode(write.after.body)
    if not body.get("author"):
        return None
    zh, en = WORDS[write.after.kind]
    numbers = "、".join(missing)
    said: Body = {
        "to": [body["author"]],
        "title": f"查无此工号，{zh}未送达 · nobody has this staff number, the {en} reached nobody by it",
        "text": f"{numbers}\n{body.get('title', '')}",
    }
    return Put(kind="letter", id=str(uuid5(LETTERS, f"{write.after.id}:{numbers}")), body=said)
