"""Every code that padsync can answer, with what it means, who acts and whether a retry helps."""

from enum import Enum
from typing import Any

from contracts.base import Message


class Actor(Enum):
    """Who has to do something about an error."""

    TABLET = "tablet"
    AUTHOR = "author"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    DEVELOPER = "developer"
    NOBODY = "nobody"


class ErrorCode(Enum):
    """A stable name for a refusal; clients branch on it, never on the sentence."""

    def __init__(self, code: str, status: int, actor: Actor, retry: bool, meaning: str) -> None:
        self.code = code
        self.status = status  # HTTP status, or 0 for a code that only stands in outcomes
        self.actor = actor
        self.retry = retry
        self.meaning = meaning

    # fmt: off
    # --- answers of the HTTP layer
    MALFORMED = "malformed", 400, Actor.DEVELOPER, False, "The body or a header is not what the contract says."
    CURSOR_INVALID = "cursor_invalid", 400, Actor.TABLET, False, (
        "The cursor was not made by this server for this install; pull again with a null cursor."
    )
    CONTENT_ENCODING = "content_encoding", 400, Actor.DEVELOPER, False, "The compressed body cannot be inflated."
    UNAUTHENTICATED = "unauthenticated", 401, Actor.AUTHOR, False, "No valid access token; refresh it or sign in."
    SIGN_IN_FAILED = "sign_in_failed", 401, Actor.AUTHOR, False, "Staff number, password or device proof is wrong."
    REFRESH_REUSED = "refresh_reused", 401, Actor.AUTHOR, False, (
        "This refresh token was used before; its whole family is revoked. Sign in again."
    )
    LOCKED = "locked", 403, Actor.ADMINISTRATOR, False, "Too many failed sign-ins; wait or ask an administrator."
    PASSWORD_EXPIRED = "password_expired", 403, Actor.AUTHOR, False, (
        "The password is too old, or somebody else chose it; sign in with new_password as well."
    )
    PASSWORD_REFUSED = "password_refused", 400, Actor.AUTHOR, False, "The new password breaks the rule in this answer."
    TAKEN = "taken", 409, Actor.ADMINISTRATOR, False, "Something else has this number already."
    ENROLMENT_REFUSED = "enrolment_refused", 403, Actor.ADMINISTRATOR, False, (
        "The enrolment code is unknown, used or expired; ask for a new one."
    )
    REVOKED = "revoked", 403, Actor.TABLET, False, (
        "The install or the person was revoked; carry out the purge orders in this answer and acknowledge them."
    )
    FORBIDDEN = "forbidden", 403, Actor.ADMINISTRATOR, False, "The signed-in role may not do this."
    NOT_FOUND = "not_found", 404, Actor.DEVELOPER, False, "There is no such thing, or not for you."
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, Actor.DEVELOPER, False, "The path does not take this method."
    EPOCH_MISMATCH = "epoch_mismatch", 409, Actor.TABLET, False, (
        "The push names another incarnation of the server's database; say hello, then push from the journal."
    )
    ALREADY_DECIDED = "already_decided", 409, Actor.SUPERVISOR, False, "Somebody decided this before; look again."
    VISIT_CHANGED = "visit_changed", 409, Actor.SUPERVISOR, False, (
        "The visit was graded anew, answered or appealed for since it was looked at; look again, then decide."
    )
    STILL_REFUSED = "still_refused", 409, Actor.SUPERVISOR, False, (
        "Tried again, the mutation is refused again; this answer says why. The review stays open."
    )
    PICK_UP_REFUSED = "pick_up_refused", 404, Actor.AUTHOR, False, (
        "No form waits under this code or number: wrong, used, expired, or of another branch. Ask the customer again."
    )
    REQUEST_REUSED = "request_reused", 409, Actor.DEVELOPER, False, (
        "This request id was used for something else; take a new one for every new request."
    )
    FORM_STATE = "form_state", 409, Actor.AUTHOR, False, "The form is in another state by now; this answer says which."
    COUNTER_NOT_OPEN = "counter_not_open", 409, Actor.AUTHOR, False, "The counter is paused or closed; open it first."
    OWN_WORK = "own_work", 403, Actor.SUPERVISOR, False, "Nobody decides about their own work."
    GONE_FILE = "gone_file", 410, Actor.TABLET, False, "The upload has expired or was ended; begin a new one."
    UPLOAD_OFFSET = "upload_offset", 409, Actor.TABLET, False, (
        "The upload stands at another offset; ask for it by HEAD."
    )
    TUS_VERSION = "tus_version", 412, Actor.DEVELOPER, False, "Uploads speak tus 1.0.0; send Tus-Resumable: 1.0.0."
    TOO_LARGE = "too_large", 413, Actor.TABLET, False, "The request exceeds the limits in this answer; send half."
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, Actor.DEVELOPER, False, "Only JSON is spoken here."
    SCHEMA_TOO_OLD = "schema_too_old", 426, Actor.ADMINISTRATOR, False, (
        "This app may push but no longer pull; install the version named in this answer."
    )
    CHECKSUM_MISMATCH = "checksum_mismatch", 460, Actor.TABLET, True, "The uploaded bytes do not match their checksum."
    TOO_MANY_REQUESTS = "too_many_requests", 429, Actor.TABLET, True, "Wait retry_after_ms, then try again."
    INTERNAL = "internal", 500, Actor.DEVELOPER, True, "A defect of the server; the request changed nothing."
    UNAVAILABLE = "unavailable", 503, Actor.TABLET, True, "Nothing was committed; wait retry_after_ms, then try again."

    # --- inside outcomes
    VALIDATION_FAILED = "validation_failed", 0, Actor.AUTHOR, False, "A value is missing or not allowed."
    TRANSITION_NOT_ALLOWED = "transition_not_allowed", 0, Actor.AUTHOR, False, (
        "The record's present state does not lead to the requested one."
    )
    SUPERSEDED = "superseded", 0, Actor.AUTHOR, False, "Somebody was first; what they did stands."
    FIELD_CONFLICT = "field_conflict", 0, Actor.SUPERVISOR, False, "Two people changed one field; a person decides."
    NOT_IN_SCOPE = "not_in_scope", 0, Actor.SUPERVISOR, False, "The record is not among those this person may change."
    AFTER_REVOCATION = "after_revocation", 0, Actor.SUPERVISOR, False, (
        "Evidence made before access ended arrived after it; accepted and flagged."
    )
    READ_ONLY_FIELD = "read_only_field", 0, Actor.DEVELOPER, False, "Tablets may not write this field."
    ID_RETIRED = "id_retired", 0, Actor.TABLET, False, "A deleted record's id never comes back."
    ID_TAKEN = "id_taken", 0, Actor.TABLET, False, "Another record has this id already."
    GONE = "gone", 0, Actor.AUTHOR, False, "The record was deleted before this change arrived."
    DEPENDS_ON = "depends_on", 0, Actor.AUTHOR, False, "The record's creation is parked; settle that one first."
    MUTATION_REUSED = "mutation_reused", 0, Actor.ADMINISTRATOR, False, (
        "A used number came back with other content: a cloned tablet or a defect; a security event was raised."
    )
    BAD_SIGNATURE = "bad_signature", 0, Actor.ADMINISTRATOR, False, "The device's signature is missing or wrong."
    CHAIN_FORK = "chain_fork", 0, Actor.ADMINISTRATOR, False, (
        "Two pieces of evidence follow the same one: a cloned tablet; accepted and alarmed."
    )
    CHAIN_GAP = "chain_gap", 0, Actor.SUPERVISOR, False, (
        "The evidence before this one never arrived; accepted and flagged."
    )
    NUMBER_OUTSIDE_LEASE = "number_outside_lease", 0, Actor.SUPERVISOR, False, (
        "The number is in no lease of this install; accepted, since the customer holds the paper."
    )
    NUMBER_COLLISION = "number_collision", 0, Actor.SUPERVISOR, False, (
        "Another ticket has this number; accepted, since the customer holds the paper."
    )
    BLOB_MISSING = "blob_missing", 0, Actor.TABLET, True, "The file that this record names has not been uploaded."
    KIND_UNKNOWN = "kind_unknown", 0, Actor.ADMINISTRATOR, False, "The server knows no such kind of record."
    OP_NOT_ALLOWED = "op_not_allowed", 0, Actor.DEVELOPER, False, "This kind takes no such operation."
    SCHEMA_UNKNOWN = "schema_unknown", 0, Actor.ADMINISTRATOR, False, (
        "The mutation cannot be lifted to today's schema; a person carries it over."
    )
    SECRET_REFUSED = "secret_refused", 0, Actor.AUTHOR, False, (
        "The record carries a password, PIN or card secret; such things are never stored."
    )
    QUOTA = "quota", 0, Actor.ADMINISTRATOR, False, (
        "This one mutation is larger than hello allows; what it holds has to be split."
    )
    # fmt: on


BY_CODE = {error.code: error for error in ErrorCode}


class ProblemDocument(Message, frozen=True, kw_only=True):
    """RFC 9457 problem+json; `code` is what clients branch on."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    args: dict[str, Any] = {}
    retry_after_ms: int | None = None
