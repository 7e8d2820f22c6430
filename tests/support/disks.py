"""Disks of a test's own: a small one that can be filled, and one that can be made read-only as the kernel does it.

They need root and the right to mount: a test is skipped with the reason where that is denied.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

__all__ = ["Ballast", "ImageDisk", "small_disk"]

_STEP = 64 << 10


def _mounted(*words: str | Path) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a disk of one's own needs root, and mount")
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"can't mount here: {done.stderr.strip().splitlines()[0]}")


def small_disk(megabytes: int) -> Callable[[Path], AbstractContextManager[None]]:
    """A tmpfs of that size, over the folder that it is given."""

    @contextmanager
    def mounted(folder: Path) -> Iterator[None]:
        _mounted("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder)
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    return mounted


class Ballast:
    """What fills a folder's disk to the last block, until it is let go."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ballast"

    def fill(self) -> None:
        """Leave nothing free; whoever writes meanwhile may get the last blocks."""
        with self._file.open("ab") as out, contextlib.suppress(OSError):
            while True:
                os.posix_fallocate(out.fileno(), os.fstat(out.fileno()).st_size, _STEP)
        with self._file.open("ab", buffering=0) as out, contextlib.suppress(OSError):
            while out.write(bytes(4096)) == 4096:
                pass

    def let_go(self) -> None:
        """Give the room back."""
        self._file.unlink(missing_ok=True)


class ImageDisk:
    """An ext4 disk in a file, over a folder. `fail` makes it read-only at once, with files open, as after an error."""

    def __init__(self, image: Path, megabytes: int = 512) -> None:
        self._image = image
        if shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            pytest.skip("no mkfs.ext4 here: apt-get install e2fsprogs")
        with image.open("wb") as out:
            out.truncate(megabytes << 20)
        where = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        subprocess.run(
            ["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True, env=os.environ | {"PATH": where}
        )
        self._folder = image

    @contextmanager
    def over(self, folder: Path) -> Iterator[None]:
        """Mount it there."""
        self._folder = folder
        self._mount()
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def _mount(self) -> None:
        _mounted("-o", "loop,errors=remount-ro", self._image, self._folder)

    def fail(self) -> None:
        """From now on every write is refused (EROFS)."""
        subprocess.run(["mount", "-o", "remount,abort", str(self._folder)], check=True, capture_output=True)

    def mend(self) -> None:
        """Unmount and mount it again, which replays its journal; nobody may have a file open there."""
        subprocess.run(["umount", str(self._folder)], check=True, capture_output=True)
        self._mount()
