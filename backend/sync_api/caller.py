"""Who calls and what their clocks say, as the headers of every sync request tell it (protocol.md §2)."""

import re
from collections.abc import Mapping

from litestar.types import HTTPScope
from msgspec import Struct

from contracts.base import UUID_PATTERN
from sync.clock import DeviceClock
from sync.errors import Malformed

INSTALL_ID = re.compile(UUID_PATTERN)
SCHEMA = re.compile(r"^[1-9]\d{0,5}$")
MILLISECONDS = re.compile(r"^-?\d{1,15}$")
BOOT_LENGTH_MAX = 64
READ = frozenset({b"authorization", b"sync-install", b"sync-schema", b"sync-time", b"sync-boot", b"sync-mono"})

Headers = Mapping[bytes, str]


class Caller(Struct, frozen=True, kw_only=True):
    """The headers of a request, read but not yet believed."""

    authorization: str | None
    install_id: str | None
    schema: int | None
    told: Headers

    @property
    def clock(self) -> DeviceClock:
        """What its clocks say: evidence, never a reason to refuse a request; what cannot be read counts as not said."""
        boot = self.told.get(b"sync-boot", "")
        return DeviceClock(
            wall_ms=_milliseconds(self.told.get(b"sync-time")),
            boot=boot if len(boot) <= BOOT_LENGTH_MAX else "",
            mono_ms=_milliseconds(self.told.get(b"sync-mono")),
        )


def read_caller(scope: HTTPScope) -> Caller:
    """Return who calls. Raises Malformed for a header that is not what it should be, and for a missing install."""
    caller = read_stranger(scope)
    if caller.install_id is None:
        raise Malformed("Sync-Install is missing.", header="sync-install")
    return caller


def read_stranger(scope: HTTPScope) -> Caller:
    """Return who calls, where a missing Sync-Install is no fault: hello, and pages for people. Raises Malformed."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in READ}
    schema = _matching(headers, b"sync-schema", SCHEMA)
    return Caller(
        authorization=headers.get(b"authorization"),
        install_id=_matching(headers, b"sync-install", INSTALL_ID),
        schema=int(schema) if schema else None,
        told=headers,
    )


def _milliseconds(text: str | None) -> int | None:
    return int(text) if text and MILLISECONDS.match(text) else None


def _matching(headers: Headers, name: bytes, pattern: re.Pattern[str]) -> str | None:
    text = headers.get(name)
    if text is not None and not pattern.match(text):
        raise Malformed(f"{name.decode()} is not what it should be.", header=name.decode())
    return text
