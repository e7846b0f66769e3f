"""Photos on their way: kept beside the record that names them until they are uploaded and the record is gone."""

import hashlib

from msgspec import Struct

from sync.tablet.database import Database
from sync.tablet.errors import PhotoTooLarge

PHOTO_BYTES_MAX = 20_971_520


class Photo(Struct, frozen=True, kw_only=True):
    """A file to upload; `upload_url` is where an earlier attempt began."""

    sha256: str
    media_type: str
    content: bytes
    upload_url: str | None = None


class Photos:
    """This tablet's photos; photos never travel in mutations (P6)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, kind: str, id: str, content: bytes, media_type: str) -> str:
        """Keep a photo for a record and return the name, its SHA-256, by which the record refers to it."""
        if len(content) > PHOTO_BYTES_MAX:
            raise PhotoTooLarge(f"{len(content)} bytes; {PHOTO_BYTES_MAX} is the most")
        sha256 = hashlib.sha256(content).hexdigest()
        self._database.execute(
            "INSERT OR IGNORE INTO photo (sha256, kind, id, media_type, content) VALUES (?, ?, ?, ?, ?)",
            (sha256, kind, id, media_type, content),
        )
        return sha256

    def find(self, sha256: str) -> bytes | None:
        """Return a photo's bytes."""
        row = self._database.execute("SELECT content FROM photo WHERE sha256 = ?", (sha256,)).fetchone()
        return row[0] if row else None

    def next_owed(self) -> Photo | None:
        """Return a photo that is not uploaded yet."""
        row = self._database.execute(
            "SELECT sha256, media_type, content, upload_url FROM photo WHERE is_uploaded = 0 LIMIT 1"
        ).fetchone()
        return Photo(sha256=row[0], media_type=row[1], content=row[2], upload_url=row[3]) if row else None

    def note_begun(self, sha256: str, upload_url: str | None) -> None:
        """Remember where an upload began, so that it can be resumed; None forgets it."""
        self._database.execute("UPDATE photo SET upload_url = ? WHERE sha256 = ?", (upload_url, sha256))

    def note_uploaded(self, sha256: str) -> None:
        """Remember that the server has it."""
        self._database.execute("UPDATE photo SET is_uploaded = 1 WHERE sha256 = ?", (sha256,))
