"""Signatures: what a device key says, in both kinds of key, and everything that is not such a word."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.signing import (
    KeyUnusable,
    canonical,
    decode_base64url,
    encode_base64url,
    new_key,
    read_public_jwk,
    sign,
    verify,
    write_public_jwk,
)

KEYS = {"ES256": new_key(), "Ed25519": ed25519.Ed25519PrivateKey.generate()}
each_key = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)

# Written by hand from the text of RFC 8785 and of ECMAScript's Number.prototype.toString.
CANONICAL = [
    ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ({"é": 1, "e": 2, "E": 3, "": 4}, '{"":4,"E":3,"e":2,"é":1}'),
    ({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3}, '{"\u20ac":3,"\U0001f600":2,"\ufb33":1}'),
    ([1.0, 0.0, -0.0, 100.0, 1e21, 1e20, 1e-6, 1e-7], "[1,0,0,100,1e+21,100000000000000000000,0.000001,1e-7]"),
    ([333333333.33333329, 4.50, 2e-3, 1e30, 0.1], "[333333333.3333333,4.5,0.002,1e+30,0.1]"),
    ([9007199254740991, -9007199254740991], "[9007199254740991,-9007199254740991]"),
    ('\x00\x08\t\n\x0c\r\x1f"\\/\x7f\u2028', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f\u2028"'),
    ([None, True, False, [], {}], "[null,true,false,[],{}]"),
]


@pytest.mark.parametrize(("value", "text"), CANONICAL)
def test_canonical_json_is_as_the_standard_writes_it(value, text):
    assert canonical(value) == text.encode()


@each_key
@given(st.binary(max_size=40))
@settings(max_examples=20)
def test_a_signature_verifies_and_that_of_other_words_does_not(key, payload):
    jwk, signature = write_public_jwk(key.public_key()), sign(key, payload)
    assert verify(jwk, payload, signature)
    assert not verify(jwk, payload + b".", signature)
    assert len(decode_base64url(signature)) == 64


@each_key
def test_a_flipped_bit_anywhere_in_a_signature_is_found(key):
    jwk, raw = write_public_jwk(key.public_key()), decode_base64url(sign(key, b"word"))
    for at in range(len(raw)):
        assert not verify(jwk, b"word", encode_base64url(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]))


@each_key
@given(st.text(max_size=90) | st.binary(min_size=60, max_size=70).map(encode_base64url))
def test_anything_else_is_no_signature(key, text):
    assert not verify(write_public_jwk(key.public_key()), b"word", text)


def test_es256_is_r_and_s_of_32_bytes_and_not_der():
    key = KEYS["ES256"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    raw = decode_base64url(sign(key, b"word"))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(der, b"word", ec.ECDSA(SHA256()))
    assert not verify(write_public_jwk(key.public_key()), b"word", encode_base64url(der))


def test_small_r_and_s_keep_their_leading_zeros():
    jwk, words = write_public_jwk(KEYS["ES256"].public_key()), [b"%d" % n for n in range(1500)]
    said = {word: decode_base64url(sign(KEYS["ES256"], word)) for word in words}
    small = {word: raw for word, raw in said.items() if 0 in (raw[0], raw[32])}
    assert small
    assert all(len(raw) == 64 and verify(jwk, word, encode_base64url(raw)) for word, raw in small.items())


@each_key
def test_a_public_key_survives_its_jwk(key):
    jwk = write_public_jwk(key.public_key())
    assert write_public_jwk(read_public_jwk(jwk)) == jwk
    assert not {"d", "p", "q"} & msgspec.json.decode(jwk).keys()


@pytest.mark.parametrize(
    "jwk",
    [b"", b"{}", b"[]", b"5", b'{"kty":"RSA"}', b'{"kty":"EC","crv":"P-256"}',
     b'{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}', b'{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}',
     b'{"kty":"EC","crv":"P-256","x":5,"y":[]}',
     b'{"kty":"OKP","crv":"Ed25519","x":"AA"}', b'{"kty":"OKP","crv":"X25519","x":"AA"}',
     b'{"kty":"OKP","crv":"Ed25519","x":"\xff"}'],
)  # fmt: skip
def test_what_is_no_usable_key_verifies_nothing(jwk):
    with pytest.raises(KeyUnusable):
        read_public_jwk(jwk)
    assert not verify(jwk, b"word", "AAAA")


@given(st.binary(max_size=50))
def test_base64url_comes_back_and_has_one_spelling(payload):
    text = encode_base64url(payload)
    assert decode_base64url(text) == payload
    for spelled in (text + "=", text + "\n", " " + text, text + "A" * (1 if len(text) % 4 == 0 else 4) + "!"):
        with pytest.raises(ValueError, match=r"base64|encod|padd"):
            decode_base64url(spelled)
