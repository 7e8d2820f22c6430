"""Figures and strangers' texts, made fit for a terminal."""

import unicodedata

__all__ = ["clean", "count", "duration", "size"]


def clean(text: str, limit: int = 120) -> str:
    """`text` without control characters (a topic could move the cursor), cut at `limit`."""
    safe = "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def count(number: float) -> str:
    """A number with thousands separated; one decimal below ten where it has any."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def size(number: float) -> str:
    """Bytes in the largest unit that leaves a figure above one."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def duration(secs: float) -> str:
    """Seconds in the unit that reads best."""
    if secs < 1:
        return f"{secs * 1000:.1f} ms"
    if secs < 120:
        return f"{secs:.1f} s"
    return f"{secs / 60:.0f} min"
