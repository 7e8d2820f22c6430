"""One gateway a data folder: a lock that the system releases when the process ends, however it ends."""

import fcntl
import os
import time
from pathlib import Path

from gateway.errors import CommandError

__all__ = ["FolderHeld", "FolderLock"]

_WAIT_SECS = 1.0
"""Commands that look at the files of a stopped gateway hold the lock too, for a moment."""
_POLL_SECS = 0.02


class FolderHeld(CommandError):
    """Another process works on the folder (exit code 2)."""


class FolderLock:
    """Held from construction to `release`.

    Raises:
        FolderHeld: another process holds it, and goes on to.
        CommandError: the folder can't be written (exit code 2).
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CommandError(
                f"The data folder {folder} can't be written: {error.strerror}.",
                "Choose another with `data_dir` or --data-dir, or give this user the right to write there.",
                2,
            ) from error
        deadline = time.monotonic() + _WAIT_SECS
        while not _locked(self._file):
            if time.monotonic() > deadline:
                owner = os.read(self._file, 32).decode(errors="replace").strip()
                os.close(self._file)
                raise FolderHeld(
                    f"Another gateway (process {owner or '?'}) runs on {folder}.",
                    "Stop it first, or give this one a data folder of its own with `data_dir` or --data-dir.",
                    2,
                )
            time.sleep(_POLL_SECS)
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    @staticmethod
    def held(folder: Path) -> bool:
        """Whether a gateway runs on `folder`."""
        try:
            file = os.open(folder / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            return not _locked(file)
        finally:
            os.close(file)

    def release(self) -> None:
        """Let the next one in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
