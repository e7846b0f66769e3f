"""The benchmark's bank: branches, people and enrolled tablets with real sessions, and records in bulk."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from random import Random
from uuid import UUID

from msgspec import Struct
from sqlalchemy import insert

from backend.auth.parts import Auth
from backend.auth.sessions import begin_session
from backend.domain.devices import queries as devices
from backend.domain.devices.queries import InstallRow
from backend.domain.devices.rules import letter_of
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff import queries as people
from backend.domain.staff.queries import StaffRow
from backend.settings import Settings
from backend.storage import tables as t
from backend.storage.engine import make_engine
from backend.storage.rows import write_record
from backend.storage.secrets import server_secrets
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from sync.digest import record_hash, write_digest
from sync.signing import PrivateKey, new_key, write_public_jwk
from sync.store import Install, Stored, Write
from tests.bench.work import customer_bodies

UNION = "8300"
PORTFOLIO = "P1"
AT = "2026-11-21T01:00:00.000Z"
TOKEN_S = 86_400  # no refresh while we measure
CHUNK = 10_000


class Person(Struct, frozen=True):
    """A tablet with a person signed in."""

    install_id: str
    staff_no: str
    org_id: str
    token: str
    key: PrivateKey


class Bank:
    """One migrated database with people in it; `close` it before a server opens it."""

    def __init__(self, url: str) -> None:
        self._random = Random(11)
        self.store = SqlStore(make_engine(url))
        secrets = server_secrets(self.store)
        self._auth = Auth(self.store, secrets.secret, lambda: datetime.now(UTC), Settings(access_token_s=TOKEN_S))
        self.customer_id = self._id()
        self.store.write(self._found)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def hire(self, count: int, role: str, org_id: str | None = None) -> list[Person]:
        """Return `count` people of a role with a tablet each, in branches of their own unless one is named."""
        return [self.store.write(lambda unit: self._hire(unit, role, org_id)) for _ in range(count)]

    def put_customers(self, count: int, org_id: str) -> None:
        """Put `count` customers into the portfolio, past the engine, as rows of the store's own tables."""
        self.put_bulk("customer", f"portfolio:{PORTFOLIO}", customer_bodies(count, PORTFOLIO, org_id))

    def put_bulk(self, kind: str, bucket: str, bodies: Iterable[tuple[str, bytes]]) -> None:
        """Put records at version 1 into one bucket that has none yet."""
        left, seq, digest = iter(bodies), 0, 0
        with self.store.engine.begin() as connection:
            while chunk := list(islice(left, CHUNK)):
                connection.execute(insert(t.record), [_record(kind, id, body, bucket) for id, body in chunk])
                rows = [
                    {"bucket": bucket, "seq": seq + at, "kind": kind, "id": id, "x": None, "at": AT}
                    for at, (id, _) in enumerate(chunk, start=1)
                ]
                connection.execute(insert(t.membership), rows)
                seq += len(chunk)
                digest += sum(record_hash(kind, id, 1) for id, _ in chunk)
            state = {"name": bucket, "head": seq, "floor": 0, "n": seq, "digest": write_digest(digest % 2**64)}
            connection.execute(insert(t.bucket), [state])

    def _found(self, unit: SqlUnit) -> None:
        add_org(unit.connection, OrgRow(org_id=UNION, name="福建农信", level="union"))
        people.add_portfolio(unit.connection, PORTFOLIO, UNION)

    def _hire(self, unit: SqlUnit, role: str, org_id: str | None) -> Person:
        install_id, number = self._id(), self._random.randrange(10**9)
        staff_no, key = f"s{number}", new_key()
        if org_id is None:
            org_id = f"b{number}"
            add_org(unit.connection, OrgRow(org_id=org_id, name="网点", level="branch", parent=UNION))
        row = StaffRow(
            staff_no=staff_no, name="郑伟", org_id=org_id, roles=frozenset({role}), password_hash="",
            password_changed_at=AT, created_at=AT,
        )  # fmt: skip
        people.add_staff(unit.connection, row)
        if role == "field_manager":
            people.assign_bucket(unit.connection, staff_no, f"portfolio:{PORTFOLIO}", AT)
        self._enrol(unit, install_id, org_id, write_public_jwk(key.public_key()))
        tokens = begin_session(self._auth, unit, row, install_id, datetime.now(UTC))
        return Person(install_id, staff_no, org_id, tokens.access_token, key)

    def _enrol(self, unit: SqlUnit, install_id: str, org_id: str, public_key: bytes) -> None:
        letter = letter_of(devices.count_installs(unit.connection, org_id))
        devices.save_device(unit.connection, install_id, "android", install_id, AT)
        devices.add_install(
            unit.connection,
            InstallRow(
                install_id=install_id, device_id=install_id, org_id=org_id, letter=letter, public_key=public_key,
                app_version="1.0", schema=1, enrolled_at=AT, last_seen_at=AT,
            ),
        )  # fmt: skip
        unit.save_install(Install(install_id=install_id, letter=letter, public_key=public_key))

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def _record(kind: str, id: str, body: bytes, bucket: str) -> dict[str, object]:
    stored = Stored(
        kind=kind, id=id, version=1, body=body, buckets=frozenset({bucket}), changed_by="system", changed_at=AT
    )
    return dict(zip(t.record.c.keys(), write_record(Write(before=None, after=stored)), strict=False))
