"""The words of tus 1.0.0: what its headers mean. Nothing here touches a file."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import NamedTuple

from contracts.errors import ErrorCode
from sync.errors import Malformed, SyncError, TooLarge

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PART_TYPE = "application/offset+octet-stream"
METADATA_BYTES_MAX = 4_096
METADATA_PAIR = re.compile(r"^(?P<key>[!-+\--~]+)(?: (?P<value>[A-Za-z0-9+/]*={0,2}))?$")
LENGTH = re.compile(r"^\d{1,15}$")
CHECKSUMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}


class TusVersion(SyncError):
    """The request speaks another tus, or none."""

    code = ErrorCode.TUS_VERSION


class NotAPart(SyncError):
    """The body of a PATCH is not declared as a part of an upload."""

    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class Checksum(NamedTuple):
    """What the bytes of one part must hash to."""

    algorithm: str
    digest: bytes


def check_version(headers: Mapping[str, str]) -> None:
    """Raise TusVersion unless the request speaks our version."""
    if headers.get("tus-resumable") != VERSION:
        raise TusVersion(spoken=VERSION)


def check_part_type(headers: Mapping[str, str]) -> None:
    """Raise NotAPart unless the body is bytes at an offset."""
    if not is_part(headers):
        raise NotAPart(f"A part of an upload is {PART_TYPE}.")


def is_part(headers: Mapping[str, str]) -> bool:
    """Tell whether the body is bytes at an offset."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == PART_TYPE


def read_length(headers: Mapping[str, str], file_bytes_max: int) -> int:
    """Return how large the file will be. Raises TooLarge with the limit; a length told later is not spoken here."""
    length = read_number(headers, "upload-length")
    if length > file_bytes_max:
        raise TooLarge(file_bytes_max=file_bytes_max)
    return length


def read_number(headers: Mapping[str, str], name: str) -> int:
    """Return a header that counts bytes."""
    text = headers.get(name, "")
    if not LENGTH.match(text):
        raise Malformed(f"{name} is a number of bytes.", header=name)
    return int(text)


def check_metadata(headers: Mapping[str, str]) -> str:
    """Return Upload-Metadata as it came. Raises Malformed unless it is keys with base64 values, each key once."""
    text = headers.get("upload-metadata", "")
    pairs = [METADATA_PAIR.match(part.strip()) for part in text.split(",")] if text else []
    keys = [pair["key"] for pair in pairs if pair]
    if len(keys) != len(pairs) or len(set(keys)) != len(keys) or len(text) > METADATA_BYTES_MAX:
        raise Malformed("Upload-Metadata is a list of keys with base64 values.", header="upload-metadata")
    return text


def read_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Return what a part must hash to, if the client told. Raises Malformed for an algorithm that we do not speak."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        digest = b""
    if algorithm not in CHECKSUMS or len(digest) != CHECKSUMS[algorithm]().digest_size:
        raise Malformed("Upload-Checksum is an algorithm and a base64 digest.", algorithms=sorted(CHECKSUMS))
    return Checksum(algorithm, digest)


def capabilities(file_bytes_max: int) -> dict[str, str]:
    """Return what OPTIONS tells of this server."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(file_bytes_max),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }


def http_date(moment_s: float) -> str:
    """Return a moment as Upload-Expires writes it (RFC 9110)."""
    return formatdate(moment_s, usegmt=True)
