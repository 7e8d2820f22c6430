"""The strips of the city page: per domain the figures that matter, each reduced to one number over time.

rows of figures (condition, asset, figure, unit, time, value)  --+--> by quarter hour --> max, min, mean or sum
windows of series (series, start, statistics)                  --+
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gateway.console.view.judged import Limit

__all__ = ["STRIPS", "Drawn", "Source", "StripFigure", "drawn", "over_time", "reduce_windows", "trend"]

How = Literal["max", "min", "mean", "sum"]
QUARTER = 900_000_000_000
SPAN = 24
"""Quarter hours that are shown."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: of a condition, or the windows of a quantity of a profile."""

    condition: str = ""
    name: str = ""
    profile: str = ""
    quantities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StripFigure:
    """One figure of a strip. Its text is `strip.<key>`."""

    key: str
    domain: str
    how: How
    source: Source
    unit: str


STRIPS: Sequence[StripFigure] = (
    StripFigure("tpi", "traffic", "mean", Source("traffic.zone-index", "tpi"), "1"),
    StripFigure("speed", "traffic", "mean", Source(profile="segment-speed", quantities=("speed",)), "km/h"),
    StripFigure("dtp", "traffic", "max", Source("traffic.congestion", "dtp"), "1"),
    StripFigure("voltage_low", "grid", "min", Source(profile="meter-3p", quantities=("u_a", "u_b", "u_c")), "V"),
    StripFigure("voltage_high", "grid", "max", Source(profile="meter-3p", quantities=("u_a", "u_b", "u_c")), "V"),
    StripFigure("loading", "grid", "max", Source("grid.transformer", "loading"), "ratio"),
    StripFigure("pressure", "water", "min", Source(profile="water-pressure", quantities=("pressure",)), "kPa"),
    StripFigure("inflow", "water", "sum", Source(profile="water-flow", quantities=("flow",)), "m3/h"),
    StripFigure("lel", "gas", "max", Source(profile="gas-detector", quantities=("lel",)), "%LEL"),
    StripFigure("oxygen", "gas", "min", Source(profile="gas-detector", quantities=("o2",)), "%vol"),
    StripFigure("filling", "drainage", "max", Source("drainage.filling", "filling"), "1"),
    StripFigure("rain", "drainage", "max", Source(profile="rain-gauge", quantities=("intensity",)), "mm/h"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as it is shown: now, how it came, what it is judged by, and what that says."""

    figure: StripFigure
    now: float | None
    values: tuple[float | None, ...]
    limits: tuple[Limit, ...]
    breach: int = 0
    """Priority of the worst limit that it is beyond; 0: none."""


def over_time(rows: Iterable[Sequence[Any]], how: How, end: int) -> list[float | None]:
    """Rows of `read_figures` by quarter hours up to `end` (UTC ns): of each asset the last of a quarter, reduced."""
    first = end // QUARTER - SPAN + 1
    found: list[dict[str, float]] = [{} for _ in range(SPAN)]
    for _, asset, _, _, ts, value in rows:
        place = ts // QUARTER - first
        if 0 <= place < SPAN and value is not None:
            found[place][asset] = value
    return [_reduced(list(quarter.values()), how) for quarter in found]


def reduce_windows(
    start: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]], how: How, end: int
) -> list[float | None]:
    """Windows of a quarter hour of many series, `values` by statistic: the extreme of extremes, or mean or sum of
    means."""
    first = end // QUARTER - SPAN + 1
    column = values[how if how in ("max", "min") else "mean"]
    place = start // QUARTER - first
    return [_reduced(column[(place == k) & np.isfinite(column)].tolist(), how) for k in range(SPAN)]


def _reduced(values: Sequence[float], how: How) -> float | None:
    if not values:
        return None
    match how:
        case "max":
            return float(max(values))
        case "min":
            return float(min(values))
        case _:
            total = float(sum(values))
            return total if how == "sum" else total / len(values)


def drawn(
    figure: StripFigure, values: Sequence[float | None], limits: Sequence[Limit], now: float | None = None
) -> Drawn:
    """`now`: the newest, where it is known better than by the last quarter hour."""
    known = [value for value in values if value is not None and isfinite(value)]
    newest = now if now is not None else (known[-1] if known else None)
    # a quantity that is judged on both sides shows the limits of the side that it is about
    side = [limit for limit in limits if figure.how in ("mean", "sum") or limit.high == (figure.how == "max")]
    breach = 0
    for limit in side:
        beyond = newest is not None and (newest >= limit.value if limit.high else newest <= limit.value)
        if beyond and (not breach or limit.priority < breach):
            breach = limit.priority
    return Drawn(figure, newest, tuple(values), tuple(side), breach)


def trend(values: Sequence[float | None]) -> Literal["up", "down", "flat", ""]:
    """Of the last hour against the three before, beyond a twentieth of the whole span; "": too little is known."""
    known = [value for value in values if value is not None and isfinite(value)]
    if len(known) < 6:
        return ""
    span = max(known) - min(known)
    late, early = sum(known[-3:]) / 3, sum(known[-6:-3]) / 3
    if abs(late - early) <= span * 0.08:
        return "flat"
    return "up" if late > early else "down"
