"""Files and folders beside SQLite's: what the system's errors mean to us, and folders that are durable."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import JournalError, JournalFull

__all__ = ["is_read_only", "sync_folder", "translated_os"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def translated_os(path: Path) -> Iterator[None]:
    """Turn OSError into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise JournalFull(f"No room to write {path}.", "Make room on the disk.") from error
        if error.errno in _CLOSED:
            problem = f"{path} can't be written ({error.strerror})."
            raise JournalError(
                problem, "Give this user the right to write there, or choose another data folder."
            ) from error
        raise JournalError(f"{path} failed ({error}).", "Look at the disk, then start again.") from error


def is_read_only(folder: Path) -> bool:
    """Whether the disk takes no writes at all; asked by making a file, for a disk that failed doesn't admit it."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        return error.errno == errno.EROFS
    probe.unlink(missing_ok=True)
    return False


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
