"""From what was read at every place that a profile names to records: one value a quantity, one time a record.

    row   | 7.4, absent | absent, 55 | its times ...      a quantity that may stand at several places
       -> | 7.4         | 55         |                    the first that is there
       -> | 7.4         | absent     | 12:00:00           values of different times are
          | absent      | 55         | 12:00:05           records of their own

Both ways of reading a document end here, so they can't differ in it. Rows of other profiles never come by.
"""

from collections.abc import Sequence
from math import nan
from typing import Any

from gateway.codecs.layout import Layout
from gateway.codecs.slots import Bad

__all__ = ["settle"]

Found = tuple[int, int, Bad]
"""(row, quantity's number, why)."""


def settle(
    rows: Sequence[Sequence[Any]], message: Sequence[int], bad: Sequence[Found], layout: Layout
) -> tuple[list[Sequence[Any]], list[int], list[Found]]:
    """Rows, the message of each, and what is bad in them; with own times a row grows by the time that counts."""
    faults: dict[int, dict[int, Bad]] = {}
    for r, number, why in bad:
        faults.setdefault(r, {})[number] = why
    out: list[Sequence[Any]] = []
    of: list[int] = []
    told: list[Found] = []
    for r, read in enumerate(rows):
        row, wrong = list(read), faults.get(r, {})
        for number, places in layout.choices:
            value = next((row[place] for place in places if not _absent(row[place])), row[places[-1]])
            if isinstance(value, Bad):
                wrong[number], value = value, nan
            row[layout.fields[number]] = value
        parts = _by_time(row, wrong, layout) if layout.own_times else [(row, list(wrong))]
        for part, numbers in parts:
            told.extend((len(out), number, wrong[number]) for number in numbers)
            out.append(part)
            of.append(message[r])
    return out, of, told


def _by_time(row: list[Any], wrong: dict[int, Bad], layout: Layout) -> list[tuple[list[Any], list[int]]]:
    """A row for each time, with the numbers of its bad quantities."""
    otherwise = _first(row, layout.record_times)
    groups: dict[Any, list[int]] = {}
    for number, places in enumerate(layout.own_times):
        if not _absent(row[layout.fields[number]]) or number in wrong:
            own = _first(row, places)
            groups.setdefault(otherwise if own is None else own, []).append(number)
    parts = []
    for time, numbers in (groups or {otherwise: []}).items():
        part = [*row, time]
        for number, place in enumerate(layout.fields):
            if number not in numbers:
                part[place] = nan
        parts.append((part, [number for number in numbers if number in wrong]))
    return parts


def _first(row: list[Any], places: Sequence[int]) -> Any:
    return next((row[place] for place in places if row[place] is not None), None)


def _absent(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN only differs from itself
