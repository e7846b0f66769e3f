"""Reading and changing sessions."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from backend.auth.tables import session
from sync.moments import write_moment

SESSIONS_KEPT = timedelta(days=1)  # after their end, so that a late thief is still noticed


class SessionRow(Struct, frozen=True, kw_only=True):
    """A person signed in on an install, and the newest refresh token's hash."""

    session_id: str
    install_id: str
    staff_no: str
    started_at: str
    refreshed_at: str
    expires_at: str
    refresh_n: int
    refresh_hash: str
    ended_at: str | None = None
    cause: str | None = None


def add_session(connection: Connection, row: SessionRow, now: datetime) -> None:
    """Add a session, and forget those of the install that are long over."""
    old = write_moment(now - SESSIONS_KEPT)
    connection.execute(delete(session).where(session.c.install_id == row.install_id, session.c.expires_at < old))
    connection.execute(insert(session).values({name: getattr(row, name) for name in row.__struct_fields__}))


def find_session(connection: Connection, session_id: str) -> SessionRow | None:
    """Return a session, ended or not, or None; nobody else changes it until the transaction ends."""
    found = connection.execute(
        select(session).where(session.c.session_id == session_id).with_for_update()
    ).one_or_none()
    return SessionRow(**found._mapping) if found else None


def rotate_session(connection: Connection, session_id: str, n: int, hash: str, at: str, expires_at: str) -> None:
    """Note the newest refresh token of a session."""
    values = {"refresh_n": n, "refresh_hash": hash, "refreshed_at": at, "expires_at": expires_at}
    connection.execute(update(session).where(session.c.session_id == session_id).values(values))


def end_session(connection: Connection, session_id: str, cause: str, at: str) -> None:
    """End one session with all its tokens."""
    _end(connection, session.c.session_id == session_id, cause=cause, at=at)


def end_sessions_on(connection: Connection, install_id: str, staff_no: str, cause: str, at: str) -> None:
    """End a person's sessions on an install."""
    _end(connection, session.c.install_id == install_id, session.c.staff_no == staff_no, cause=cause, at=at)


def end_sessions_of_others(connection: Connection, install_id: str, staff_no: str, at: str) -> None:
    """End everybody else's sessions on an install: the tablet is in another hand now."""
    _end(connection, session.c.install_id == install_id, session.c.staff_no != staff_no, cause="replaced", at=at)


def end_sessions_of(connection: Connection, staff_no: str, cause: str, at: str) -> None:
    """End all of a person's sessions."""
    _end(connection, session.c.staff_no == staff_no, cause=cause, at=at)


def _end(connection: Connection, *which: ColumnElement[bool], cause: str, at: str) -> None:
    connection.execute(update(session).where(*which, session.c.ended_at.is_(None)).values(ended_at=at, cause=cause))
