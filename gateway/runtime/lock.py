"""One gateway a data folder: a lock that the system releases when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from gateway.errors import CommandError

__all__ = ["FolderLock"]


class FolderLock:
    """Held from construction to `release`.

    Raises:
        CommandError: another process holds it (exit code 2), or the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CommandError(
                f"The data folder {folder} can't be written: {error.strerror}.",
                "Choose another with `data_dir`, or give this user the right to write there.",
                2,
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise CommandError(
                f"Another gateway (process {owner or '?'}) runs on {folder}.",
                "Stop it first, or give this one a data folder of its own with `data_dir`.",
                2,
            ) from error
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
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False

    def release(self) -> None:
        """Let the next one in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
