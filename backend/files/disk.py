"""Bytes that are still there after a power cut: fsynced writes, atomic replacement, and a lock between processes."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import Busy

RETRY_AFTER_MS = 1_000
FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def disk_may_be_full() -> Iterator[None]:
    """Turn a full disk into Busy, so that the tablet keeps its file and tries again."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Busy("No room for files.", retry_after_ms=60 * RETRY_AFTER_MS) from error
        raise


def sync_folder(folder: Path) -> None:
    """Make renames and new names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it, durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        sync_folder(folder.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` at once: a crash leaves the old file or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with disk_may_be_full(), draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold `path` open, to write, for nobody else. Raises Busy if somebody has it, FileNotFoundError without it."""
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield handle
    except BlockingIOError as error:
        raise Busy("Another request is writing this upload.", retry_after_ms=RETRY_AFTER_MS) from error
    finally:
        os.close(handle)
