"""Uploads under way: a folder per install, so that nobody can name another install's upload."""

import os
import re
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from backend.files.blobs import Blobs, Bringer, digest_of
from backend.files.disk import disk_may_be_full, locked, make_folder, replace_file
from backend.files.tus import CHECKSUMS, Checksum
from contracts.errors import ErrorCode
from sync.errors import Malformed, NotFound, SyncError

OPEN_UPLOADS_MAX = 500  # of one install, ended ones included until they are swept
KEPT_AFTER_END_S = 7 * 86_400  # an ended upload is remembered so long, to answer "gone" and not "unknown"
UPLOAD_ID = re.compile(r"^[0-9a-f]{32}$")

Clock = Callable[[], float]


class GoneFile(SyncError):
    """The upload has expired or was ended."""

    code = ErrorCode.GONE_FILE


class UploadOffset(SyncError):
    """The part does not begin where the upload stands."""

    code = ErrorCode.UPLOAD_OFFSET


class ChecksumMismatch(SyncError):
    """The bytes of a part were damaged on the way; none of them is kept."""

    code = ErrorCode.CHECKSUM_MISMATCH


class TooManyUploads(SyncError):
    """The install has left too many uploads open."""

    code = ErrorCode.TOO_MANY_REQUESTS


class Upload(Struct, frozen=True, kw_only=True):
    """How far an upload is; `offset` bytes are safely on disk."""

    upload_id: str
    bringer: Bringer
    length: int
    offset: int = 0
    metadata: str = ""
    expires_at_s: float
    digest: str | None = None  # once it is finished
    is_ended: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether all bytes are there."""
        return self.digest is not None


class Uploads:
    """All uploads of this server, on a disk that every process of it shares."""

    def __init__(self, folder: Path, blobs: Blobs, *, life_s: float, clock: Clock = time.time) -> None:
        self._folder = folder
        self._blobs = blobs
        self._life_s = life_s
        self._clock = clock

    def create(self, bringer: Bringer, length: int, metadata: str) -> Upload:
        """Begin an upload. Raises TooManyUploads."""
        home = self._folder / bringer.install_id
        make_folder(home)
        if len(list(home.glob("*.json"))) >= OPEN_UPLOADS_MAX:
            raise TooManyUploads(retry_after_ms=3_600_000)
        upload = Upload(
            upload_id=uuid.uuid4().hex,
            bringer=bringer,
            length=length,
            metadata=metadata,
            expires_at_s=self._clock() + self._life_s,
        )
        self._part_of(upload).touch()
        self._save(upload)
        return self._finish(upload) if length == 0 else upload

    def get(self, install_id: str, upload_id: str) -> Upload:
        """Return an install's own upload. Raises NotFound, or GoneFile if it was ended or has expired."""
        upload = self._read(install_id, upload_id)
        if upload.is_ended or (not upload.is_finished and upload.expires_at_s <= self._clock()):
            raise GoneFile
        return upload

    def end(self, install_id: str, upload_id: str) -> None:
        """Give an upload up, and drop its bytes; a finished file stays, since records may name it."""
        self._end(self.get(install_id, upload_id))

    def writer(self, install_id: str, upload_id: str, offset: int, checksum: Checksum | None) -> "PartWriter":
        """Return what takes the bytes of one part. Raises UploadOffset if it begins elsewhere, Busy beside another."""
        self._check_open(self.get(install_id, upload_id), offset)
        hold = locked(self._part(install_id, upload_id))
        try:
            handle = hold.__enter__()
        except FileNotFoundError:  # finished or ended, a moment ago
            self._check_open(self.get(install_id, upload_id), offset)
            raise
        upload = self.get(install_id, upload_id)  # again, now that nobody else moves it
        if upload.offset != offset:
            hold.__exit__(None, None, None)
            raise UploadOffset(offset=upload.offset)
        return PartWriter(self, upload, checksum, hold, handle)

    def sweep(self) -> int:
        """Drop what has expired, and forget what ended long ago; return how many uploads went."""
        paths = sorted(self._folder.glob("*/*.json"))
        return sum(self._sweep(msgspec.json.decode(path.read_bytes(), type=Upload)) for path in paths)

    def advance(self, upload: Upload, offset: int) -> Upload:
        """Note that `offset` bytes are on disk, and make a file of a complete upload."""
        moved = msgspec.structs.replace(upload, offset=offset)
        self._save(moved)
        return self._finish(moved) if offset == upload.length else moved

    def _check_open(self, upload: Upload, offset: int) -> None:
        if upload.is_finished or upload.offset != offset:
            raise UploadOffset(offset=upload.offset)

    def _finish(self, upload: Upload) -> Upload:
        part = self._part_of(upload)
        digest = digest_of(part)
        finished = msgspec.structs.replace(upload, digest=digest)
        self._save(finished)
        self._blobs.keep(part, digest, upload.bringer)
        return finished

    def _end(self, upload: Upload) -> None:
        self._save(msgspec.structs.replace(upload, is_ended=True))
        self._part_of(upload).unlink(missing_ok=True)

    def _sweep(self, upload: Upload) -> bool:
        age_s = self._clock() - upload.expires_at_s
        if age_s > KEPT_AFTER_END_S:
            self._info(upload.bringer.install_id, upload.upload_id).unlink(missing_ok=True)
            self._part_of(upload).unlink(missing_ok=True)
            return True
        if age_s > 0 and not upload.is_finished and not upload.is_ended:
            self._end(upload)
            return True
        return False

    def _read(self, install_id: str, upload_id: str) -> Upload:
        if not UPLOAD_ID.match(upload_id):
            raise NotFound
        try:
            upload = msgspec.json.decode(self._info(install_id, upload_id).read_bytes(), type=Upload)
        except FileNotFoundError as error:
            raise NotFound from error
        was_cut = upload.offset == upload.length and self._part_of(upload).exists() and not upload.is_ended
        return self._finish(upload) if was_cut else upload

    def _save(self, upload: Upload) -> None:
        replace_file(self._info(upload.bringer.install_id, upload.upload_id), msgspec.json.encode(upload))

    def _info(self, install_id: str, upload_id: str) -> Path:
        return self._folder / install_id / f"{upload_id}.json"

    def _part(self, install_id: str, upload_id: str) -> Path:
        return self._folder / install_id / f"{upload_id}.part"

    def _part_of(self, upload: Upload) -> Path:
        return self._part(upload.bringer.install_id, upload.upload_id)


