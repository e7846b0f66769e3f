"""Whoever changes, adds, removes or moves a row of the log is found."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import delete, func, insert, select, update

from backend.storage.audit import make_anchor, verify_audit
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from backend.storage.tables import anchor, audit_entry, audit_stream, settled
from sync.settled import digest_of_settled, gather
from sync.store import AuditEntry, Remembered

AT = "2026-11-21T01:30:00.000Z"
STREAM = "install:i-1"


@pytest.fixture
def store(url):
    with SqlStore(make_engine(url)) as store:
        for n in (1, 3, 5, 7):
            store.write(push_of(n))
        put(store, *(entry("server:crm", n) for n in range(3)))
        yield store


def entry(stream, n, **detail):
    return AuditEntry(stream=stream, at=AT, actor="s-1", action="put", detail={"n": n, "name": "李", **detail})


def put(store, *entries):
    def work(unit):
        for one in entries:
            unit.audit(one)

    store.write(work)


def push_of(n):
    news = [Remembered(install_id="i-1", n=k, digest="d", outcome=b'{"n":%d}' % k) for k in (n, n + 1)]
    detail = {"from_n": n, "to_n": n + 1, "digest": digest_of_settled(gather(news)), "applied": 2}

    def work(unit):
        unit.remember(gather(news))
        unit.audit(AuditEntry(stream=STREAM, at=AT, actor="s-1", action="push", detail=detail))

    return work


def tamper(store, *statements):
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def broken(store, **options):
    return [(one.stream, one.position) for one in verify_audit(store.engine, **options).broken]


def at(position, stream=STREAM):
    return (audit_entry.c.stream == stream) & (audit_entry.c.position == position)


def test_an_untouched_log_is_whole(store):
    make_anchor(store, AT)
    store.write(push_of(9))
    report = verify_audit(store.engine)
    assert (report.is_whole, report.streams, report.entries, report.anchors) == (True, 2, 8, 1)


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "result", "hash"])
def test_a_changed_entry_is_named(store, column):
    tamper(store, update(audit_entry).where(at(2)).values({column: "0" * 64}))
    assert broken(store) == [(STREAM, 2)]


def test_a_changed_detail_is_named(store):
    changed = func.replace(audit_entry.c.detail, "李", "王")
    tamper(store, update(audit_entry).where(at(3, "server:crm")).values(detail=changed))
    assert broken(store) == [("server:crm", 3)]


def test_a_detail_that_is_no_json_is_named(store):
    tamper(store, update(audit_entry).where(at(2)).values(detail="{"))
    assert broken(store) == [(STREAM, 2)]


def test_an_entry_that_is_gone_is_named(store):
    tamper(store, delete(audit_entry).where(at(1)))
    assert broken(store) == [(STREAM, 1)]


def test_entries_that_changed_places_are_named(store):
    tamper(
        store,
        update(audit_entry).where(at(2)).values(position=99),
        update(audit_entry).where(at(3)).values(position=2),
        update(audit_entry).where(at(99)).values(position=3),
    )
    assert broken(store) == [(STREAM, 2)]


def test_an_entry_that_was_added_is_named(store):
    row = {c: "" for c in ("actor", "action", "subject", "result")}
    added = {"stream": STREAM, "position": 5, "at": AT, "detail": "{}", "hash": "0" * 64, **row}
    tamper(store, insert(audit_entry).values(added))
    assert broken(store) == [(STREAM, 5)]


def test_a_tail_that_is_gone_is_named_by_the_stream_s_head(store):
    tamper(store, delete(audit_entry).where(at(4)))
    assert broken(store) == [(STREAM, 4)]


def cut_tail(store, stream=STREAM, length=3):
    """Remove the newest entries as somebody does who knows of the heads."""
    with store.engine.begin() as connection:
        kept = connection.scalar(select(audit_entry.c.hash).where(at(length, stream)))
        connection.execute(delete(audit_entry).where(audit_entry.c.stream == stream, audit_entry.c.position > length))
        if kept is None:
            connection.execute(delete(audit_stream).where(audit_stream.c.stream == stream))
        else:
            chosen = audit_stream.c.stream == stream
            connection.execute(update(audit_stream).where(chosen).values(length=length, hash=kept))


def test_a_tail_and_its_head_that_are_gone_are_named_by_an_anchor(store):
    make_anchor(store, AT)
    cut_tail(store)
    assert broken(store) == [(STREAM, 4)]


def test_a_whole_stream_that_is_gone_is_named_by_an_anchor(store):
    make_anchor(store, AT)
    store.write(push_of(9))
    make_anchor(store, AT)
    cut_tail(store, "server:crm", 0)
    assert broken(store) == [("server:crm", 0)]


def test_a_stream_that_was_written_anew_is_named_by_an_anchor(store):
    make_anchor(store, AT)
    cut_tail(store, "server:crm", 0)
    put(store, *(entry("server:crm", n, forged=True) for n in range(4)))
    assert broken(store) == [("server:crm", 3)]


def test_a_changed_anchor_is_named(store):
    make_anchor(store, AT)
    store.write(push_of(9))
    make_anchor(store, AT)
    with store.engine.begin() as connection:
        heads = json.loads(connection.scalar(select(anchor.c.heads).where(anchor.c.ordinal == 1)))
        del heads["server:crm"]
        connection.execute(update(anchor).where(anchor.c.ordinal == 1).values(heads=json.dumps(heads)))
    assert broken(store) == [("anchor", 1)]


def test_an_anchor_that_is_gone_is_named_by_its_hash_kept_elsewhere(store):
    kept = [make_anchor(store, AT).hash for _ in range(2)]
    assert broken(store, trusted=kept) == []
    tamper(store, delete(anchor).where(anchor.c.ordinal == 2))
    assert broken(store) == []
    assert broken(store, trusted=kept) == [("anchor", 0)]


@pytest.mark.parametrize(("was", "forged"), [(b'{"n":6}', b'{"n":7}'), (b'"d"', b'"e"'), (b',{"n":6}', b"")])
def test_an_outcome_that_was_changed_is_named_by_its_push(store, was, forged):
    with store.engine.begin() as connection:
        text = connection.scalar(select(settled.c.text).where(settled.c.first_n == 5))
        assert was in text
        connection.execute(update(settled).where(settled.c.first_n == 5).values(text=text.replace(was, forged)))
    assert broken(store) == [(STREAM, 3)]


def test_outcomes_under_other_numbers_are_named_by_their_push(store):
    tamper(store, update(settled).where(settled.c.first_n == 5).values(first_n=6))
    assert broken(store) == [(STREAM, 3)]


def test_a_push_entry_from_before_outcomes_lay_together_still_verifies(store):
    news = [Remembered(install_id="i-1", n=n, digest="d", outcome=b'{"n":%d}' % n) for n in (9, 10)]
    lines = "\n".join(f"{one.n}|{one.digest}|{sha256(one.outcome).hexdigest()}" for one in news)
    detail = {"from_n": 9, "to_n": 10, "digest": sha256(lines.encode()).hexdigest(), "applied": 2}
    for one in news:  # as the migration leaves them
        store.write(lambda unit, one=one: unit.remember(gather([one])))
    store.write(lambda unit: unit.audit(AuditEntry(stream=STREAM, at=AT, actor="s-1", action="push", detail=detail)))
    assert broken(store) == []
    tamper(store, delete(settled).where(settled.c.first_n == 10))
    assert broken(store) == [(STREAM, 5)]


def test_an_outcome_that_is_gone_is_named_by_its_push(store):
    tamper(store, delete(settled).where(settled.c.first_n == 1))
    assert broken(store) == [(STREAM, 1)]


def test_each_stream_has_its_own_first_broken_row(store):
    tamper(store, update(audit_entry).where(audit_entry.c.position == 2).values(actor="x"))
    assert broken(store) == [(STREAM, 2), ("server:crm", 2)]


def test_progress_is_told(store):
    told = []
    verify_audit(store.engine, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (7, 7)
