"""Canonical JSON and signatures: what a device key says, and how anybody checks it."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sync.nesting import containers_in

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
COORDINATE_BYTES = 32
ES256 = ec.ECDSA(SHA256())
INTEGER_MAX = 2**53 - 1
LAST_OF_ITS_PLACE = "\uffff"  # RFC 8785 sorts keys by UTF-16, where what lies beyond comes earlier
WRITTEN_ONE_WAY = frozenset({str, bool, type(None), dict, list})

_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class KeyUnusable(ValueError):
    """The JWK is not a P-256 or Ed25519 key."""


def canonical(value: Any, containers: Sequence[Any] | None = None) -> bytes:
    """Return RFC 8785 canonical JSON. Raises ValueError for what JSON cannot carry exactly.

    msgspec writes the same bytes twenty times faster for all that a mutation usually holds; a property test compares.
    """
    containers = containers_in(value) if containers is None else containers
    return _encode_sorted(value) if containers and all(map(_is_plain, containers)) else rfc8785.dumps(value)


def _is_plain(container: Any) -> bool:
    """Say whether there is only one way to write this map or list, what lies in the maps and lists in it aside."""
    values = container
    if type(container) is dict:
        if not _is_in_order(container):
            return False
        values = container.values()
    return WRITTEN_ONE_WAY.issuperset(map(type, values)) or all(map(_is_number_plain, values))


def _is_in_order(names: Iterable[Any]) -> bool:
    try:
        together = "".join(names)
    except TypeError:  # a key that is no text
        return False
    return together.isascii() or max(together) <= LAST_OF_ITS_PLACE


def _is_number_plain(value: Any) -> bool:
    sort = type(value)
    if sort is int:
        return bool(-INTEGER_MAX <= value <= INTEGER_MAX)
    if sort is float:  # as the shortest digits, without an exponent, and with a fraction that RFC 8785 keeps
        return 1e-4 <= abs(value) < 1e15 and not value.is_integer()
    return sort in WRITTEN_ONE_WAY


def hash_hex(payload: bytes) -> str:
    """Return the lower-case hex SHA-256."""
    return hashlib.sha256(payload).hexdigest()


def encode_base64url(payload: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(payload).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Return the bytes of unpadded base64url. Raises ValueError."""
    raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encode_base64url(raw) != text:  # the library passes over what it does not know
        raise ValueError("not base64url without padding")
    return raw


def new_key() -> PrivateKey:
    """Return a fresh P-256 key, as tablets make them."""
    return ec.generate_private_key(ec.SECP256R1())


def write_public_jwk(key: PublicKey) -> bytes:
    """Return the public key as JWK JSON."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return msgspec.json.encode({"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(key.public_bytes_raw())})
    point = key.public_numbers()
    x, y = (encode_base64url(part.to_bytes(COORDINATE_BYTES, "big")) for part in (point.x, point.y))
    return msgspec.json.encode({"kty": "EC", "crv": "P-256", "x": x, "y": y})


@lru_cache(maxsize=4096)
def read_public_jwk(jwk: bytes) -> PublicKey:
    """Return the key that a JWK (JSON) holds. Raises KeyUnusable."""
    try:
        parts = msgspec.json.decode(jwk, type=dict[str, Any])
        if parts.get("kty") == "OKP" and parts.get("crv") == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(decode_base64url(parts["x"]))
        if parts.get("kty") == "EC" and parts.get("crv") == "P-256":
            x, y = (int.from_bytes(decode_base64url(parts[name]), "big") for name in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (KeyError, ValueError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise KeyUnusable("the public key is not a usable JWK") from error
    raise KeyUnusable("the public key must be P-256 (ES256) or Ed25519")


def sign(key: PrivateKey, payload: bytes) -> str:
    """Return the base64url signature; ES256 in the JWS form r‖s."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return encode_base64url(key.sign(payload))
    r, s = decode_dss_signature(key.sign(payload, ES256))
    return encode_base64url(r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big"))


def verify(jwk: bytes, payload: bytes, signature: str) -> bool:
    """Say whether `signature` over `payload` is by the key of this JWK; anything unusable is False."""
    try:
        key = read_public_jwk(jwk)
        raw = decode_base64url(signature)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(raw, payload)
            return True
        if len(raw) != 2 * COORDINATE_BYTES:
            return False
        r, s = (int.from_bytes(part, "big") for part in (raw[:COORDINATE_BYTES], raw[COORDINATE_BYTES:]))
        key.verify(encode_dss_signature(r, s), payload, ES256)
        return True
    except (InvalidSignature, ValueError):
        return False
