"""Every statement of the store, written once, compiled once per database, and run through the driver."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement, FromClause
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import Boolean

from backend.storage import tables as t


class among(ColumnElement[bool]):  # noqa: N801  # reads as SQL does
    """`column IN (one parameter that holds any number of values)`: the same text for every number of them."""

    inherit_cache = True
    type = Boolean()
    _is_implicitly_boolean = True  # or SQLAlchemy would compare it with 1 on SQLite
    __visit_name__ = "among"

    def __init__(self, column: Column[Any], name: str) -> None:
        self.column = column
        self.values = bindparam(name, type_=column.type)


@compiles(among, "sqlite")
def _among_json(element: among, compiler: Any, **options: Any) -> str:
    column, values = compiler.process(element.column, **options), compiler.process(element.values, **options)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # both are compiled SQL


@compiles(among, "postgresql")
def _among_array(element: among, compiler: Any, **options: Any) -> str:
    options["skip_bind_expression"] = True
    column = compiler.process(element.column, **options)
    kind = "bigint" if isinstance(element.values.type, BigInteger | Integer) else "text"
    placeholder = compiler.process(element.values, **options).split("::")[0]
    return f"{column} = ANY({placeholder}::{kind}[])"


DIALECTS: dict[str, Callable[[], Any]] = {
    "sqlite": lambda: SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": lambda: PGDialect_psycopg(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy types it no further
}
JSON_LISTS: dict[str, tuple[Any, Any]] = {  # of one row's columns; of all rows, or NULL where there is none
    "sqlite": (func.json_array, func.json_group_array),
    "postgresql": (func.json_build_array, func.json_agg),
}
INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def bind(column: Column[Any], name: str = "") -> Any:
    """Return a parameter of the column's type."""
    return bindparam(name or column.name, type_=column.type)


def same(*columns: Column[Any]) -> Any:
    """Each of these columns equals the parameter of its name."""
    return and_(*(column == bind(column) for column in columns))


def pick(table: Table, *without: str) -> Any:
    """Select a table's columns in their order."""
    return select(*(column for column in table.c if column.name not in without))


