"""The file that says who may sign in to a demonstration bank: numbers, passwords, roles and enrolment codes."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.domain.orgs.queries import OrgRow


class StaffCredentials(Struct, frozen=True, kw_only=True):
    """One person's way in."""

    staff_no: str
    password: str
    name: str
    roles: list[str]
    org_id: str
    portfolios: list[str] = []


class ReadyCode(Struct, frozen=True, kw_only=True):
    """An enrolment code, good for one tablet of one institution."""

    org_id: str
    code: str


class Credentials(Struct, frozen=True, kw_only=True):
    """Everybody's way in."""

    orgs: list[OrgRow]
    staff: list[StaffCredentials]
    enrolment_codes: list[ReadyCode]

    def get_person(self, staff_no: str) -> StaffCredentials:
        """Return one person. Raises KeyError."""
        return {person.staff_no: person for person in self.staff}[staff_no]

    def codes_of(self, org_id: str) -> list[str]:
        """Return an institution's codes."""
        return [ready.code for ready in self.enrolment_codes if ready.org_id == org_id]


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Write the file so that only its owner may read it; one that is there is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(credentials), indent=2) + b"\n")


def read_credentials(path: Path) -> Credentials:
    """Return what a credentials file says."""
    return msgspec.json.decode(path.read_bytes(), type=Credentials)
