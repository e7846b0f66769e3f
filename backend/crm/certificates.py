"""Numbers of certificates at the CRM's door: hashed to be found again, and not one of them kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from backend.crm.events import CrmEvent
from backend.domain.customers.queries import replace_keys
from backend.domain.customers.rules.keys import CERTIFICATE, certificate_key, certificate_tail
from backend.identifiers import IDENTITY_18, NUMBER_LENGTH_MAX, normalise_number, read_identity
from backend.storage.secrets import match_secret
from backend.storage.unit import SqlUnit
from sync.errors import Malformed
from sync.store import Write

FIELD = "certificate_no"
NUMBERS_MAX = 3  # certificates of one person (003 §3.1.1)

Numbers = Sequence[str] | None  # None: the event says nothing about them
Told = Sequence[tuple[CrmEvent, Numbers]]


class _Tailed(Struct):
    crm_revision: int
    certificate_tail: str = ""


def take_numbers(event: CrmEvent) -> tuple[CrmEvent, Numbers]:
    """Return the event without its numbers but with the last four of the first, and the numbers. Raises Malformed."""
    if FIELD not in event.body:
        return event, None
    told = event.body[FIELD]
    numbers = [told] if isinstance(told, str) else told
    is_list = isinstance(numbers, list) and all(isinstance(one, str) for one in numbers)
    if not is_list or len(numbers) > NUMBERS_MAX or any(len(one) > NUMBER_LENGTH_MAX for one in numbers):
        raise Malformed(f"customer {event.id}: `{FIELD}` is a number, or up to {NUMBERS_MAX}")
    kept = [one for one in numbers if normalise_number(one)]
    body = {name: value for name, value in event.body.items() if name != FIELD}
    tail = {"certificate_tail": certificate_tail(kept[0]) if kept else ""}
    return msgspec.structs.replace(event, body=body | tail), kept


def keep_certificates(
    unit: SqlUnit, changed: Collection[Write], told: Mapping[tuple[str, int], Numbers]
) -> None:  # fmt: skip
    """Let customers be found by the certificates of the revision that stands.

    An event that names none leaves the hashes as they are, unless the last four say that it is another certificate.
    """
    news: dict[str, Sequence[str]] = {}
    for write in changed:
        now, before = _tailed(write.after.body), _tailed(write.before.body) if write.before else None
        numbers = told.get((write.after.id, now.crm_revision))
        if numbers is not None:
            news[write.after.id] = numbers
        elif before is not None and before.certificate_tail != now.certificate_tail:
            news[write.after.id] = []
    note_certificates(unit, news)


def note_certificates(unit: SqlUnit, numbers: Mapping[str, Sequence[str]]) -> None:
    """Let customers be found by these certificates, customer id → numbers, and keep none of them."""
    secret = match_secret(unit.connection)
    keys = {id: [certificate_key(secret, number) for number in own] for id, own in numbers.items()}
    replace_keys(unit.connection, {CERTIFICATE}, keys)


def count_doubtful(told: Told, at: str) -> int:
    """Return how many identity numbers are wrong; the CRM is told in the report, the customer is found all the same."""
    today = date.fromisoformat(at[:10])
    numbers = [normalise_number(number) for _, named in told for number in named or ()]
    return sum(bool(IDENTITY_18.fullmatch(one)) and not read_identity(one, today).is_valid for one in numbers)


def _tailed(body: bytes) -> _Tailed:
    return msgspec.json.decode(body, type=_Tailed) if body else _Tailed(crm_revision=0)
