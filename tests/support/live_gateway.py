"""A live hub behind a real control door, and a desk that knows a few devices: what a feed has of a gateway."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pyarrow as pa
from prometheus_client import CollectorRegistry

from gateway.engine.alarm_model import Transition
from gateway.engine.results import DeviceRecord, SeriesName, StepResult
from gateway.errors import Retry
from gateway.live.hub import LiveHub
from gateway.runtime import column_desk
from gateway.runtime.control import serve
from gateway.runtime.desk import Desk
from gateway.stores.base import SeriesId
from processors.columns import ReadingBatch
from tests.support.blocks import T0, readings

__all__ = ["Town", "alarm"]


def alarm(number: int, state: str = "unacknowledged", zone: str = "z0") -> Transition:
    """A change of an alarm of its own."""
    return Transition(
        f"a{number}", "raised", state, "gas.lel", f"gas-{number}", zone, "gas", 2, 1, 26.5, T0, T0 + number, T0, False
    )  # fmt: skip


@dataclass
class Town:
    """`count` devices with a quantity `speed` each, device d<k> in zone z<k % 2>; `open` runs the door on `folder`."""

    folder: Path
    count: int = 4
    hub_options: dict[str, Any] = field(default_factory=dict)
    standing: list[Transition] = field(default_factory=list)
    stored: dict[int, float] = field(default_factory=dict)
    """What the database has, by device."""
    asked: list[str] = field(default_factory=list)
    runs: int = 0
    database_away: bool = False

    def __post_init__(self) -> None:
        self.hub = self._hub()

    def _hub(self) -> LiveHub:
        return LiveHub(self._name, self._record, epoch=f"run{self.runs}", **self.hub_options)

    @staticmethod
    def _name(series: int) -> SeriesName:
        return SeriesName(series, f"d{series}", "speed", "loop", "km/h")

    @staticmethod
    def _record(device: str) -> DeviceRecord:
        return DeviceRecord(device, "loop", f"z{int(device[1:]) % 2}", (), None, None, "", "road-1", "known", 0)

    def read(self, device: int, value: float, at: int = 0) -> None:
        """A device says something, and it is told."""
        self.note(device, value, at)
        self.hub.flush()

    def note(self, device: int, value: float, at: int) -> None:
        """A device says something, `at` ns after T0; it is told with the next flush."""
        self.hub.committed(StepResult(readings=readings((device, T0 + at, value, 1, 0))))

    def change(self, *changes: Transition) -> None:
        """Alarms change."""
        self.hub.committed(StepResult(readings=ReadingBatch.empty(), transitions=list(changes)))

    @asynccontextmanager
    async def open(self, *, again: bool = False) -> AsyncIterator[LiveHub]:
        """A run of the gateway; `again`: the same one, to which nobody could connect for a while."""
        if not again:
            self.runs += 1
            self.hub = self._hub()
        watched = SimpleNamespace(not_ready=list, refresh_metrics=lambda: None)
        async with serve(
            cast(Desk, self), cast(Any, watched), CollectorRegistry(), self.folder, "127.0.0.1", 0, self.hub
        ):
            yield self.hub

    # -- the desk -----------------------------------------------------------------------------------------------------

    async def conditions(self) -> list[dict[str, Any]]:
        """See Desk."""
        self.asked.append("conditions")
        return [
            {"name": "gas.lel", "title": "Gas", "profiles": ["gas-detector"]},
            {"name": "traffic.jam", "title": "Jam", "profile": "loop"},
        ]

    async def alarms(self, **_: Any) -> list[dict[str, Any]]:
        """See Desk."""
        self.asked.append("alarms")
        return [msgspec.structs.asdict(change) for change in self.standing]

    async def series(self, **_: Any) -> list[dict[str, Any]]:
        """See Desk."""
        self.asked.append("series")
        return [{"device": f"d{k}", "quantity": "speed"} for k in range(self.count)]

    async def devices(self, after: str, limit: int, **_: Any) -> list[dict[str, Any]]:
        """See Desk."""
        names = sorted(f"d{k}" for k in range(self.count))
        found = [msgspec.structs.asdict(self._record(name)) for name in names if name > after]
        return found[:limit]

    async def latest_columns(self, series: Sequence[tuple[str, str]], **_: Any) -> pa.Table:
        """See Desk."""
        self.asked.append("latest_columns")
        if self.database_away:
            raise Retry("The database is away.")
        names = [self._name(int(device[1:])) for device, _ in series]
        batch = readings(
            *(
                (place, T0, self.stored[name.index], 1, 0)
                for place, name in enumerate(names)
                if name.index in self.stored
            )
        )
        found = SimpleNamespace(batch=batch, names=[SeriesId(name.device, name.quantity) for name in names], next=None)
        store = SimpleNamespace(name="duckdb")
        return column_desk._readings_table(cast(Any, found), names, cast(Any, store), 0, 0)
