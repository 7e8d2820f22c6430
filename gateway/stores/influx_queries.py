"""InfluxQL for the gateway's own reads, and its answers as columns. Times stay exact int64 ns throughout."""

# ruff: noqa: S608 - every name and text in a statement is quoted here
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.stores.figures import FigureBatch
from gateway.stores.influx_results import Series
from gateway.stores.line_text import spelled, step_label
from processors.columns import STATS, AggregateBatch, ReadingBatch
from processors.flags import Flag

__all__ = [
    "aggregates_statement", "count_statements", "figures_statement", "identifier", "latest_statement",
    "literal", "mark_statement", "parse_aggregates", "parse_figures", "parse_readings", "readings_statement",
    "rows_of", "time_of",
]  # fmt: skip

_LIMIT = 9_223_372_036_854_775_806
"""InfluxQL's largest time; its smallest is the negative of it."""
_MINUS_ZERO = re.compile(rb"(?<=,)-0(?=[,\]])")
"""InfluxDB writes -0.0 as the integer -0, which has no sign to a JSON reader."""
_MEANS = STATS[1:]


def literal(text: str) -> str:
    """A string in a statement."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def identifier(name: str, suffix: str = "") -> str:
    """A name in a statement, as it is spelled in the lines, where suffixes go behind the spelled name."""
    return _quoted(spelled(name) + suffix)


def _quoted(shown: str) -> str:
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def readings_statement(
    profile: str | None, device: str, quantities: Iterable[str], start: int, end: int, most: int | None = None
) -> str:
    """Value, flag and why of a device's quantities. A profile of None looks into every measurement."""
    fields = ", ".join(
        f"{identifier(quantity)}, {identifier(quantity, '_flag')}, {identifier(quantity, '_why')}"
        for quantity in quantities
    )
    source = "/.*/" if profile is None else identifier(profile)
    return f"SELECT {fields} FROM {source} WHERE {_where(device, start, end)}{_first(most)}"


def latest_statement(profile: str | None, device: str, quantity: str) -> str:
    """The newest point that says anything about the quantity."""
    return readings_statement(profile, device, [quantity], -_LIMIT, _LIMIT) + " ORDER BY time DESC LIMIT 1"


def aggregates_statement(
    profile: str | None, device: str, quantities: Iterable[str], *, step: int, start: int, end: int,
    most: int | None = None,
) -> str:  # fmt: skip
    """All statistics of a device's quantities."""
    fields = ", ".join(identifier(quantity, f"_{stat}") for quantity in quantities for stat in (*STATS, "revision"))
    label = step_label(step)
    source = f"/_{label}$/" if profile is None else identifier(profile, f"_{label}")
    return f"SELECT {fields} FROM {source} WHERE {_where(device, start, end)}{_first(most)}"


def figures_statement(
    condition: str, asset: str, names: Iterable[str], start: int, end: int, most: int | None = None
) -> str:
    """A condition's figures of one asset."""
    fields = ", ".join(map(identifier, names))
    where = f'"asset" = {literal(spelled(asset))} AND {_between(start, end)}'
    return f"SELECT {fields} FROM {identifier(condition)} WHERE {where}{_first(most)}"


def time_of(series: Series, place: int) -> int | None:
    """When the point at a place of an answer is; None: there are not so many."""
    points = msgspec.json.decode(series.values, type=list[msgspec.Raw])
    if place >= len(points):
        return None
    return int(msgspec.json.decode(points[place], type=list[Any])[series.columns.index("time")])


def mark_statement(measurement: str, store: str) -> str:
    """The newest mark of the journal."""
    where = f'"store" = {literal(spelled(store))}'
    return f'SELECT "journal_id", "position" FROM {_quoted(measurement)} WHERE {where} ORDER BY time DESC LIMIT 1'


def count_statements(measurement: str, quantity: str, start: int, end: int) -> list[str]:
    """How many points of each UTC day have a value of the quantity, how many a flag of it, how many both.

    The names are as InfluxDB shows them. A sum of two fields is there only where both are.
    """
    value, flag = _quoted(quantity), _quoted(f"{quantity}_flag")
    source = _quoted(measurement)
    where = f"WHERE {_between(start, end)}"
    by_day = f"{where} GROUP BY time(1d) fill(none)"
    both = f"SELECT {value} * 0 + {flag} AS both FROM {source} {where}"
    return [
        f"SELECT count({value}) FROM {source} {by_day}",
        f"SELECT count({flag}) FROM {source} {by_day}",
        f"SELECT count(both) FROM ({both}) {by_day}",
    ]


