"""The file that a backup is: a header in plain JSON, compressed sections, and a checksum over all of it."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = "padsync-backup-1"
CHECKSUM_BYTES = 32
CHUNK_BYTES = 1 << 20
HEADER_BYTES_MAX = 1 << 16


class BackupBroken(ValueError):
    """The file is no backup, or not the one that was written."""


class Header(Struct, frozen=True, kw_only=True):
    """What a backup says of itself before anything is unpacked."""

    magic: str = MAGIC
    database: str  # sqlite or postgresql
    revision: str  # of the schema
    epoch: str
    made_at: str


class ArchiveWriter:
    """Writes a backup beside its place, and puts it there only when it is whole and on the disk."""

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._hash = hashlib.sha256()
        self._compressor = zstd.ZstdCompressor(level=3)
        self._part.touch(mode=0o600)  # it holds personal data and keys
        self._file: BinaryIO = self._part.open("wb")
        self._put(msgspec.json.encode(header) + b"\n")

    @property
    def folder(self) -> Path:
        """Where the backup comes to lie, and where there is room for what is only needed while it is made."""
        return self._part.parent

    def section(self, title: dict[str, Any], chunks: Iterable[bytes]) -> int:
        """Write a titled section; return how many bytes went in, before compression."""
        size = 0
        self._put_chunk(msgspec.json.encode(title))
        for chunk in chunks:
            if chunk:
                self._put_chunk(chunk)
                size += len(chunk)
        self._put_chunk(b"")
        return size

    def finish(self) -> None:
        """Seal the file and give it its name."""
        self._put(self._compressor.flush())
        self._file.write(self._hash.digest())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        sync_folder(self._path.parent)

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        with suppress(FileNotFoundError):
            self._part.unlink()

    def _put_chunk(self, chunk: bytes) -> None:
        self._put(self._compressor.compress(len(chunk).to_bytes(4, "big") + chunk))

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


class ArchiveReader:
    """Reads a backup whose checksum was found right. Raises BackupBroken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = path.stat().st_size - CHECKSUM_BYTES
        self._check()
        with path.open("rb") as file:
            self.header = _read_header(file)
            self._start = file.tell()

    def sections(self) -> Iterator[tuple[dict[str, Any], Iterator[bytes]]]:
        """Yield each section's title and chunks; read all chunks before going on."""
        chunks = self._chunks()
        for title in chunks:
            yield msgspec.json.decode(title), iter(lambda: next(chunks), b"")

    def _check(self) -> None:
        if self._end <= 0:
            raise BackupBroken("the file is too short for a backup")
        hash, left = hashlib.sha256(), self._end
        with self._path.open("rb") as file:
            while left:
                data = file.read(min(CHUNK_BYTES, left))
                hash.update(data)
                left -= len(data)
            if file.read() != hash.digest():
                raise BackupBroken("the checksum is wrong: the file was cut or changed")

    def _chunks(self) -> Iterator[bytes]:
        waiting = bytearray()
        for data in self._inflated():
            waiting += data
            at = 0
            while len(waiting) - at >= 4:
                size = int.from_bytes(waiting[at : at + 4], "big")
                if len(waiting) - at - 4 < size:
                    break
                yield bytes(waiting[at + 4 : at + 4 + size])
                at += 4 + size
            del waiting[:at]

    def _inflated(self) -> Iterator[bytes]:
        decompressor = zstd.ZstdDecompressor()
        with self._path.open("rb") as file:
            file.seek(self._start)
            while (left := self._end - file.tell()) > 0:
                yield decompressor.decompress(file.read(min(CHUNK_BYTES, left)))


def _read_header(file: BinaryIO) -> Header:
    try:
        header = msgspec.json.decode(file.readline(HEADER_BYTES_MAX), type=Header)
    except msgspec.DecodeError as error:
        raise BackupBroken("the file is no backup") from error
    if header.magic != MAGIC:
        raise BackupBroken(f"a backup of another sort: {header.magic}")
    return header


def sync_folder(folder: Path) -> None:
    """Make sure that a new name in the folder survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