class Statements:
    """The store's SQL for one database; parameters are positional, in the order that each comment or name says."""

    def __init__(self, name: str) -> None:
        self._dialect = DIALECTS[name]()
        self._insert = INSERTS[name]
        self._snapshot()
        self._locks()
        self._feed()
        self._numbers()
        self._writes()

    def compile(self, statement: Executable) -> str:
        """Return the SQL text with the driver's own placeholders."""
        return str(statement.compile(dialect=self._dialect))  # type: ignore[attr-defined]  # Executable has it

    def add(self, table: Table, *without: str) -> str:
        """Return an INSERT of a table's columns in their order."""
        rows = insert(table).values({c.name: bind(c) for c in table.c if c.name not in without})
        return self.compile(rows.inline())

    def keep_first(self, table: Table) -> str:
        """Return an INSERT that leaves a row alone which is there already."""
        rows = self._insert(table).values({c.name: bind(c) for c in table.c})
        return self.compile(rows.on_conflict_do_nothing())

    def put(self, table: Table, keys: Sequence[str] = (), where: Callable[[Any], Any] | None = None) -> str:
        """Return an INSERT that replaces the row with the same `keys` (default: the primary key).

        `where` gets the excluded row and may forbid the replacement; its parameters come last.
        """
        names = list(keys) or [column.name for column in table.primary_key]
        rows = self._insert(table).values({c.name: bind(c) for c in table.c})
        news = {c.name: rows.excluded[c.name] for c in table.c if c.name not in names}
        guard = where(rows.excluded) if where else None
        return self.compile(rows.on_conflict_do_update(index_elements=names, set_=news, where=guard))

    def _snapshot(self) -> None:
        epochs = select(t.epoch.c.epoch).order_by(t.epoch.c.ordinal.desc())
        self.epochs = self.compile(epochs)
        gap = select(t.epoch.c.number_gap, t.epoch.c.gap_until).order_by(t.epoch.c.ordinal.desc())
        self.number_gap = self.compile(gap.limit(literal_column("1")).offset(literal_column("0")))
        self.install = self.compile(pick(t.install).where(same(t.install.c.install_id)))
        self.buckets = self.compile(pick(t.bucket).where(among(t.bucket.c.name, "names")))
        self.glance = self.compile(self._glance(epochs))
        self.records = self.compile(_records())
        upto = and_(same(t.settled.c.install_id), t.settled.c.first_n <= bind(t.settled.c.first_n))
        newest_first = pick(t.settled).where(upto).order_by(t.settled.c.first_n.desc())
        self.settled = self.compile(newest_first.limit(literal_column("1")).offset(literal_column("0")))
        of_install = same(t.evidence.c.install_id), among(t.evidence.c.hash, "hashes")
        self.evidence_among = self.compile(select(t.evidence.c.hash).where(*of_install))
        self.lease = self.compile(pick(t.lease).where(same(t.lease.c.lease_id)))
        self.leases = self.compile(
            pick(t.lease).where(same(t.lease.c.branch, t.lease.c.date)).order_by(t.lease.c.series, t.lease.c.lo)
        )
        self.purges = self.compile(
            pick(t.purge).where(same(t.purge.c.install_id)).order_by(t.purge.c.ordered_at, t.purge.c.purge)
        )
        self.bucket_names = self.compile(select(t.bucket.c.name).order_by(t.bucket.c.name))
        seen = and_(same(t.received.c.bucket), t.received.c.at >= bind(t.received.c.at))
        self.cursors = self.compile(select(t.received.c.seq).where(seen))
        self.received = self.compile(select(t.received.c.bucket, t.received.c.seq).where(same(t.received.c.install_id)))

    def _glance(self, epochs: Select[Any]) -> Select[Any]:
        """Select one row: the present epoch, an install's acknowledged number, and bucket states as JSON.

        One row, because the driver gives up the interpreter's lock for each, and others are waiting for it.
        """
        epoch = epochs.limit(literal_column("1")).offset(literal_column("0")).scalar_subquery()
        ack_n = select(t.install.c.ack_n).where(same(t.install.c.install_id)).scalar_subquery()
        state, several = JSON_LISTS[self._dialect.name]
        states = select(several(state(*t.bucket.c))).where(among(t.bucket.c.name, "names")).scalar_subquery()
        return select(epoch, ack_n, cast(states, Text()))

    def _locks(self) -> None:
        """The reads of a unit: the same rows in sorted order, locked until it ends (SQLite locks as a whole)."""
        self.lock_install = self.compile(pick(t.install).where(same(t.install.c.install_id)).with_for_update())
        self.lock_buckets = self.compile(
            pick(t.bucket).where(among(t.bucket.c.name, "names")).order_by(t.bucket.c.name).with_for_update()
        )
        self.lock_records = self.compile(_records().order_by(t.record.c.id).with_for_update())
        self.lock_lease = self.compile(pick(t.lease).where(same(t.lease.c.lease_id)).with_for_update())
        # Shared: every push of a branch's tickets reads these, and none of them may change meanwhile.
        of_day = pick(t.lease).where(same(t.lease.c.branch, t.lease.c.date)).order_by(t.lease.c.lease_id)
        self.lock_leases = self.compile(of_day.with_for_update(read=True))
        by_request = same(t.lease.c.install_id, t.lease.c.request_id)
        self.lock_lease_by_request = self.compile(pick(t.lease).where(by_request).with_for_update())
        is_open = and_(same(t.lease.c.install_id), t.lease.c.state == literal_column("'open'"))
        self.lock_open_leases = self.compile(
            pick(t.lease).where(is_open).order_by(t.lease.c.lease_id).with_for_update()
        )
        self.lock_purges = self.compile(
            pick(t.purge).where(same(t.purge.c.install_id)).order_by(t.purge.c.purge).with_for_update()
        )
        streams = pick(t.audit_stream).where(among(t.audit_stream.c.stream, "streams"))
        self.lock_streams = self.compile(streams.order_by(t.audit_stream.c.stream).with_for_update())

    def _feed(self) -> None:
        m, r = t.membership, t.record
        is_live = m.c.x.is_(None)
        after = and_(same(m.c.bucket), m.c.seq > bind(m.c.seq))
        limit = bindparam("limit", type_=Integer())
        page = select(*m.c).where(after).order_by(m.c.seq).limit(limit).offset(literal_column("0"))
        self.rows = self.compile(self._with_states(page))
        if self._dialect.name == "sqlite":
            self.written_rows = self.compile(_as_text(page))
        some = select(*m.c).where(same(m.c.bucket), is_live, among(m.c.id, "ids")).order_by(m.c.seq)
        self.rows_of = self.compile(self._with_states(some))
        older = and_(same(m.c.bucket), m.c.at < bind(m.c.at))
        newest = select(m.c.seq).where(older).order_by(m.c.seq.desc())
        self.newest_before = self.compile(newest.limit(literal_column("1")).offset(literal_column("0")))
        joined = m.join(r, and_(r.c.kind == m.c.kind, r.c.id == m.c.id))
        live = select(m.c.id, m.c.kind, r.c.version).select_from(joined).where(same(m.c.bucket), is_live)
        self.live_ids = self.compile(live.order_by(m.c.id, m.c.kind))
        gone = and_(same(m.c.bucket), m.c.seq <= bind(m.c.seq), m.c.x.is_not(None))
        self.drop_rows = self.compile(delete(m).where(gone))
        self.add_membership = self.add(m)
        self.put_membership = self.put(m, ["bucket", "id", "kind"])
        self.new_bucket = self.keep_first(t.bucket)
        self.put_bucket = self.put(t.bucket)

    def _with_states(self, page: Select[Any]) -> Select[Any]:
        """Select feed rows: some memberships, in order, each with its record's newest state.

        A row of a record that left shows nothing of it. PostgreSQL, not knowing how full a bucket is, would join all
        of it, or read all records, for one page: there the page is cut before the join, which goes row by row.
        """
        if self._dialect.name == "sqlite":
            m, r = t.membership, t.record
            return page.with_only_columns(*_feed_row(m, r)).select_from(m.outerjoin(r, _is_state_of(m)))
        cut = page.subquery("page")
        state = (
            select(t.record.c.version, t.record.c.body)
            .where(_is_state_of(cut))
            .limit(literal_column("1"))
            .lateral("state")
        )
        return select(*_feed_row(cut, state)).select_from(cut.outerjoin(state, true())).order_by(cut.c.seq)

    def _numbers(self) -> None:
        line, use = t.number_line, t.number_use
        first = self._insert(line).values({c.name: bind(c) for c in line.c})
        on = [column.name for column in line.primary_key]
        # Numbers start at 1, so the row of an unused line says what it has after its first block.
        more = first.on_conflict_do_update(
            index_elements=on, set_={"next": line.c.next + first.excluded.next - literal_column("1")}
        )
        self.next_number = self.compile(more.returning(line.c.next))
        higher = case((first.excluded.next > line.c.next, first.excluded.next), else_=line.c.next)
        self.new_line = self.keep_first(line)
        self.raise_number = self.compile(first.on_conflict_do_update(index_elements=on, set_={"next": higher}))
        in_order = (use.c.series, use.c.overflow, use.c.number, use.c.place)
        self.numbers = self.compile(pick(use).where(same(use.c.branch, use.c.date)).order_by(*in_order))
        day = same(use.c.branch, use.c.date, use.c.series, use.c.overflow)
        users = select(use.c.number, use.c.id).where(day, among(use.c.number, "numbers"))
        self.users = self.compile(users.order_by(use.c.number, use.c.place))
        self.take_number = self.add(use)

    def _writes(self) -> None:
        self.add_install = self.add(t.install)
        news = {c.name: bind(c) for c in t.install.c if c.name != "install_id"}
        self.update_install = self.compile(
            update(t.install).values(news).where(t.install.c.install_id == bind(t.install.c.install_id))
        )
        self.add_record = self.add(t.record)
        # The last parameter is the version that the writer saw.
        self.change_record = self.put(t.record, where=lambda _: t.record.c.version == bind(t.record.c.version, "seen"))
        self.add_settled = self.add(t.settled)
        self.add_evidence = self.add(t.evidence)
        self.put_lease = self.put(t.lease)
        self.put_purge = self.put(t.purge)
        self.forget_received = self.compile(delete(t.received).where(same(t.received.c.install_id)))
        self.add_received = self.add(t.received)
        self.put_stream = self.put(t.audit_stream)
        self.new_stream = self.keep_first(t.audit_stream)
        self.add_entry = self.add(t.audit_entry)
        self.add_outbound = self.add(t.outbox, "position")
        self.add_follow_up = self.add(t.follow_up, "position")


