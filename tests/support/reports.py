"""Literal facts of a day for tests of reports: short to write, hand-computed to judge."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.kinds import load_conditions
from gateway.reports.facts import AlarmChange, AlarmFacts, Context, FigureValue, Windows
from gateway.reports.model import KeyFigure, Report, Table
from gateway.reports.period import Period, day_of

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "NO_ALARMS",
    "cells",
    "change",
    "context",
    "figure_of",
    "table_of",
    "told",
    "windows",
]

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
DAY = day_of("2026-03-02", "Asia/Shanghai")
NO_ALARMS = AlarmFacts((), (), ())


def context(
    period: Period = DAY, *, names: dict[str, str] | None = None, zones: dict[str, str] | None = None,
    conditions: Sequence[dict[str, Any]] = (), intervals: dict[str, float] | None = None, until: int | None = None,
    unheard: tuple[tuple[int, int], ...] = (),
) -> Context:  # fmt: skip
    """Of Guangzhou; the whole period is known unless `until` says otherwise."""
    return Context(
        period, "Guangzhou", names or {}, zones or {}, {}, load_conditions(list(conditions)), intervals or {},
        unheard, period.end if until is None else until,
    )  # fmt: skip


def change(
    what: str, at: int, *, condition: str = "gas.lel", asset: str = "gas-1", priority: int = 2,
    since: int | None = None, state: str | None = None, now: int | None = None, historic: bool = False,
) -> AlarmChange:  # fmt: skip
    """One of an alarm that is named by condition, asset and since."""
    states = {"raised": "unacknowledged", "repeated": "unacknowledged", "acknowledged": "acknowledged"}
    begun = at if since is None else since
    return AlarmChange(
        f"{condition}/{asset}/{begun}", what, state or states.get(what, what), condition, asset, "tianhe",
        condition.partition(".")[0], priority, at, at if now is None else now, begun, None, historic,
    )  # fmt: skip


def told(
    name: str, asset: str, ts: int, value: float, condition: str = "some.condition", unit: str = "1"
) -> FigureValue:
    """A figure."""
    return FigureValue(condition, asset, name, unit, ts, value)


def windows(
    device: str, quantity: str, start: int, step: int, means: Sequence[float], unit: str = "", count: int = 15
) -> Windows:
    """One each `step` ns from `start` on, with these means as extremes too; NaN: none is there."""
    value = np.array(means, np.float64)
    there = ~np.isnan(value)
    at = start + step * np.arange(len(value))
    value = value[there]
    return Windows(device, quantity, unit, at[there], value, value, value, np.full(len(value), float(count)))


def figure_of(report: Report, label: str) -> KeyFigure:
    """The key figure whose label begins so."""
    (found,) = [each for each in report.figures if each.label.startswith(label)]
    return found


def table_of(report: Report, title: str) -> Table:
    """The table whose title begins so."""
    found = [p for s in report.sections for p in s.parts if isinstance(p, Table) and p.title.startswith(title)]
    assert found, [p.title for s in report.sections for p in s.parts]
    return found[0]


def cells(table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of each row."""
    places = [[column.title for column in table.columns].index(name) for name in columns]
    return [tuple(row[place] for place in places) for row in table.rows]
