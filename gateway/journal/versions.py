"""Files of a newer CityLoom: refused before anything is opened for writing, so that nothing in them is touched.

Each file bears the version of its own tables. Which CityLoom wrote last stands beside them in `written-by`, for people.
"""

import os
from pathlib import Path

from gateway.errors import VersionError
from gateway.journal.files import sync_folder, translated_os
from gateway.journal.pages import user_version
from gateway.journal.sqlite import PAGE_BYTES

__all__ = ["note_writer", "refuse_newer", "refuse_newer_sqlite"]

_NOTE = "written-by"
_LONGEST_NOTE = 64


def refuse_newer(path: Path, written: int, known: int, what: str = "tables") -> None:
    """Nothing where this program knows the version `written`.

    Raises:
        VersionError: it doesn't.
    """
    if written <= known:
        return
    writer = _note(path.parent) or _note(path.parent.parent)
    by = f"CityLoom {writer}" if writer else "a newer CityLoom"
    raise VersionError(
        f"{path} was written by {by} ({what} of version {written}; this one knows {known}). Nothing was touched.",
        "Install that version or a newer one, or restore the data folder from a backup of before the upgrade.",
    )


def refuse_newer_sqlite(path: Path, known: int) -> None:
    """The same for a SQLite file, by its `user_version`, which is read without a connection."""
    with translated_os(path):
        written = user_version(path, PAGE_BYTES)
    refuse_newer(path, written or 0, known)


def note_writer(folder: Path, version: str) -> None:
    """Note who writes in `folder` from now on."""
    if _note(folder) == version:
        return
    path = folder / _NOTE
    temporary = folder / f"{_NOTE}.tmp"
    with translated_os(path):
        with temporary.open("w", encoding="utf-8") as file:
            file.write(version + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(folder)


def _note(folder: Path) -> str:
    try:
        with (folder / _NOTE).open("rb") as file:
            text = file.read(_LONGEST_NOTE).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return text if text.isprintable() else ""
