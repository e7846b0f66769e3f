"""Bodies on their way in and out: limits, compression, content types."""

import gzip
import json
import re
import sys
import zlib
from typing import Any

import pytest

from backend.web.bodies import decode
from contracts.machine import MachineMessage
from contracts.push import PUSH_BYTES_MAX
from contracts.review import DecisionRequest
from sync.errors import Malformed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Any] = {"gzip": gzip.compress, "zstd": zstd.compress}
BOMB = b"[" + b" " * 50_000_000 + b"]"


@pytest.fixture(scope="module")
def bombs():
    """Some hundred kilobytes that inflate to 50 MB."""
    packer = zlib.compressobj(9, wbits=31)
    return {"gzip": packer.compress(BOMB) + packer.flush(), "zstd": zstd.compress(BOMB, level=1)}


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_a_push_may_be_compressed(tablet, encoding):
    said = b'{"mutations": []}'
    answer = tablet.post("/sync/push", PACKERS.get(encoding, bytes)(said), **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["ack_n"]) == (200, 0)


@pytest.mark.parametrize("encoding", PACKERS)
def test_several_frames_are_one_body(tablet, encoding):
    pack = PACKERS[encoding]
    answer = tablet.post("/sync/push", pack(b'{"mutations"') + pack(b": []}"), **{"Content-Encoding": encoding})
    assert answer.status_code == 200


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_too_large_before_it_goes_off(tablet, bombs, encoding):
    answer = tablet.post("/sync/push", bombs[encoding], **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["args"] == {"body_bytes_max": PUSH_BYTES_MAX}


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "gzip, zstd"])
def test_what_cannot_be_inflated_is_refused(tablet, encoding):
    answer = tablet.post("/sync/push", b"this is not compressed", **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (400, "content_encoding")


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_compressed_body_that_ends_too_early_is_refused(tablet, encoding):
    packed = PACKERS[encoding](b'{"mutations": []}')
    answer = tablet.post("/sync/push", packed[:-4], **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (400, "content_encoding")


def test_a_frame_that_wants_a_huge_window_is_refused(tablet):
    options: dict[Any, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(b" " * 1_000_000) + packer.flush()
    answer = tablet.post("/sync/push", packed, **{"Content-Encoding": "zstd"})
    assert (answer.status_code, answer.json()["code"]) == (400, "content_encoding")


@pytest.mark.parametrize("path", ["/sync/push", "/sync/pull", "/sync/verify", "/auth/sign-in", "/auth/enrol"])
def test_a_body_over_the_limit_is_told_the_limit(tablet, path):
    answer = tablet.post(path, b" " * (PUSH_BYTES_MAX + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["args"]["body_bytes_max"] <= PUSH_BYTES_MAX


def test_a_push_of_just_the_limit_is_taken(tablet):
    said = b'{"mutations": []}'
    assert tablet.post("/sync/push", said + b" " * (PUSH_BYTES_MAX - len(said))).status_code == 200


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/msgpack", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""],
)
@pytest.mark.parametrize("path", ["/sync/push", "/sync/pull", "/auth/sign-in"])
def test_only_json_is_spoken(tablet, path, media_type):
    answer = tablet.post(path, b"{}", **{"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_json_may_say_its_charset(tablet):
    answer = tablet.post("/sync/push", b'{"mutations": []}', **{"Content-Type": "application/json; charset=UTF-8"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("*", "zstd"),
        ("identity", None),
        ("gzip;q=0", None),
        ("zstd;q=nonsense", None),
    ],
)
def test_a_large_answer_is_packed_as_the_caller_can_read_it(tablet, accepted, encoding):
    request = tablet.client.build_request(
        "GET", "/api/v1/sync/contract", headers=tablet.headers | {"Accept-Encoding": accepted}
    )
    answer = tablet.client.send(request, stream=True)
    raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == encoding
    assert int(answer.headers["content-length"]) == len(raw)
    unpackers: dict[str | None, Any] = {"zstd": zstd.decompress, "gzip": gzip.decompress, None: bytes}
    unpack = unpackers[encoding]
    assert unpack(raw).startswith(b'{"protocol":"v1"')


def test_a_small_answer_is_not_packed(tablet):
    answer = tablet.post("/sync/push", b'{"mutations": []}', **{"Accept-Encoding": "zstd, gzip"})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("message", "said", "told"),
    [
        (DecisionRequest, {"decision": "林小燕 138", "version": 1},
         "one of keep, override, retry, edit, discard - at `$.decision`"),
        (MachineMessage, {"n": 1, "type": "dance"}, "one of issue, call, "),
        (MachineMessage, {"n": "x", "type": "issue"}, "Expected `int`, got `str` - at `$.n`"),
    ],
)  # fmt: skip
def test_a_word_that_is_not_in_a_list_is_not_repeated_and_those_that_are_in_it_are_told(message, said, told):
    with pytest.raises(Malformed, match=re.escape(told)):
        decode(json.dumps(said).encode(), message)
