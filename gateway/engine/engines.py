"""The two machines behind each other, as every caller runs them.

rows --> ZoneEngine --transitions, aggregates--> CityEngine --> reports, incidents
  |________________configuration, reports____________^
"""

from collections.abc import Sequence
from typing import Any

from gateway.engine.city import CityEngine, LaneFigures
from gateway.engine.results import LedgerKey, StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row, RowKind, Rows

__all__ = ["Engines"]

_OF_THE_CITY = frozenset({int(RowKind.CONFIG), int(RowKind.REPORT)})


class Engines:
    """Never called concurrently."""

    def __init__(self, zone: ZoneEngine | None = None, city: CityEngine | None = None) -> None:
        self.zone = zone or ZoneEngine()
        self.city = city or CityEngine()

    @property
    def offset(self) -> int:
        """Offset of the next row that they expect."""
        return self.zone.offset

    @property
    def now(self) -> int:
        """`now` of the newest call."""
        return self.zone.now

    @property
    def config_digest(self) -> str:
        """Digest of the configuration in force; "" before the first."""
        return self.zone.config_digest

    def step(self, rows: Sequence[Row], now: int, live: bool) -> StepResult:
        """One call of both."""
        came = Rows.of(rows)
        result = self.zone.step(came, now, live)
        mine = [row for run in came.runs if run.kind in _OF_THE_CITY for row in Rows([run])]
        city = self.city.step(
            result.transitions, result.aggregates, mine, self.now, lane=self.zone.series_lane,
            pane_secs=self.zone.series_pane,
        )  # fmt: skip
        result.reports, result.incidents = city.reports, city.incidents
        if city.without_effect:
            result.counts[LedgerKey("beside", "reports_without_effect", "", "", "")] = city.without_effect
        return result

    def figures(self) -> list[LaneFigures]:
        """Newest figures of each lane."""
        return self.city.figures(self.zone.registry.lanes)

    def totals(self) -> dict[str, dict[str, int]]:
        """Sums over the city, by profile."""
        return self.city.totals(self.zone.registry.lanes)

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on."""
        return {"zone": self.zone.snapshot(), "city": self.city.snapshot()}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Engines":
        """The engines that gave `state`."""
        zone = ZoneEngine.restore(state["zone"])
        return cls(zone, CityEngine.restore(state["city"], zone.configuration))
