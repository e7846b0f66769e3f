"""How installs are lettered, what an enrolment code looks like, and which keys a device may have."""

from hashlib import sha256
from typing import Any

import msgspec

from sync.signing import KeyUnusable, encode_base64url, read_public_jwk, write_public_jwk

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0, 1, I, O: people copy codes by hand
CODE_LENGTH = 16  # 80 bits: nobody guesses one before it expires
CODE_GROUP = 4
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS_MAX = 26 + 26**2 + 26**3  # three letters fit a ticket's `overflow`


def letter_of(index: int) -> str:
    """Return the letter of a branch's install number `index`, from 0: A … Z, AA … ZZ, AAA … ZZZ."""
    assert 0 <= index < LETTERS_MAX, index
    letters = ""
    rest = index + 1
    while rest:
        rest, last = divmod(rest - 1, len(LETTERS))
        letters = LETTERS[last] + letters
    return letters


def write_code(random: bytes) -> str:
    """Return an enrolment code of CODE_LENGTH random bytes, in groups that can be read aloud."""
    assert len(random) == CODE_LENGTH
    letters = "".join(CODE_ALPHABET[byte % len(CODE_ALPHABET)] for byte in random)  # 32 letters divide 256: no bias
    return "-".join(letters[start : start + CODE_GROUP] for start in range(0, CODE_LENGTH, CODE_GROUP))


def hash_code(code: str) -> str:
    """Return what is kept of a code; case, spaces and dashes do not matter."""
    letters = "".join(character for character in code.upper() if character.isalnum())
    return sha256(letters.encode()).hexdigest()


def read_device_key(jwk: dict[str, Any]) -> bytes:
    """Return the public key as clean JWK JSON, P-256 (ES256) or Ed25519. Raises KeyUnusable.

    A private key is refused too: whoever sends one has lost it.
    """
    if "d" in jwk:
        raise KeyUnusable("this is a private key; it must never leave the device")
    return write_public_jwk(read_public_jwk(msgspec.json.encode(jwk)))


def thumbprint(jwk: bytes) -> str:
    """Return the RFC 7638 thumbprint of a clean JWK: the same key, the same device."""
    required = msgspec.json.decode(jwk, type=dict[str, str])
    return encode_base64url(sha256(msgspec.json.encode(required, order="sorted")).digest())
