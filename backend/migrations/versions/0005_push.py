"""What a push settled lies in one row, no longer in one for each mutation; evidence has no index by hash."""

from collections.abc import Iterator
from typing import Any

import msgspec
from alembic import op
from msgspec import Raw
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, column, insert, select, table

from backend.storage.metadata import Bytes, Number, Word

revision = "0005_push"
down_revision = "0004_crm"
branch_labels = None
depends_on = None

RUN_MAX = 50  # mutations in one row
CHUNK = 500  # rows written at once
PLAIN = b'{"n":%d,"status":"applied","version":1}'

Rows = Iterator[dict[str, Any]]


def upgrade() -> None:
    """Put the outcomes of each install's mutations together; the digest of each stays as it is."""
    settled = op.create_table(
        "settled",
        Column("install_id", Word, primary_key=True),
        Column("first_n", Number, primary_key=True, autoincrement=False),
        Column("text", Bytes, nullable=False),
    )
    _fill(settled, _together(_mutations()))
    op.drop_table("mutation")
    op.drop_index("ix_evidence_hash", "evidence")
    _rekey_evidence("install_id", "n", "hash")


def downgrade() -> None:
    """Give each mutation its own row again, and evidence its index by hash."""
    _rekey_evidence("install_id", "n")
    op.create_index("ix_evidence_hash", "evidence", ["install_id", "hash"])
    op.create_table("mutation", *_mutation_columns(), sqlite_with_rowid=False)
    _fill(_mutations(), _apart(Table("settled", MetaData(), *_settled_columns())))
    op.drop_table("settled")


def _rekey_evidence(*key: str) -> None:
    """Give the evidence, as it is, this primary key; SQLite knows no other way than a copy."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_evidence", "evidence")
        op.create_primary_key("pk_evidence", "evidence", list(key))
        return
    names = ("install_id", "n", "hash", "prev", "kind", "id", "mutation", "countersignature", "received_at")
    sorts: dict[str, Any] = {"n": Number, "mutation": Bytes}
    columns: list[Column[Any]] = [Column(name, sorts.get(name, Word), nullable=False) for name in names]
    copied = op.create_table("evidence_rekeyed", *columns, PrimaryKeyConstraint(*key, name="pk_evidence"))
    old: Any = select(*(column(name) for name in names)).select_from(table("evidence"))
    op.execute(insert(copied).from_select(names, old))
    op.drop_table("evidence")
    op.rename_table("evidence_rekeyed", "evidence")


def _mutation_columns() -> list[Column[Any]]:
    return [
        Column("install_id", Word, primary_key=True),
        Column("n", Number, primary_key=True, autoincrement=False),
        Column("digest", Word, nullable=False),
        Column("outcome", Bytes, nullable=False),
        Column("kind", Word, nullable=False),
        Column("id", Word, nullable=False),
    ]


def _settled_columns() -> list[Column[Any]]:
    return [
        Column("install_id", Word, primary_key=True),
        Column("first_n", Number, primary_key=True, autoincrement=False),
        Column("text", Bytes, nullable=False),
    ]


def _mutations() -> Table:
    return Table("mutation", MetaData(), *_mutation_columns())


def _fill(into: Table, rows: Rows) -> None:
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            op.get_bind().execute(insert(into), chunk)
            chunk = []
    if chunk:
        op.get_bind().execute(insert(into), chunk)


def _together(mutations: Table) -> Rows:
    key: tuple[str, int] = ("", 0)  # of the row that is being put together
    lines: list[Any] = []
    for install_id, n, digest, outcome, kind, id in _all(mutations):
        if lines and ((install_id, n) != (key[0], key[1] + len(lines)) or len(lines) == RUN_MAX):
            yield _settled(key, lines)
            lines = []
        key = key if lines else (install_id, n)
        lines.append((digest, kind, id) if outcome == PLAIN % n else (digest, kind, id, Raw(outcome)))
    if lines:
        yield _settled(key, lines)


def _settled(key: tuple[str, int], lines: list[Any]) -> dict[str, Any]:
    return {"install_id": key[0], "first_n": key[1], "text": msgspec.json.encode(lines)}


def _apart(settled: Table) -> Rows:
    for install_id, first_n, text in _all(settled):
        for n, line in enumerate(msgspec.json.decode(text, type=list[list[Raw]]), first_n):
            digest, kind, id = (msgspec.json.decode(word) for word in line[:3])
            outcome = bytes(line[3]) if len(line) > 3 else PLAIN % n
            yield {"install_id": install_id, "n": n, "digest": digest, "outcome": outcome, "kind": kind, "id": id}


def _all(source: Table) -> Iterator[Any]:
    """Yield every row in the order of its key, read page by page: others are written meanwhile."""
    owner, number = list(source.primary_key)
    query = select(source).order_by(owner, number).limit(CHUNK)
    page = op.get_bind().execute(query).all()
    while page:
        yield from page
        last_owner, last_number = page[-1][:2]
        beyond = (owner > last_owner) | ((owner == last_owner) & (number > last_number))
        page = op.get_bind().execute(query.where(beyond)).all()
