"""Pokes: server-sent events that tell that something changed, so that the tablet pulls; they carry no data."""

from collections.abc import Generator, Iterable, Iterator, Mapping

import httpx
import msgspec

from contracts.errors import ErrorCode
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.http import API, HttpLine, refusal_of
from sync.tablet.patience import Patience

SILENCE_S_MAX = 35.0  # the server says something at least every ten seconds
PATH = f"{API}/sync/events"


class _Poke(msgspec.Struct, frozen=True):
    heads: dict[str, int]


def listen(line: HttpLine, patience: Patience) -> Generator[Mapping[str, int], None, None]:
    """Yield the heads of buckets that moved, for ever; connects again after every break, ever more slowly.

    Close the iterator to stop. Raises Refused when the server will not have this install or person any more.
    """
    failures = 0
    while True:
        try:
            for heads in _connect(line):
                failures = 0
                yield heads
        except LineFailed:
            failures += 1
        except Refused as refused:
            if not refused.says(ErrorCode.UNAUTHENTICATED) or line.tokens.read() is None or failures:
                raise
            line.renew()
            failures += 1
            continue
        patience.pause(min(failures, 10), None)


def read_events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (event, data) from the lines of a stream; comments and unknown fields are skipped."""
    name = "message"
    data: list[str] = []
    for line in lines:
        field, _, value = line.partition(":")
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
        elif field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))


def _connect(line: HttpLine) -> Iterator[Mapping[str, int]]:
    headers = line.headers() | {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
    timeout = httpx.Timeout(SILENCE_S_MAX)
    try:
        with line.client.stream("GET", PATH, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                response.read()
                raise refusal_of(response)
            for name, data in read_events(response.iter_lines()):
                if name == "poke":
                    yield _heads(data)
    except httpx.TransportError as error:
        raise LineFailed(f"pokes: {error}") from error


def _heads(data: str) -> Mapping[str, int]:
    try:
        return msgspec.json.decode(data, type=_Poke).heads
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LineFailed("a poke is not one of padsync's") from error
