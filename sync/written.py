"""Feed rows as the wire shows them: written once, next to where they lie, and passed on as text."""

from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex, cast

import msgspec
from msgspec import Raw

from contracts.pull import Change
from sync.store import FeedRow, WrittenRows

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Change]).decode


class WrittenChanges(list[Change]):
    """Changes of which only the text is there; it is read when somebody looks at them.

    For msgspec's encoder, which takes a list's items as they lie, it holds the whole text as one item.
    """

    def __init__(self, texts: Sequence[bytes], count: int) -> None:
        super().__init__(cast(list[Change], [Raw(b",".join(texts))] if count else []))
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Change]:
        return iter(_decode(_encode(self)))

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        return list(self)[at]

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, list) else other)

    __hash__ = None  # as of every list


def as_change(bucket: str, row: FeedRow) -> Change:
    """Return a feed row as the wire shows it; the stored body goes out as it lies."""
    seq, kind, id, x, version, body = row
    if x is not None:
        return Change(b=bucket, s=seq, k=kind, id=id, x=x)
    return Change(b=bucket, s=seq, k=kind, id=id, v=version, d=Raw(body))


def write_rows(bucket: str, rows: Sequence[FeedRow], *, after: int, limit: int, max_bytes: int) -> WrittenRows:
    """Return the first of `rows` that fit in `max_bytes`; there are more of them in the bucket if they are `limit`."""
    texts: list[bytes] = []
    room_bytes = max_bytes
    for row in rows:
        text = _encode(as_change(bucket, row))
        room_bytes -= len(text) + 1
        if room_bytes < 0:
            break
        texts.append(text)
    last = rows[len(texts) - 1].seq if texts else after
    return WrittenRows(b",".join(texts), len(texts), last, is_end=len(texts) == len(rows) < limit)
