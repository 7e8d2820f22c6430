"""Fetches what the strips of the city page show: figures of conditions and windows of series, each read once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.model import ConditionModel
from gateway.console.view.judged import figure_limits, limits_of, with_own_limits
from gateway.console.view.strips import (
    QUARTER,
    SPAN,
    STRIPS,
    Drawn,
    Source,
    StripFigure,
    drawn,
    over_time,
    reduce_windows,
)
from gateway.errors import CommandError
from gateway.link.link import Link, Series

__all__ = ["StripReader"]

_MOST_SERIES = 5_000
_MOST_ROWS = 50_000
_WHOLE = 0.9
"""A sum over less than this share of its series is none."""


class StripReader:
    """One look at all strips. `figures`: the desk's; `series`: of each profile; `now`: the city's time, UTC ns."""

    def __init__(
        self, link: Link, conditions: Mapping[str, ConditionModel], figures: Sequence[Mapping[str, Any]],
        series: Mapping[str, Sequence[Series]], now: int,
    ) -> None:  # fmt: skip
        self._link, self._conditions, self._figures, self._series, self._now = link, conditions, figures, series, now
        self._start = (now // QUARTER - SPAN) * QUARTER
        self._read: dict[Source, Any] = {}
        """Windows by where they come from: highest and lowest voltages are those of the same ones."""

    async def read(self) -> list[Drawn]:
        """Those that there is something of."""
        found = [await (self._figure if each.source.condition else self._quantity)(each) for each in STRIPS]
        return [each for each in found if each is not None and each.now is not None]

    async def _figure(self, figure: StripFigure) -> Drawn | None:
        condition, name = figure.source.condition, figure.source.name
        newest = [each for each in self._figures if each["condition"] == condition and each["name"] == name]
        if not newest:
            return None
        try:
            past = await self._link.ask(
                "read_figures", condition=condition, name=name, start=self._start, end=self._now + 1, limit=_MOST_ROWS
            )
        except CommandError:
            return None
        values = over_time(past["rows"], figure.how, self._now)
        # the last quarter is not whole: what stands now says it better
        fresh = [
            ("", str(k), "", "", self._now, each["value"]) for k, each in enumerate(newest) if each["ts"] >= self._start
        ]
        now = over_time(fresh, figure.how, self._now)[-1]
        return drawn(figure, [*values[:-1], now], figure_limits(self._conditions, condition, name), now)

    async def _quantity(self, figure: StripFigure) -> Drawn | None:
        source = figure.source
        apart = with_own_limits(self._conditions, source.profile, source.quantities[0])
        wanted = [
            each
            for each in self._series.get(source.profile, ())
            if each[1] in source.quantities and each[0] not in apart
        ]
        if not wanted:
            return None
        if source not in self._read:
            try:
                self._read[source] = await self._link.read(wanted[:_MOST_SERIES], self._start, self._now + 1, step=900)
            except CommandError:
                return None
        table = self._read[source].table
        columns = {name: np.asarray(table[name].to_numpy(), np.float64) for name in ("min", "max", "mean")}
        starts = np.asarray(table["start"].to_numpy(), np.int64)
        values = reduce_windows(starts, columns, figure.how, self._now)
        if figure.how == "sum":  # windows of one quarter close one after the other
            first = self._now // QUARTER - SPAN + 1
            counted = np.bincount(np.clip(starts // QUARTER - first, -1, SPAN) + 1, minlength=SPAN + 2)[1 : SPAN + 1]
            values = [
                value if number >= _WHOLE * len(wanted) else None
                for value, number in zip(values, counted.tolist(), strict=True)
            ]
        return drawn(figure, values, limits_of(self._conditions, source.profile, source.quantities[0]))
