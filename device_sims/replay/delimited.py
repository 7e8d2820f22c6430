"""CSV in general: a header, a column of times, columns of numbers; and the reader for formats of known meaning."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from device_sims.replay.table import Row, Table, number, parse_time

__all__ = ["Dialect", "head_of", "open_delimited", "read_delimited"]

_HEAD = 65_536
TIME_NAMES = frozenset({"timestamp", "time", "date", "datetime", "ts", "date_time", "received_at"})
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart, where the time stands (one place, or date and time of day), and which are numbers."""

    separator: str
    time: tuple[int, ...]
    values: tuple[int, ...]
    comma: bool = False
    """A decimal comma."""
    when: Callable[[str], tuple[int, bool]] = parse_time


def head_of(path: Path) -> list[list[str]]:
    """The first lines in cells, by the separator that the header has most of; empty where it is no text.

    Raises:
        OSError: it can't be read.
    """
    with _binary(path) as file:
        try:
            text = file.read(_HEAD).decode("utf-8-sig", "strict")
        except UnicodeDecodeError as error:
            if error.start < _HEAD - 4:
                return []
            text = ""
    lines = text.splitlines()[:20]
    if not lines:
        return []
    separator = max(_SEPARATORS, key=lines[0].count)
    return list(csv.reader(lines, delimiter=separator))


def separator_of(path: Path) -> str:
    """The separator that the header has most of."""
    with _binary(path) as file:
        first = file.readline(_HEAD).decode("utf-8-sig", "replace")
    return max(_SEPARATORS, key=first.count)


def read_delimited(path: Path, dialect: Dialect) -> Iterator[Row]:
    """Rows of a file, of which one is held at a time.

    Raises:
        ValueError: a line has too few cells, a time or a number that is none; says which.
    """
    time, values = dialect.time, dialect.values
    last = max((*time, *values))
    with _binary(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        lines = csv.reader(text, delimiter=dialect.separator)
        header = next(lines, [])
        for cells in lines:
            if not cells:
                continue
            where = f"{path}, line {lines.line_num}"
            if len(cells) <= last:
                raise ValueError(f"{where} has {len(cells)} cells, the header {len(header)}")
            told = " ".join(cells[place] for place in time)
            try:
                ts, _ = dialect.when(told)
            except ValueError:
                raise ValueError(f"{where}: {told[:40]!r} is no time") from None
            yield ts, tuple(_value(cells[place], header[place], where, comma=dialect.comma) for place in values)


def open_delimited(path: Path, head: Sequence[Sequence[str]], time_column: str = "") -> Table | None:
    """The general CSV; None where there is no header, or no column of times.

    Raises:
        ValueError: `time_column` is not there.
    """
    if len(head) < 2 or len(head[0]) < 2:
        return None
    header = [name.strip() for name in head[0]]
    if time_column and time_column not in header:
        raise ValueError(f"{path} has no column {time_column!r}; it has {', '.join(header)}")
    named = [k for k, name in enumerate(header) if name == time_column or (not time_column and _is_time(name))]
    place = named[0] if named else 0
    if _is_time_value(header[place]):
        return None  # there is no header
    try:
        _, local = parse_time(head[1][place].strip())
    except (ValueError, IndexError):
        return None
    return _table(path, header, head[1:], place, local=local)


def _table(path: Path, header: list[str], lines: Sequence[Sequence[str]], place: int, *, local: bool) -> Table:
    separator = separator_of(path)
    comma = separator == ";" and any("," in cell for line in lines for cell in line[place + 1 :])
    values = tuple(k for k in range(len(header)) if k != place and header[k])
    dialect = Dialect(separator, (place,), values, comma)
    names = tuple(header[k] for k in values)
    return Table(path, "CSV", names, local, lambda: read_delimited(path, dialect))


def _is_time(name: str) -> bool:
    return name.lower() in TIME_NAMES


def _is_time_value(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def _value(text: str, column: str, where: str, *, comma: bool) -> float | None:
    return number(text.replace(",", ".") if comma else text, lambda: f"{where}, column {column}")


def _binary(path: Path) -> gzip.GzipFile | io.BufferedReader:
    file = path.open("rb")
    if file.peek(2)[:2] != b"\x1f\x8b":
        return file
    file.close()
    return gzip.open(path, "rb")
