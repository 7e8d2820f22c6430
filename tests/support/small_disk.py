"""A file system that is soon full: a tmpfs, where this machine lets a test mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["SmallDisk", "small_disk"]

_BLOCK = 1 << 16


class SmallDisk:
    """Its folder, and room that can be taken and given back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, but: int = 0) -> None:
        """Take all the room but so many bytes."""
        with self._filler.open("ab") as out:
            while (left := self._free - but) > 0:
                try:
                    out.write(bytes(min(left, _BLOCK)))
                    out.flush()
                except OSError:
                    break

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    @property
    def _free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize


@contextmanager
def small_disk(path: Path, size_mb: int) -> Iterator[SmallDisk]:
    """Mount it at a folder, which is made; skips the test where that is not allowed."""
    path.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk: {error}")
    if done.returncode:
        pytest.skip(f"no small disk: a tmpfs can't be mounted here ({done.stderr.strip()}): run as root")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
