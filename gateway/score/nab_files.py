"""Files in NAB's layout (Numenta Anomaly Benchmark): CSVs of `timestamp,value`, and a JSON with labelled windows.

    DIR/realTraffic/speed_6005.csv        timestamp,value
                                          2015-08-31 18:22:00,90
    DIR/labels/combined_windows.json      {"realTraffic/speed_6005.csv": [["2015-09-16 18:40:00.000000", "..."]]}

Times have no zone: they are taken as they stand. Empty values are missing ones (NaN).
"""

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from gateway.errors import CommandError
from processors.columns import F64, I64

__all__ = ["LABELS", "NabFile", "read_nab"]

LABELS = "combined_windows.json"
_HEADER = ["timestamp", "value"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FARTHEST = 100_000
"""Days from 1970 that fit into nanoseconds of 64 bits."""


@dataclass(frozen=True, slots=True)
class NabFile:
    """One series: times in ns (n,), values (n,), and its labelled windows, first and last time."""

    name: str
    ts: I64
    value: F64
    windows: tuple[tuple[int, int], ...]


def read_nab(folder: Path) -> list[NabFile]:
    """Read all CSVs below `folder`, by name; one that the labels don't name has no windows.

    Raises:
        CommandError: (exit code 2) there is no such folder, no CSV or no labels in it, or one of them is no such file.
    """
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}.", "Name the folder of a copy of NAB, or one laid out so.", 2)
    tables = sorted(folder.rglob("*.csv"))
    if not tables:
        raise CommandError(f"There is no CSV in {folder}.", "Put files of timestamp,value there.", 2)
    found = sorted(folder.rglob(LABELS), key=lambda path: (len(path.parts), path)) or sorted(folder.rglob("*.json"))
    if not found:
        raise CommandError(f"There are no labels in {folder}.", f"Put labels/{LABELS} of NAB there.", 2)
    labels = _labels(found[0])
    windows = {table: _windows_of(table.relative_to(folder).as_posix(), labels) for table in tables}
    if labels and not any(windows.values()):
        raise CommandError(
            f"{found[0]} names none of the CSVs in {folder}.",
            "Its keys are paths below the folder, such as realTraffic/speed_6005.csv.", 2,
        )  # fmt: skip
    return [NabFile(table.relative_to(folder).as_posix(), *_table(table), windows[table]) for table in tables]


def _windows_of(name: str, labels: dict[str, tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
    """The windows under the longest key that `name` ends with: the folder may hold more levels than the labels."""
    parts = name.split("/")
    keys = ("/".join(parts[k:]) for k in range(len(parts)))
    return next((labels[key] for key in keys if key in labels), ())


def _labels(path: Path) -> dict[str, tuple[tuple[int, int], ...]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): tuple(sorted((_time(start), _time(end)) for start, end in windows))
            for name, windows in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CommandError(
            f"{path} has no labelled windows: {error}.",
            'Write {"folder/file.csv": [["2015-09-16 18:40:00", "2015-09-17 16:24:00"]]}.', 2,
        ) from error  # fmt: skip


def _table(path: Path) -> tuple[I64, F64]:
    ts, values, line = [], [], 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if [name.strip() for name in header[:2]] != _HEADER:
                raise ValueError(f"its columns are {header}")
            for row in rows:
                line += 1
                if row:
                    ts.append(_time(row[0]))
                    values.append(_number(row[1]))
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise CommandError(
            f"{path} can't be used: line {line}: {error}.", "Write timestamp,value and rows such as "
            "2015-08-31 18:22:00,90.", 2,
        ) from error  # fmt: skip
    return np.array(ts, np.int64), np.array(values, np.float64)


def _number(text: str) -> float:
    """A value; NaN where there is none. Infinity is none either."""
    value = float(text) if text.strip() else math.nan
    return value if math.isfinite(value) else math.nan


def _time(text: str) -> int:
    """Nanoseconds of a time; one without a zone counts as if it were UTC."""
    when = datetime.fromisoformat(text)
    since = (when if when.tzinfo is not None else when.replace(tzinfo=UTC)) - _EPOCH
    if abs(since.days) > _FARTHEST:
        raise ValueError(f"{text} is too far from 1970")
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
