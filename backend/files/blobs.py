"""Finished files by the SHA-256 of their content, and who brought each of them."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.files.disk import make_folder, replace_file, sync_folder
from sync.errors import NotFound

DIGEST = re.compile(r"^[0-9a-f]{64}$")


class Bringer(Struct, frozen=True, kw_only=True):
    """An install that uploaded a file, and for whom."""

    install_id: str
    staff_no: str
    org_id: str


class Blobs:
    """A folder of finished files. The same content brought twice is kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, part: Path, digest: str, bringer: Bringer) -> None:
        """Move in a finished upload whose content hashes to `digest`; somebody may have done it already."""
        place = self._place(digest)
        make_folder(place)
        self._note(place, bringer)
        with suppress(FileNotFoundError):
            part.replace(place / "content")
        sync_folder(place)
        sync_folder(part.parent)

    def has(self, digest: str) -> bool:
        """Tell whether a file with this content is here."""
        return bool(DIGEST.match(digest)) and (self._place(digest) / "content").is_file()

    def get(self, digest: str) -> tuple[Path, list[Bringer]]:
        """Return where a file's content lies, and who brought it. Raises NotFound."""
        if not self.has(digest):
            raise NotFound
        place = self._place(digest)
        return place / "content", [
            msgspec.json.decode(path.read_bytes(), type=Bringer) for path in sorted(place.glob("*.json"))
        ]

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _note(self, place: Path, bringer: Bringer) -> None:
        replace_file(place / f"{bringer.install_id}.json", msgspec.json.encode(bringer))


def digest_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
