"""What goes wrong with a city under a test, said with the last lines of its logs."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["CityError", "tail"]

_LINES = 15


class CityError(Exception):
    """The city could not be started, did not do what was waited for, or has ended by itself."""


def tail(logs: Iterable[Path], lines: int = _LINES) -> str:
    """The last lines of each log that has some, under its name."""
    parts = []
    for log in logs:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        if said:
            parts.append("\n".join([f"--- the last lines of {log.name}", *said[-lines:]]))
    return "\n".join(parts)
