"""The proof for outsiders: each day of an institution sealed by one signed root, and a month exported with it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec
from sqlalchemy import Connection, insert, select

from backend.domain.devices.queries import keys_of
from backend.domain.orgs.queries import list_orgs
from backend.domain.visits.models import evidence_root
from backend.domain.visits.rules.time import local_date
from backend.identity import BANK_TIME
from backend.storage.evidence import evidence_after, first_received
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.moments import write_moment
from sync.proof import (
    FORMAT,
    EvidenceLine,
    GradeLine,
    Manifest,
    RootLine,
    evidence_line,
    hash_of_root,
    root_of,
    sign_line,
    write_export,
)
from sync.signing import PrivateKey
from sync.store import Key

VISIT, GRADE = "visit", "visit_grade"


def seal_days(store: SqlStore, server_key: PrivateKey, now: datetime) -> int:
    """Seal every day that is over and on which evidence came, of every institution; return how many were sealed."""
    orgs = store.read(lambda look: [org.org_id for org in list_orgs(look.connection)])
    midnight = _midnight(now.astimezone(BANK_TIME).date())
    return sum(store.write(partial(_seal, org_id, server_key, midnight)) for org_id in orgs)


def export_month(
    look: SqlSnapshot, org_id: str, month: str, *, server_key: PrivateKey, made_at: str
) -> dict[str, bytes]:  # fmt: skip
    """Return the files of one institution's month: what arrived in it from its tablets, roots and grades."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    keys = keys_of(look.connection, org_id)
    found = evidence_after(look.connection, dict.fromkeys(keys, 0), _midnight(first), _midnight(after))
    lines = [evidence_line(one) for one in found]
    used = sorted({line.install_id for line in lines})
    manifest = Manifest(
        format=FORMAT, org_id=org_id, month=month, made_at=made_at, server_key={}, counts={}, digests={},
        installs={install_id: msgspec.json.decode(keys[install_id]) for install_id in used},
    )  # fmt: skip
    roots = _roots_of(look.connection, org_id, f"{month}-01", after.isoformat())
    return write_export(manifest, lines, roots, _grades(look, lines), server_key)


def _seal(org_id: str, server_key: PrivateKey, midnight: str, unit: SqlUnit) -> int:
    """Seal an institution's days one after the other, as far as they are over."""
    connection = unit.connection
    newest = select(evidence_root).where(evidence_root.c.org_id == org_id).order_by(evidence_root.c.date.desc())
    last = connection.execute(newest.limit(1)).one_or_none()
    before = _read_root(last._mapping) if last else None
    heads: dict[str, int] = msgspec.json.decode(last.heads) if last else {}
    heads = dict.fromkeys(keys_of(connection, org_id), 0) | heads
    days = 0
    while (first_at := first_received(connection, heads)) is not None and first_at < midnight:
        day = local_date(first_at)
        found = [evidence_line(one) for one in evidence_after(connection, heads, *_hours_of(day))]
        before = _sealed(org_id, day, found, before, server_key)
        heads |= {line.install_id: line.n for line in found}  # in the order of their numbers
        row = msgspec.to_builtins(before) | {"heads": msgspec.json.encode(heads, order="sorted").decode()}
        connection.execute(insert(evidence_root).values(row))
        days += 1
    return days


def _sealed(
    org_id: str, day: str, found: list[EvidenceLine], before: RootLine | None, server_key: PrivateKey
) -> RootLine:  # fmt: skip
    line = RootLine(
        org_id=org_id, date=day, count=len(found), root=root_of(found), prev=hash_of_root(before) if before else ""
    )  # fmt: skip
    sealed: RootLine = sign_line(line, server_key)
    return sealed


def _hours_of(day: str) -> tuple[str, str]:
    begins = date.fromisoformat(day)
    return _midnight(begins), _midnight(begins + timedelta(days=1))


def _roots_of(connection: Connection, org_id: str, first: str, until: str) -> list[RootLine]:
    chosen = select(evidence_root).where(evidence_root.c.org_id == org_id, evidence_root.c.date >= first)
    rows = connection.execute(chosen.where(evidence_root.c.date < until).order_by(evidence_root.c.date))
    return [_read_root(row._mapping) for row in rows]


def _read_root(row: object) -> RootLine:
    return msgspec.convert(row, RootLine, from_attributes=False)


def _grades(look: SqlSnapshot, lines: Sequence[EvidenceLine]) -> list[GradeLine]:
    found = look.records([Key(GRADE, line.id) for line in lines if line.kind == VISIT])
    live = sorted((stored.id, stored) for stored in found.values() if stored.standing == "live")
    return [GradeLine(id=id, version=stored.version, grade=msgspec.json.decode(stored.body)) for id, stored in live]


def _midnight(day: date) -> str:
    return write_moment(datetime(day.year, day.month, day.day, tzinfo=BANK_TIME).astimezone(UTC))