def _is_state_of(m: FromClause) -> ColumnElement[bool]:
    return and_(m.c.x.is_(None), t.record.c.kind == m.c.kind, t.record.c.id == m.c.id)


def _feed_row(m: FromClause, state: FromClause) -> tuple[ColumnElement[Any], ...]:
    version = func.coalesce(state.c.version, literal_column("0"))
    body = func.coalesce(state.c.body, cast(literal_column("''"), LargeBinary()))
    return m.c.seq, m.c.kind, m.c.id, m.c.x, version, body


def _as_text(page: Select[Any]) -> Executable:
    """Select one row: the feed rows of a page as the wire shows them, with commas between, their count, the last one.

    What `sync.written.as_change` would write, byte for byte: names and ids are plain words, and a body is JSON.
    """
    m, r = t.membership, t.record
    head = m.c.bucket, m.c.seq, m.c.kind, m.c.id
    live = func.printf(
        literal_column("""'{"b":"%s","s":%d,"k":"%s","id":"%s","v":%d,"d":%s}'"""), *head, r.c.version, r.c.body
    )
    gone = func.printf(literal_column("""'{"b":"%s","s":%d,"k":"%s","id":"%s","x":"%s"}'"""), *head, m.c.x)
    text = case((m.c.x.is_(None), live), else_=gone).label("text")
    rows = page.with_only_columns(m.c.seq, text).select_from(m.outerjoin(r, _is_state_of(m))).subquery("page")
    whole = cast(func.group_concat(rows.c.text, literal_column("','")), LargeBinary())
    return select(whole, func.count(), func.max(rows.c.seq))


def _records() -> Select[Any]:
    return select(*t.record.c).where(same(t.record.c.kind), among(t.record.c.id, "ids"))


@cache
def statements_for(name: str) -> Statements:
    """Return the statements of one database, compiled at the first call."""
    return Statements(name)
