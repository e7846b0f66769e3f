"""Moments as the wire writes them: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime, timedelta

import msgspec

SECOND_END, MILLISECOND_END = 20, 24  # in a moment that a quotation mark begins
_encode = msgspec.json.Encoder().encode  # a twentieth of what isoformat takes


def write_moment(moment: datetime) -> str:
    """Return an aware `moment` as `2026-11-21T01:30:00.000Z`."""
    text = _encode(moment if moment.tzinfo is UTC else moment.astimezone(UTC)).decode()
    has_fraction = len(text) > MILLISECOND_END
    return f"{text[1:MILLISECOND_END]}Z" if has_fraction else f"{text[1:SECOND_END]}.000Z"


def read_moment(text: str) -> datetime | None:
    """Return the moment that `text` tells, in UTC, or None if it tells none; no offset means UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def shift_moment(text: str, **by: float) -> str:
    """Return the written moment shifted by a timedelta's keywords."""
    moment = read_moment(text)
    assert moment is not None, text
    return write_moment(moment + timedelta(**by))
