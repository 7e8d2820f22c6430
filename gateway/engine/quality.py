"""Quality checks of an engine's series: what each profile asks for, bound to the series that there are.

accepted readings --> QualityChecks.judge --> flag, why            (late ones: order-free checks only)
                  |                     +--> rewrites: verdicts on readings that are stored already
                  +-> Neighbours.take --> rewrites of a pane's readings, once the zone's devices are past it
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.profiles import Profile
from gateway.config.units import conversion
from gateway.engine.neighbours import Neighbours
from gateway.engine.results import SeriesName
from gateway.engine.usual import CLIMATOLOGY, Usual
from processors.columns import I64, U8, U32, FlagRewrites, ReadingBatch
from processors.quality.checks import QualityChecks
from processors.quality.limits import QualityLimits

__all__ = ["Quality"]

_HOUR = 3_600_000_000_000
_HOURS = 168


class Quality:
    """Never called concurrently."""

    def __init__(self) -> None:
        self._checks = QualityChecks()
        self._neighbours = Neighbours()
        self._asked: dict[tuple[str, str], dict[str, Any]] = {}
        self._bound = 0
        self._day_edges: I64 = np.empty(0, np.int64)
        self._hourly = False

    def configure(self, profiles: Sequence[Profile], day_edges: I64, series: Sequence[SeriesName]) -> None:
        """Take what profiles ask for; `day_edges` begin on a Monday."""
        self._asked = {}
        self._day_edges = day_edges
        for profile in profiles:
            for name, spec in profile.fields.items():
                if spec.checks is not None:
                    unit = conversion(spec.unit or "1", senml=profile.is_senml)
                    self._asked[profile.name, name] = spec.checks.limits(unit.factor)
        self._hourly = any("climatology_suspect" in asked for asked in self._asked.values())
        self._bound = 0
        self.bind(series)
        self._neighbours.configure(profiles, series)

    def bind(self, series: Sequence[SeriesName]) -> None:
        """Meet the series that came since."""
        if self._bound == len(series):
            return
        self._neighbours.bind(series)
        new = series[self._bound :]
        first, self._bound = self._bound, len(series)
        self._checks.grow(len(series))
        by_kind: dict[tuple[str, str], list[int]] = {}
        for name in new:
            by_kind.setdefault((name.profile, name.quantity), []).append(name.index)
        for kind, members in by_kind.items():
            asked = self._asked.get(kind)
            if asked is not None or first == 0:
                self._checks.configure(np.array(members, np.intp), QualityLimits.of(len(members), **(asked or {})))

    def judge(
        self, series: NDArray[np.int32], ts: I64, value: NDArray[np.float64], flag: U8, why: U32
    ) -> tuple[U8, U32, FlagRewrites]:
        """See QualityChecks.judge: readings in order of arrival, with all that is known of them by then."""
        if not self._asked:
            return flag, why, FlagRewrites.empty()
        hours = self._hour_of_week(ts) if self._hourly else None
        flag, why, rewrites = self._checks.judge(series, ts, value, flag, why, hours)
        if len(rewrites) and self._neighbours.asked:
            self._neighbours.reflag(rewrites)
        return flag, why, rewrites

    def usual(self, series: int, ts: I64) -> Usual | None:
        """What its climatology has learned of a series, at `ts`; None: nothing."""
        if not self._hourly or series >= self._bound:
            return None
        found = self._checks.usual(series, self._hour_of_week(ts))
        if found is None:
            return None
        middle, reach = found
        return Usual(CLIMATOLOGY, middle - reach, middle, middle + reach)

    @property
    def compares(self) -> bool:
        """Whether any profile asks for its neighbours."""
        return self._neighbours.asked

    def compare(
        self, readings: ReadingBatch, measured: U8, received: I64, lane: NDArray[np.int32], pane_secs: NDArray[np.int32]
    ) -> FlagRewrites:
        """See Neighbours.take: the same readings, judged by `judge`; `measured` is the flag that they went in with."""
        rewrites = self._neighbours.take(readings, measured, received, lane, pane_secs)
        if len(rewrites):
            self._checks.amend(rewrites)
        return rewrites

    def _hour_of_week(self, ts: I64) -> NDArray[np.int64]:
        """0 is the first hour of Monday; the 25th hour of a long day counts as its 24th."""
        day = np.searchsorted(self._day_edges, ts, "right") - 1
        hour = np.clip((ts - self._day_edges[np.maximum(day, 0)]) // _HOUR, 0, 23)
        out: NDArray[np.int64] = (day % 7 * 24 + hour) % _HOURS
        return out

    def snapshot(self) -> dict[str, Any]:
        """What was learned."""
        return {
            "checks": self._checks.snapshot(), "neighbours": self._neighbours.snapshot(), "bound": self._bound,
        }  # fmt: skip

    def restore(
        self, state: Mapping[str, Any], profiles: Sequence[Profile], day_edges: I64, series: Sequence[SeriesName]
    ) -> None:
        """Take back what `snapshot` gave, under the configuration of then; older versions had less, or nothing."""
        if "checks" in state:
            self._checks.restore(state["checks"])
        if "neighbours" in state:
            self._neighbours.restore(state["neighbours"])
        self.configure(profiles, day_edges, series[: state.get("bound", len(series))])
