"""Enrolment of an install and sign-in of a person, with the device key's proof."""

from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from contracts.auth import EnrolRequest, EnrolResponse, SignInRequest, StaffCard, TokenResponse
from contracts.hello import HelloResponse
from sync.challenge import proof_payload
from sync.signing import PrivateKey, sign, write_public_jwk
from sync.tablet.database import Database
from sync.tablet.http import HttpLine, Tokens


class App(NamedTuple):
    """What an app says of itself when it is enrolled."""

    platform: str
    version: str


class DatabaseTokens:
    """Keeps the tokens in the tablet's own file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Tokens | None:
        """Return the tokens, or None when nobody is signed in."""
        access, refresh = self._database.execute("SELECT access_token, refresh_token FROM install").fetchone()
        return Tokens(access, refresh) if access and refresh else None

    def keep(self, tokens: Tokens | None) -> None:
        """Replace the tokens."""
        self._database.execute("UPDATE install SET access_token = ?, refresh_token = ?", tokens or (None, None))


def enrol(line: HttpLine, enrolment_code: str, key: PrivateKey, app: App) -> EnrolResponse:
    """Bind this install to its device and public key; the code is used up. Raises Refused for a bad code."""
    assert isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    said = EnrolRequest(
        enrolment_code=enrolment_code, install_id=line.install_id, schema=line.schema,
        public_key=msgspec.json.decode(write_public_jwk(key.public_key())),
        platform=app.platform, app_version=app.version,
    )  # fmt: skip
    return line.call("POST", "/auth/enrol", said, EnrolResponse)


def sign_in(
    line: HttpLine, staff_no: str, password: str, key: PrivateKey, *, new_password: str | None = None
) -> StaffCard:
    """Sign a person in and keep their tokens. Raises Refused: the same for every wrong secret.

    Ask `Tablet.switch_person` first: it refuses while somebody else's work is not handed in.
    """
    line.tokens.keep(None)
    hello = line.call("POST", "/sync/hello", None, HelloResponse)
    proof = sign(key, proof_payload(hello.challenge, line.install_id, staff_no))
    said = SignInRequest(
        install_id=line.install_id, staff_no=staff_no, password=password, proof=proof,
        new_password=new_password,
    )  # fmt: skip
    answer = line.call("POST", "/auth/sign-in", said, TokenResponse)
    line.tokens.keep(Tokens(answer.access_token, answer.refresh_token))
    return answer.staff


def sign_out(line: HttpLine) -> None:
    """End the person's tokens on this install, here even if the server cannot be reached."""
    try:
        line.call("POST", "/auth/sign-out", None, type(None))
    finally:
        line.tokens.keep(None)
