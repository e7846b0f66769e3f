"""What may follow a moment after a commit: it is owed from that commit on, done in order, once, and after any death."""

import threading
from contextlib import suppress

import pytest

from backend.domain.tickets.models import TICKET_PROJECTION
from backend.registry import KINDS
from backend.storage.engine import make_engine
from backend.storage.follow_ups import IDS_MAX, TRIES_MAX, count_waiting, find_waiting, has_any
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from sync.puts import Put, put_records
from sync.store import Key
from tests.backend.storage.test_reactions import AT, ID, TASK, TICKET, find, remind, write_ticket

LATER = "2026-11-21T01:31:00.000Z"


def open_store(url, **rules):
    reactions = Reactions(KINDS, rules, later={"ticket"})
    return SqlStore(make_engine(url), {"ticket": TICKET_PROJECTION}, reactions=reactions)


def test_the_commit_leaves_what_follows_for_later_and_later_it_is_done_once(url):
    with open_store(url, ticket=[remind]) as store:
        write_ticket(store)
        assert find(store, "task", TASK) is None
        assert count_waiting(store) == 1
        assert store.follow_up()
        assert find(store, "task", TASK).version == 1
        assert not store.follow_up()


def test_what_a_write_owes_is_undone_with_it(url):
    with open_store(url, ticket=[remind]) as store:
        with pytest.raises(LookupError):
            store.write(lambda unit: (put_records(unit, KINDS, [ticket(ID)], by="s-1", at=AT), unit.finish(), fail()))
        assert count_waiting(store) == 0


def test_what_a_process_left_that_died_is_done_by_the_next(url):
    with open_store(url, ticket=[remind]) as store:
        write_ticket(store)
    with open_store(url, ticket=[remind]) as store:
        done = threading.Event()
        store._on_commit = lambda moved: done.set() if "staff:s-1" in moved else None
        store.start_following()
        assert done.wait(20)
        store.catch_up()
        assert find(store, "task", TASK).version == 1


def test_the_follower_is_woken_by_the_commit(url):
    with open_store(url, ticket=[remind]) as store:
        done = threading.Event()
        store._on_commit = lambda moved: done.set() if "staff:s-1" in moved else None
        store.start_following()
        write_ticket(store)
        assert done.wait(20)


def test_one_that_fails_is_given_up_after_some_tries_and_holds_up_no_other(url):
    def react(unit, writes, at):
        if any(write.after.id == ID for write in writes):
            raise LookupError("this one cannot be done")
        return remind(unit, writes, at)

    with open_store(url, ticket=[react]) as store:
        write_ticket(store)
        store.write(lambda unit: put_records(unit, KINDS, [ticket(TASK)], by="s-1", at=AT))
        for _ in range(TRIES_MAX):
            with pytest.raises(LookupError):
                store.follow_up()
        assert store.follow_up()
        assert find(store, "task", TASK) is not None
        assert not store.follow_up()
        assert count_waiting(store) == 1


def test_many_records_of_one_write_are_done_in_parts(url):
    ids = [f"01970000-0000-7000-8000-{at:012d}" for at in range(IDS_MAX + 1)]
    seen = []

    def react(_unit, writes, _at):
        seen.append(len(writes))
        return []

    with open_store(url, ticket=[react]) as store:
        store.write(lambda unit: put_records(unit, KINDS, [ticket(id) for id in ids], by="s-1", at=AT))
        store.catch_up()
        assert seen == [IDS_MAX, 1]


def test_small_writes_are_followed_up_together_and_what_failed_alone(url):
    """Whoever types fast does not make the server judge one by one, and nobody pays for a neighbour's failure."""
    ids = [f"01970000-0000-7000-8000-{at:012d}" for at in range(IDS_MAX + 2)]
    seen: list[list[str]] = []

    def react(_unit, writes, _at):
        seen.append([write.after.id for write in writes])
        if ids[1] in seen[-1]:
            raise LookupError("this one cannot be done")
        return []

    with open_store(url, ticket=[react]) as store:
        for id in ids:
            store.write(lambda unit, id=id: put_records(unit, KINDS, [ticket(id)], by="s-1", at=AT))
        exhaust(store)
        together = [ids[:IDS_MAX], ids[:1], *[[ids[1]]] * (TRIES_MAX - 1)]
        assert seen == [*together, *([id] for id in ids[2:IDS_MAX]), ids[IDS_MAX:]]
        assert count_waiting(store) == 1


def test_what_waits_already_is_told(url):
    with open_store(url) as store:
        store.write(lambda unit: unit.follow_up_later("ticket", [ID], AT))
        assert store.write(lambda unit: find_waiting(unit, "ticket")) == {ID}
        assert store.write(lambda unit: find_waiting(unit, "visit")) == set()


def test_what_is_being_followed_up_waits_no_more_and_may_be_owed_again(url):
    """Whoever leaves out what waits already must not leave out the records at hand: their row goes with this unit."""
    seen = []

    def react(unit, _writes, at):
        seen.append(find_waiting(unit, "ticket"))
        if len(seen) == 1:
            unit.follow_up_later("ticket", sorted({ID} - seen[0]), at)
        return []

    with open_store(url, ticket=[react]) as store:
        write_ticket(store)
        store.catch_up()
        assert seen == [set(), set()]
        assert count_waiting(store) == 0


def test_a_record_that_went_meanwhile_is_seen_as_it_is(url):
    standings: list[str] = []

    def react(_unit, writes, _at):
        standings.extend(write.after.standing for write in writes)
        return []

    with open_store(url, ticket=[react]) as store:
        write_ticket(store)
        gone = [Put(kind="ticket", id=ID, body=None)]
        store.write(lambda unit: put_records(unit, KINDS, gone, by="s-1", at=LATER))
        store.catch_up()
        assert standings == ["deleted"]  # written twice, and followed up together
        assert store.read(lambda look: look.records([Key("ticket", ID)]))[Key("ticket", ID)].body == b""


def exhaust(store):
    """Try what may be tried until nothing is left, whatever fails."""
    while store.read(has_any):
        with suppress(LookupError):
            store.follow_up()


def ticket(id):
    return Put(kind="ticket", id=id, body=TICKET)


def fail():
    raise LookupError("the unit fails at its end")
