"""Enrolment of installs and sign-in of people."""

from typing import Annotated, Any

from msgspec import Meta

from contracts.base import InstallId, Message, Signature, StaffNo, Uuid

PRINTABLE = "^[^\\x00-\\x1f]*(?!\\n)$"  # PostgreSQL keeps no NUL, and a log no line breaks
Secret = Annotated[str, Meta(min_length=1, max_length=256)]


class EnrolRequest(Message, frozen=True, kw_only=True):
    """Bind a new install to a device and its public key (JWK, ES256 or Ed25519)."""

    enrolment_code: Secret
    install_id: InstallId
    public_key: dict[str, Any]
    platform: Annotated[str, Meta(max_length=60, pattern=PRINTABLE)]
    app_version: Annotated[str, Meta(max_length=40, pattern=PRINTABLE)]
    schema: Annotated[int, Meta(ge=1)]


class EnrolResponse(Message, frozen=True, kw_only=True):
    """The install is bound; `device_id` stays the same when the tablet is enrolled again."""

    install_id: Uuid
    device_id: Uuid


class SignInRequest(Message, frozen=True, kw_only=True):
    """`proof` is the device key's signature over {"challenge", "install_id", "staff_no"}, canonical JSON."""

    install_id: InstallId
    staff_no: StaffNo
    password: Secret
    proof: Signature
    new_password: Secret | None = None  # replaces the password; needed once it has expired


class RefreshRequest(Message, frozen=True, kw_only=True):
    """Trade a refresh token for a new pair; each can be used once."""

    install_id: InstallId
    refresh_token: Secret


class StaffCard(Message, frozen=True, kw_only=True):
    """Who is signed in, and what they may do."""

    staff_no: str
    name: str
    roles: list[str]
    org_id: str
    buckets: list[str]


class TokenResponse(Message, frozen=True, kw_only=True):
    """A short-lived access token, and the refresh token that follows it."""

    access_token: str
    expires_in_s: int
    refresh_token: str
    staff: StaffCard
