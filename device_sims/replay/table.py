"""What every format gives: columns of numbers over time, read row by row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["MISSING", "Column", "Row", "Spec", "Table", "number", "parse_time"]

MISSING = frozenset({"", "?", "nan", "na", "n/a", "null", "none"})
"""What stands in a cell without a value, in lower case."""

Row = tuple[int, tuple[float | None, ...]]
"""Time and a value a column. Time is UTC ns; where the table is local, ns of local time since 1970-01-01 00:00."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, and the unit of its numbers."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A device to be: what it is called, how it speaks, and which column each of its quantities is."""

    id: str
    kind: str
    columns: Mapping[str, Column]
    zone: str = ""
    at: str = ""
    """Where water meters stand: inlet, outlet, tank, or critical (inside the area); for `sources/site.py`."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """Of a tank: m3, height_m."""


@dataclass(frozen=True, slots=True)
class Table:
    """A recording that was recognised. `rows` begins at the first row each time it is called, and holds one row."""

    path: Path
    format: str
    columns: tuple[str, ...]
    local: bool
    """Times bear no offset."""
    rows: Callable[[], Iterator[Row]]
    devices: tuple[Spec, ...] = ()
    """What a format of known meaning stands for; empty: somebody has to say it."""


def number(text: str, where: Callable[[], str]) -> float | None:
    """A cell's number, None where there is none.

    Raises:
        ValueError: it is something else; `where` says which cell.
    """
    try:
        value = float(text)
    except ValueError:
        if text.strip().lower() in MISSING:
            return None
        raise ValueError(f"{where()}: {text[:40]!r} is no number") from None
    return value if abs(value) != float("inf") and value == value else None  # noqa: PLR0124 - NaN only


def parse_time(text: str) -> tuple[int, bool]:
    """Nanoseconds of an ISO time or of a unix time (s, ms, us or ns by its size), and whether it is local.

    Raises:
        ValueError: it is neither.
    """
    if text.lstrip("-").replace(".", "", 1).isdigit():
        value = float(text)
        for limit, scale in ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1000)):
            if abs(value) < limit:
                return round(value * scale), False
        return int(text.partition(".")[0]), False
    when = datetime.fromisoformat(text)
    local = when.tzinfo is None
    return whole_ns(when.replace(tzinfo=UTC) if local else when), local


def whole_ns(when: datetime) -> int:
    """Nanoseconds since 1970, to the microsecond."""
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
