"""Whatever units of work come, the SQL stores show what the executable specification shows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from backend.migrations import migrate
from backend.storage.engine import make_engine
from backend.storage.metadata import metadata
from backend.storage.sql_store import SqlStore
from backend.storage.tables import epoch
from sync.memory import MemoryStore
from sync.settled import gather
from sync.store import AuditEntry, Evidence, Install, Key, LeaseRow, NumberKey, PurgeRow, Remembered, Stored, Write
from tests.sync.store_cases import Refused

BUCKETS = ("branch:1", "branch:2", "staff:1", "catalog")
KEYS = [Key(kind, f"id-{n}") for kind in ("form", "visit") for n in range(4)]
INSTALLS = ("i-1", "i-2")
DAY = ("3501", "2026-11-21")
AT = st.sampled_from(["2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z", "2026-11-21T00:00:00.001Z"])
words = st.text("ab:中'\"\\", max_size=5)
_numbers = st.integers(1, 4)
numbers = st.builds(
    NumberKey, st.just(DAY[0]), st.sampled_from("AB"), st.just(DAY[1]), st.sampled_from(["", "C"]), _numbers
)
line = st.tuples(st.just(DAY[0]), st.sampled_from("AB"), st.just(DAY[1]))

save_record = st.fixed_dictionaries(
    {
        "do": st.just("save_record"),
        "key": st.sampled_from(KEYS),
        "buckets": st.frozensets(st.sampled_from(BUCKETS)),
        "standing": st.sampled_from(["live", "live", "live", "deleted", "parked"]),
        "cause": st.sampled_from(["moved", "closed", "revoked"]),
        "field_versions": st.dictionaries(words, st.integers(0, 9), max_size=2),
        "left": st.dictionaries(st.sampled_from(BUCKETS), AT, max_size=2),
        "by": words,
        "at": AT,
        "body": st.binary(max_size=8),
    }
)
others = st.one_of(
    st.tuples(
        st.just("save_install"),
        st.builds(
            Install,
            install_id=st.sampled_from(INSTALLS),
            ack_n=st.integers(0, 9),
            evidence_head=words,
            letter=words,
            public_key=st.binary(max_size=4),
        ),
    ),
    st.tuples(st.just("next_number"), line, st.integers(1, 5)),
    st.tuples(st.just("raise_number"), line, st.integers(0, 9)),
    st.tuples(st.just("take_numbers"), st.dictionaries(numbers, words.filter(bool), max_size=3)),
    st.tuples(
        st.just("note_received"),
        st.sampled_from(INSTALLS),
        st.dictionaries(st.sampled_from(BUCKETS), st.integers(0, 9)),
        AT,
    ),
    st.tuples(st.just("drop_rows"), st.sampled_from(BUCKETS), st.integers(0, 12)),
    st.tuples(
        st.just("save_lease"),
        st.sampled_from(["l-1", "l-2"]),
        st.sampled_from(["open", "returned"]),
        st.lists(st.integers(1, 9), max_size=3),
    ),
    st.tuples(st.just("save_purge"), st.sampled_from(["p-1", "p-2"]), st.none() | st.binary(max_size=4)),
    st.tuples(st.just("remember"), words),
    st.tuples(st.just("audit"), st.sampled_from(["s-1", "s-2"]), words),
)
unit = st.tuples(st.lists(save_record, max_size=4), st.lists(others, max_size=3), st.booleans())


def run(store: Any, steps: Any, counter: int) -> Any:
    saves, rest, is_refused = steps

    def work(unit: Any) -> list[Any]:
        answers = [unit.buckets(BUCKETS), unit.records(KEYS)]
        for number, save in enumerate(saves):
            unit.save_records([_write(unit, save)])
            answers.append((number, unit.records([save["key"]])))
        answers += [_do(unit, step, counter) for step in rest]
        if is_refused:
            raise Refused
        return answers

    try:
        return store.write(work)
    except Refused:
        return "refused"


def _write(unit: Any, save: Any) -> Write:
    before = unit.records([save["key"]]).get(save["key"])
    is_live = save["standing"] == "live"
    after = Stored(
        kind=save["key"].kind,
        id=save["key"].id,
        version=before.version + 1 if before else 1,
        body=save["body"] if is_live else b"",
        field_versions=save["field_versions"],
        buckets=save["buckets"] if is_live else frozenset(),
        left=save["left"],
        standing=save["standing"],
        changed_by=save["by"],
        changed_at=save["at"],
        parked_by="i-1" if save["standing"] == "parked" else None,
    )
    return Write(before=before, after=after, cause=save["cause"])


def _do(unit: Any, step: Any, counter: int) -> Any:
    name, *arguments = step
    if name in ("next_number", "raise_number"):
        return getattr(unit, name)(*arguments[0], arguments[1])
    if name == "save_lease":
        lease_id, state, unused = arguments
        lease = LeaseRow(
            lease_id=lease_id,
            request_id=lease_id,
            install_id="i-1",
            branch=DAY[0],
            series="A",
            date=DAY[1],
            lo=1,
            hi=9,
            expires_at="",
            state=state,
            unused=tuple(unused),
        )
        unit.save_lease(lease)
        return [one.lease_id for one in sorted(unit.open_leases("i-1"), key=lambda one: one.lease_id)]
    if name == "save_purge":
        purge, receipt = arguments
        return unit.save_purge(
            PurgeRow(
                purge=purge,
                install_id="i-1",
                buckets=BUCKETS,
                cause="x",
                ordered_at=purge,
                deadline="",
                receipt=receipt,
            )
        )
    if name == "remember":
        settled = Remembered(install_id="i-1", n=counter, digest=arguments[0], outcome=b"{}")
        evidence = Evidence(
            install_id="i-1",
            n=counter,
            hash=f"{counter}",
            prev="",
            kind="visit",
            id="v",
            mutation=b"{}",
            countersignature="",
            received_at="",
        )
        if counter not in unit.remembered("i-1", [counter]):
            unit.remember(gather([settled]))
            unit.add_evidence([evidence])
        return unit.remembered("i-1", [counter])
    if name == "audit":
        return unit.audit(AuditEntry(stream=arguments[0], at="", actor="", action="x", detail={"say": arguments[1]}))
    return getattr(unit, name)(*arguments)


def everything(store: Any) -> Any:
    """All that a snapshot can tell of what these units wrote."""

    def look(s: Any) -> Any:
        return {
            "epoch": (s.epoch(), s.past_epochs()),
            "names": s.bucket_names(),
            "buckets": s.buckets(BUCKETS),
            "rows": [[s.rows(name, after, limit) for name in BUCKETS] for after, limit in ((0, 100), (2, 2))],
            "written": [
                [s.written_rows(name, after, limit, max_bytes) for name in BUCKETS]
                for after, limit, max_bytes in ((0, 100, 10_000), (2, 2, 10_000), (0, 100, 300))
            ],
            "glances": [s.glance(name, BUCKETS)[1:] for name in INSTALLS],
            "live": [s.live_ids(name) for name in BUCKETS],
            "rows_of": [s.rows_of(name, ["id-1", "id-2"]) for name in BUCKETS],
            "records": s.records(KEYS),
            "installs": [s.find_install(name) for name in INSTALLS],
            "remembered": s.remembered("i-1", range(40)),
            "evidence": s.evidence_among("i-1", [f"{n}" for n in range(40)]),
            "leases": [sorted(one.lease_id for one in s.leases(*DAY)), s.find_lease("l-1"), s.find_lease("l-2")],
            "numbers": s.numbers(*DAY),
            "purges": sorted(s.purges("i-1"), key=lambda purge: purge.purge),
            "received": [s.received(name) for name in INSTALLS],
            "cursors": [sorted(s.cursors(name, "2026-11-21T00:00:00.000Z")) for name in BUCKETS],
            "newest": [s.newest_before(name, "2026-11-21T00:00:00.001Z") for name in BUCKETS],
        }

    return store.read(look)


def empty(store: SqlStore) -> None:
    with store.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        connection.execute(insert(epoch).values(ordinal=1, epoch="e-1", started_at="", number_gap=0, gap_until=""))


@pytest.fixture(scope="module")
def sql_stores(tmp_path_factory, postgres, migrated_template):
    sqlite_url = f"sqlite:///{tmp_path_factory.mktemp('equality')}/padsync.db"
    migrate(sqlite_url)
    name = postgres.new_database(migrated_template)
    with SqlStore(make_engine(sqlite_url)) as first, SqlStore(make_engine(postgres.url(name))) as second:
        yield first, second
    postgres.drop_database(name)


@settings(max_examples=60)
@given(units=st.lists(unit, max_size=8))
def test_random_units_leave_the_same_in_every_store(sql_stores, units):
    told: list[list[Any]] = [[] for _ in range(3)]
    for store in sql_stores:
        empty(store)
    specification = MemoryStore("e-1", on_commit=told[0].append)
    for place, store in enumerate(sql_stores, 1):
        store._on_commit = told[place].append
    for counter, steps in enumerate(units):
        expected = run(specification, steps, counter)
        for store in sql_stores:
            assert run(store, steps, counter) == expected
    for store in sql_stores:
        assert everything(store) == everything(specification)
    assert told[1] == told[2] == told[0]
