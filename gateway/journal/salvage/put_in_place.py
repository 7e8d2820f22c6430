"""Put mended parts in the place of damaged ones, which are set aside: whole or not at all, over any crash.

salvaged/            being written            removed and begun again where it isn't READY
salvaged/READY       everything is in it      each part goes in place, the old one to damaged-TIME/
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from gateway.journal.files import sync_folder, translated_os
from gateway.journal.sqlite import Fault, no_fault

__all__ = ["PLACE", "begun", "clean_place", "put_in_place", "unfinished"]

PLACE = "salvaged"
_READY = "READY"
_LOGS = ("", "-wal", "-shm", "-journal", ".wal")


def unfinished(folder: Path) -> bool:
    """Whether a salvage was cut off while it put parts in place: until it is finished nothing may be opened."""
    return (folder / PLACE / _READY).exists()


def clean_place(folder: Path) -> Path:
    """An empty folder for mended parts."""
    place = folder / PLACE
    with translated_os(place):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    return place


def begun(folder: Path, aside: str, parts: Sequence[str]) -> None:
    """Everything that is to go in place is durable in the folder; from here on it goes there, whatever happens."""
    place = folder / PLACE
    with translated_os(place):
        for part in parts:
            for path in sorted((place / part).rglob("*")) if (place / part).is_dir() else [place / part]:
                _sync(path)
            if (place / part).is_dir():
                sync_folder(place / part)
        temporary = place / f"{_READY}.tmp"
        temporary.write_text("\n".join([aside, *parts]) + "\n", encoding="utf-8")
        _sync(temporary)
        temporary.replace(place / _READY)
        sync_folder(place)
        sync_folder(folder)


def put_in_place(folder: Path, fault: Fault = no_fault) -> Path:
    """Do it, or what is left of it; gives the folder with the damaged parts."""
    place = folder / PLACE
    with translated_os(place):
        name, *parts = (place / _READY).read_text(encoding="utf-8").split("\n")[:-1]
        aside = folder / name
        aside.mkdir(exist_ok=True)
        for part in parts:
            if not (place / part).exists():
                continue  # it is in place
            for log in _LOGS:
                old = folder / (part + log)
                if old.exists():
                    old.rename(aside / old.name)
                    fault("salvage-after-aside")
            sync_folder(aside)
            (place / part).rename(folder / part)
            sync_folder(folder)
            fault("salvage-after-part")
        shutil.rmtree(place)
        sync_folder(folder)
    return aside


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