class PartWriter:
    """Writes the bytes of one part where they belong; `close` tells how far the upload is, and must be called.

    Without a checksum the bytes that came before a line broke are kept. With one, all count or none.
    """

    def __init__(
        self,
        uploads: Uploads,
        upload: Upload,
        checksum: Checksum | None,
        hold: AbstractContextManager[int],
        handle: int,
    ) -> None:
        self._uploads = uploads
        self._upload = upload
        self._checksum = checksum
        self._hash: Any = CHECKSUMS[checksum.algorithm]() if checksum else None
        self._offset = upload.offset
        self._hold = hold
        self._handle = handle
        os.ftruncate(handle, upload.offset)  # what came before a crash and was never answered

    def write(self, data: bytes) -> None:
        """Append bytes of the part. Raises Malformed past the announced length."""
        if self._offset + len(data) > self._upload.length:
            raise Malformed("More bytes than Upload-Length announced.", length=self._upload.length)
        with disk_may_be_full():
            os.pwrite(self._handle, data, self._offset)
        self._offset += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def close(self, *, is_whole: bool) -> Upload:
        """Make what was written count, and return the upload. Raises ChecksumMismatch; then nothing counts."""
        try:
            return self._close(is_whole)
        finally:
            self._hold.__exit__(None, None, None)

    def _close(self, is_whole: bool) -> Upload:
        if self._checksum is not None and not is_whole:
            return self._upload
        if self._checksum is not None and self._hash.digest() != self._checksum.digest:
            raise ChecksumMismatch
        with disk_may_be_full():
            os.fsync(self._handle)
        return self._uploads.advance(self._upload, self._offset)
