"""Moments as the wire writes them: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime, timedelta


def write_moment(moment: datetime) -> str:
    """Return an aware `moment` as `2026-11-21T01:30:00.000Z`."""
    universal = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return universal.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