def _where(device: str, start: int, end: int) -> str:
    return f'"device" = {literal(spelled(device))} AND {_between(start, end)}'


def _first(most: int | None) -> str:
    return "" if most is None else f" LIMIT {most}"


def _between(start: int, end: int) -> str:
    return f"time >= {max(start, -_LIMIT)} AND time < {min(end, _LIMIT)}"


def rows_of(series: Series, integers: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The columns of an answer by name: time as int64, all others as float64 with NaN where there is nothing."""
    whole = {"time", *integers}
    kinds = [int | None if column in whole else float | None for column in series.columns]
    kinds[series.columns.index("time")] = int
    values = bytes(series.values)
    if b",-0" in values:
        values = _MINUS_ZERO.sub(b"-0.0", values)
    rows = msgspec.json.decode(values, type=list[tuple[tuple(kinds)]])  # type: ignore[misc]
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return {
        # a why of 32 bits and a count are exact in a double
        name: np.array(column, np.int64 if name == "time" else np.float64)
        for name, column in zip(series.columns, columns, strict=True)
    }


def parse_readings(series: Series, wanted: Sequence[tuple[int, str]]) -> list[ReadingBatch]:
    """The readings of one device's series; `wanted` gives each quantity the number it shall have as a series."""
    names = [spelled(quantity) for _, quantity in wanted]
    columns = rows_of(series, [name + suffix for name in names for suffix in ("_flag", "_why")])
    nothing = np.full(len(columns["time"]), np.nan)
    parts = []
    for (number, _), name in zip(wanted, names, strict=True):
        value = columns.get(name, nothing)
        flag, why = columns.get(name + "_flag", nothing), columns.get(name + "_why", nothing)
        there = ~(np.isnan(value) & np.isnan(flag))
        # a line says nothing of a flag that is good; a value under a missing flag is an earlier write's
        flag = np.where(np.isnan(flag), float(Flag.GOOD), flag)[there]
        value = np.where(flag == Flag.MISSING, np.nan, value[there])
        why = np.where(np.isnan(why), 0.0, why)[there]
        series_number = np.full(len(flag), number)
        parts.append(ReadingBatch.of(series=series_number, ts=columns["time"][there], value=value, flag=flag, why=why))
    return parts


def parse_aggregates(series: Series, wanted: Sequence[tuple[int, str]], step: int) -> list[AggregateBatch]:
    """The aggregates of one device's series, as `parse_readings` does."""
    names = [spelled(quantity) for _, quantity in wanted]
    columns = rows_of(series, [name + suffix for name in names for suffix in ("_count", "_revision")])
    nothing = np.full(len(columns["time"]), np.nan)
    parts = []
    for (number, _), name in zip(wanted, names, strict=True):
        count = columns.get(f"{name}_count", nothing)
        there = ~np.isnan(count)
        stats = {stat: columns.get(f"{name}_{stat}", nothing)[there] for stat in _MEANS}
        # what an earlier revision knew of a window that has no usable reading any more is still in the line
        for stat in _MEANS[1:]:
            stats[stat] = np.where(count[there] == 0, np.nan, stats[stat])
        parts.append(
            AggregateBatch.of(
                series=np.full(int(there.sum()), number), step=np.full(int(there.sum()), step),
                start=columns["time"][there], revision=columns[f"{name}_revision"][there], count=count[there], **stats,
            )
        )  # fmt: skip
    return parts


def parse_figures(series: Series, wanted: Sequence[tuple[int, str]]) -> list[FigureBatch]:
    """The figures of one asset, as `parse_readings` does."""
    columns = rows_of(series, ())
    parts = []
    for number, name in wanted:
        value = columns.get(spelled(name), np.full(len(columns["time"]), np.nan))
        there = ~np.isnan(value)
        figure = np.full(int(there.sum()), number)
        parts.append(FigureBatch.of(figure=figure, ts=columns["time"][there], value=value[there]))
    return parts
