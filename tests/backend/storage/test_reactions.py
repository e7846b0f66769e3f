"""What follows from a write happens in its transaction, or neither happens."""

import msgspec
import pytest
from sqlalchemy import func, select

from backend.domain.tickets.models import TICKET_PROJECTION, ticket
from backend.registry import KINDS
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from sync.puts import Put, put_records
from sync.store import Key

AT = "2026-11-21T01:30:00.000Z"
ID, TASK = "01970000-0000-7000-8000-00000000000a", "01970000-0000-7000-8000-00000000000b"
TICKET = {
    "branch_id": "3501", "series": "A", "business_date": "2026-11-21", "number": 7, "issued_at": AT, "state": "waiting",
}  # fmt: skip


def remind(unit, writes, _at):
    """Ask somebody to welcome whoever waits, and count who does by the projection."""
    waiting = unit.connection.scalar(select(func.count()).select_from(ticket))
    return [
        Put(kind="task", id=TASK, body={"title": f"{waiting} waiting", "org_id": "3501", "assignee": "s-1"})
        for write in writes
        if write.before is None
    ]


def close(_unit, writes, _at):
    """A task that was made for the waiting is done at once."""
    bodies = {write.after.id: msgspec.json.decode(write.after.body) for write in writes}
    return [Put(kind="task", id=id, body=body | {"is_done": True}) for id, body in bodies.items()]


def fail(_unit, _writes, _at):
    raise LookupError("this reaction fails")


def open_store(url, **rules):
    return SqlStore(make_engine(url), {"ticket": TICKET_PROJECTION}, reactions=Reactions(KINDS, rules))


def write_ticket(store):
    store.write(lambda unit: put_records(unit, KINDS, [Put(kind="ticket", id=ID, body=TICKET)], by="s-1", at=AT))


def find(store, kind, id):
    return store.read(lambda look: look.records([Key(kind, id)])).get(Key(kind, id))


def test_one_write_leads_to_another_and_that_to_the_next(url):
    with open_store(url, ticket=[remind], task=[close]) as store:
        write_ticket(store)
        task = find(store, "task", TASK)
        assert msgspec.json.decode(task.body) == {
            "title": "1 waiting", "org_id": "3501", "assignee": "s-1", "is_done": True
        }  # fmt: skip
        heads = store.read(lambda look: look.buckets(["branch:3501", "staff:s-1"]))
        assert {name: (state.head, state.n) for name, state in heads.items()} == {
            "branch:3501": (1, 1), "staff:s-1": (1, 1)
        }  # fmt: skip
        assert [row.version for row in store.read(lambda look: look.rows("staff:s-1", 0, 9))] == [task.version]


def test_a_reaction_that_fails_undoes_what_it_reacted_to(url):
    with open_store(url, ticket=[remind], task=[fail]) as store:
        with pytest.raises(LookupError):
            write_ticket(store)
        assert find(store, "ticket", ID) is None
        assert store.read(lambda look: look.connection.scalar(select(func.count()).select_from(ticket))) == 0


def test_reactions_that_never_end_are_a_defect_and_write_nothing(url):
    def again(_unit, writes, _at):
        body = msgspec.json.decode(writes[0].after.body)
        return [Put(kind="ticket", id=ID, body=body | {"priority": body.get("priority", 0) + 1})]

    with open_store(url, ticket=[again]) as store:
        with pytest.raises(AssertionError, match="circle"):
            write_ticket(store)
        assert find(store, "ticket", ID) is None
