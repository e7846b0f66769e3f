"""The pick-up code: short, readable over a counter, good for one loading and a few hours."""

import hmac
from hashlib import sha256

from sync.moments import shift_moment

ALPHABET = "346789ABCDEFGHJKLMNPQRTUVWXY"  # nothing that looks like something else: no 0 O, 1 I, 2 Z, 5 S
LENGTH = 8  # 38 bits


def make_code(secret: bytes, form_id: str, at: str, attempt: int = 0) -> str:
    """Return the code of a form that is ready at this moment; nobody without the server's secret can foresee it.

    It follows from its arguments, so that a transaction that runs again makes the same one.
    """
    digest = hmac.digest(secret, f"pick_up|{form_id}|{at}|{attempt}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(LENGTH):
        number, at_letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[at_letter])
    return "".join(letters)


def read_code(typed: str) -> str:
    """Return a code as it was made, however a person typed it."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def expiry_of(at: str, life_h: int) -> str:
    """Return the moment after which a code made at `at` is good for nothing."""
    return shift_moment(at, hours=life_h)


def digest_of(encoded: bytes) -> str:
    """Return the digest of a form's values, to see whether they are still what the customer confirmed."""
    return sha256(encoded).hexdigest()
