"""People and tablets as these tests play them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from backend.auth.enrolment import enrol, make_enrolment_code
from backend.auth.guard import Authenticator
from backend.auth.parts import Auth
from backend.auth.sessions import refresh
from backend.auth.signing_in import sign_in, sign_ins_of
from backend.auth.staffing import NewStaff, add_staff
from backend.domain.orgs.queries import OrgRow, add_org
from backend.storage.sql_store import SqlStore
from backend.storage.tables import audit_entry
from backend.storage.unit import SqlUnit
from contracts.auth import EnrolRequest, RefreshRequest, SignInRequest, TokenResponse
from sync.challenge import challenges_at, proof_payload
from sync.kind import Actor
from sync.signing import PrivateKey, new_key, sign, write_public_jwk
from tests.support.cheap import cheap_settings

PASSWORD = "Tulou-1308"
INSTALLS = count(1)


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


class Tablet:
    """A device key, an install, and the tokens it holds."""

    def __init__(self, house: "House", key: PrivateKey | None = None) -> None:
        self.house = house
        self.install_id = str(UUID(int=next(INSTALLS), version=4))
        self.key = key or new_key()
        self.tokens: TokenResponse | None = None

    @property
    def jwk(self) -> dict[str, Any]:
        return msgspec.json.decode(write_public_jwk(self.key.public_key()), type=dict[str, Any])

    def enrolment(self, code: str, **other: Any) -> EnrolRequest:
        said = {"install_id": self.install_id, "public_key": self.jwk} | other
        return EnrolRequest(enrolment_code=code, platform="test", app_version="1.0", schema=1, **said)

    def enrol(self, org_id: str = "3501") -> "Tablet":
        enrol(self.house.auth, self.enrolment(self.house.code(org_id)))
        return self

    def challenge(self) -> str:
        """What hello says."""
        auth = self.house.auth
        sign_ins = sign_ins_of(auth, self.install_id)
        return challenges_at(auth.secret, self.install_id, sign_ins, auth.clock(), 150)[0]

    def request(self, staff_no: str, password: str = PASSWORD, **other: Any) -> SignInRequest:
        proof = sign(self.key, proof_payload(self.challenge(), self.install_id, staff_no))
        said = {"install_id": self.install_id, "proof": proof} | other
        return SignInRequest(staff_no=staff_no, password=password, **said)

    def sign_in(self, staff_no: str, password: str = PASSWORD, **other: Any) -> TokenResponse:
        self.tokens = sign_in(self.house.auth, self.request(staff_no, password, **other))
        return self.tokens

    def refresh(self, token: str | None = None) -> TokenResponse:
        assert self.tokens is not None
        request = RefreshRequest(install_id=self.install_id, refresh_token=token or self.tokens.refresh_token)
        self.tokens = refresh(self.house.auth, request)
        return self.tokens

    @property
    def bearer(self) -> str:
        assert self.tokens is not None
        return f"Bearer {self.tokens.access_token}"

    def ask(self) -> Actor:
        """What the guard says of the next request."""
        return self.house.guard.authenticate(self.bearer, self.install_id)


class House:
    """The server's side: its parts, its guard, its people."""

    def __init__(self, auth: Auth, clock: Clock) -> None:
        self.auth = auth
        self.clock = clock
        self.guard = Authenticator(auth)

    def hire(self, staff_no: str, org_id: str, *roles: str, is_initial: bool = False) -> None:
        person = NewStaff(staff_no=staff_no, name="某人", org_id=org_id, roles=frozenset(roles))
        add_staff(self.auth, person, PASSWORD, "test", is_initial=is_initial)

    def code(self, org_id: str = "3501", device_id: str | None = None) -> str:
        return make_enrolment_code(self.auth, org_id, "test", device_id).code

    def tablet(self, org_id: str = "3501") -> Tablet:
        return Tablet(self).enrol(org_id)

    def audited(self, stream: str) -> list[tuple[str, str]]:
        """What was done and how it went, as the audit chain tells it."""
        chosen = select(audit_entry.c.action, audit_entry.c.result).where(audit_entry.c.stream == stream)
        ordered = chosen.order_by(audit_entry.c.position)
        return self.auth.store.read(lambda look: [(row.action, row.result) for row in look.connection.execute(ordered)])


def open_house(store: SqlStore, clock: Clock, **settings: Any) -> House:
    """Return the server's side on a store, with nobody hired yet."""
    return House(Auth(store, b"s" * 32, clock, cheap_settings(**settings)), clock)


def add_orgs(store: SqlStore, *orgs: OrgRow) -> None:
    """Write institutions, those above first."""

    def write(unit: SqlUnit) -> None:
        for org in orgs:
            add_org(unit.connection, org)

    store.write(write)


def body(message):
    return msgspec.to_builtins(message)


def code_of(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def headers(tablet):
    return {"Authorization": tablet.bearer, "Sync-Install": tablet.install_id}
