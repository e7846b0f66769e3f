"""Keys: what a customer is found by, hashed with a secret of the server so that no number needs to be kept."""

import hmac
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple
from unicodedata import normalize

from backend.identifiers import IDENTITY_18, matching_number, normalise_number, read_identity
from contracts.kinds.customer import Customer
from contracts.kinds.ticket import Claim

CERTIFICATE, CUSTOMER_NO, PHONE_NAME = "certificate", "customer_no", "phone_name"
DERIVED = frozenset({CUSTOMER_NO, PHONE_NAME})  # follow from the record; certificates are told by the CRM alone
TAIL = re.compile(r"[0-9]{4}")
TAIL_LENGTH = 4


class CustomerKey(NamedTuple):
    """One way to find a customer; the hash says nothing to whoever lacks the secret."""

    sort: str
    hash: str


def hash_key(secret: bytes, sort: str, text: str) -> CustomerKey:
    """Return the key of a text in the spelling that is compared."""
    return CustomerKey(sort, hmac.digest(secret, f"{sort}|{text}".encode(), "sha256").hex())


def certificate_key(secret: bytes, number: str) -> CustomerKey:
    """Return the key of a certificate's number; an old number of 15 digits has the key of the 18 that followed it."""
    return hash_key(secret, CERTIFICATE, matching_number(number))


def certificate_tail(number: str) -> str:
    """Return the last four of a certificate's number, which is all that is kept of it."""
    return normalise_number(number)[-TAIL_LENGTH:]


def derived_keys(secret: bytes, customer: Customer) -> frozenset[CustomerKey]:
    """Return the keys that follow from a customer's own record: the number, and each phone's tail with the name."""
    phones = (customer.phone, customer.home_phone, customer.work_phone)
    return frozenset(
        {
            hash_key(secret, CUSTOMER_NO, normalise_number(customer.customer_no)),
            *(hash_key(secret, PHONE_NAME, _spell_phone_name(tail, customer.name)) for tail in _tails(phones)),
        }
    )


def claim_key(secret: bytes, claim: Claim, today: date) -> CustomerKey | None:
    """Return the key that a claim asks for, or None if it names nobody: a wrong check digit, a missing part."""
    if claim.sort == "swipe":
        number = normalise_number(claim.customer_no)
        return hash_key(secret, CUSTOMER_NO, number) if number else None
    if claim.sort == "id_reader":
        number = matching_number(claim.certificate_no)
        is_wrong = IDENTITY_18.fullmatch(number) and not read_identity(number, today).is_valid
        return certificate_key(secret, number) if number and not is_wrong else None
    tail, name = normalise_number(claim.phone_tail), claim.name.strip()
    if not (TAIL.fullmatch(tail) and name):
        return None
    return hash_key(secret, PHONE_NAME, _spell_phone_name(tail, name))


def _tails(phones: Iterable[str]) -> Iterator[str]:
    for phone in phones:
        digits = re.sub(r"[^0-9]", "", normalize("NFKC", phone))
        if len(digits) >= TAIL_LENGTH:
            yield digits[-TAIL_LENGTH:]


def _spell_phone_name(tail: str, name: str) -> str:
    return f"{tail}|{''.join(normalize('NFKC', name).split()).casefold()}"
