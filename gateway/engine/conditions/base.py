"""What a condition is to the engine: it names its alarms, and says in signals where they stand.

    new series --> bind: which alarm each feeds     readings, windows, ticks --> Signals --> Alarms

A condition sees readings of its own zone's devices only, and what it says of one asset never depends on another zone.
Its own numbering (of series, segments, areas) follows the order in which it met them and may differ after a change of
the configuration: what it learns is kept under lasting numbers and names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.config.content import AssetFacts
from gateway.engine.alarm_model import AlarmDefinition
from gateway.engine.alarms import Alarms
from gateway.engine.brought import Brought
from gateway.engine.devices import UNZONED
from gateway.engine.figures import Figure
from gateway.engine.registry import Registry
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.engine.usual import Usual
from processors.columns import I32, I64, AggregateBatch
from processors.conditions.signals import Signals

__all__ = ["NOTHING", "Condition", "Context", "Met", "Places", "Rule", "definition_of", "moved"]

NOTHING = Signals.empty()
"""Nothing was judged."""


@dataclass(slots=True)
class Context:
    """What conditions bind to."""

    registry: Registry
    alarms: Alarms
    assets: Mapping[str, AssetFacts]
    listed: frozenset[str]
    """Devices of the configuration."""
    zones: frozenset[str]
    intervals: Mapping[str, int]
    """Nominal interval (ns) of each profile that there is."""
    homes: Mapping[str, str]
    """Zone that a profile gives to devices which name none."""
    figures: Mapping[str, Mapping[str, float]]
    """Of listed devices that have some."""
    day_edges: I64
    """Local midnights of the city, UTC ns, sorted; the first one is a Monday's."""
    timezone: str = "UTC"
    """IANA name of the city's: `gateway.engine.timezone` makes arrays of it, of midnights and of other hours."""
    watermarks: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    """How far each lane has come, as of the call."""

    def is_judged(self, record: DeviceRecord) -> bool:
        """Whether a device still is the configuration's business: the registry forgets nobody."""
        if record.profile not in self.intervals or record.state == "pending":
            return False
        if record.state == "known":
            return record.id in self.listed
        return record.zone in self.zones or record.zone in (UNZONED, self.homes.get(record.profile))

    def met(self, series: Sequence[SeriesName], profile: str, quantities: Sequence[str]) -> "Iterable[Met]":
        """Those of `series` that measure one of the quantities, on devices that speak the profile today."""
        for name in series:
            if name.quantity not in quantities:
                continue
            device = self.registry.by_id(name.device)
            record = self.registry.records[device]
            if record.profile == profile and self.is_judged(record):
                yield Met(name.index, name.quantity, record, int(self.registry.lane[device]))


@dataclass(frozen=True, slots=True)
class Met:
    """A series that a condition judges."""

    series: int
    quantity: str
    record: DeviceRecord
    lane: int


class Condition(Protocol):
    """Never called concurrently. Everything that it learns is in its snapshot."""

    name: str
    by_window: bool
    """Which it judges: windows, or else readings."""

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """Meet new series, in order of their indices, each once, and devices; gives the series that it judges."""
        ...

    def keys(self) -> Iterable[int]:
        """The alarms that it feeds."""
        ...

    def readings(self, batch: Brought) -> Signals:
        """Judge readings of its series, none late; those of a profile in order of arrival, one profile after another.

        So readings of two profiles have no order among each other, and must not feed one alarm as they come. Those of
        one device and time are one statement where one message brought them, and only there.
        """
        ...

    def steps(self) -> Collection[int]:
        """Lengths in seconds of the windows that it judges, none: of every length; asked after `bind`."""
        ...

    def lanes(self) -> Iterable[int]:
        """Those whose watermark may end something that it waits for; asked after `bind`."""
        ...

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """Judge windows that have just closed, of its series; every lane has come to its watermark.

        In order of their ends. Of none where one of its `lanes` has come past a whole ten seconds.
        """
        ...

    def tick(self, now: int, live: bool) -> Signals:
        """Judge what time alone changes."""
        ...

    def figures(self) -> Sequence[Figure]:
        """What it has computed since this was last asked, in a fixed order; not part of a snapshot."""
        ...

    def usual(self, series: int, ts: I64) -> Usual | None:
        """What it has learned of a series, at `ts`; None: nothing, or it learns no such thing."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What it has learned."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave; at least the same series have been bound before, if they are still judged."""
        ...


class Rule:
    """What most conditions don't do."""

    by_window = True

    def readings(self, batch: Brought) -> Signals:
        """See Condition."""
        return NOTHING

    def steps(self) -> Collection[int]:
        """See Condition."""
        return ()

    def lanes(self) -> Iterable[int]:
        """See Condition: windows are judged as they come."""
        return ()

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        return NOTHING

    def tick(self, now: int, live: bool) -> Signals:
        """See Condition: time alone changes nothing here."""
        return NOTHING

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        return ()

    def usual(self, series: int, ts: I64) -> Usual | None:
        """See Condition."""
        return None


class Places:
    """For each series a number, -1 where there is none: which subject of a condition it is."""

    def __init__(self) -> None:
        self._of = np.full(64, -1, np.int32)

    def put(self, series: int, number: int) -> None:
        """Give a series its number."""
        if series >= len(self._of):
            self._grow(series + 1)
        self._of[series] = number

    def _grow(self, room: int) -> None:
        more = max(len(self._of), room - len(self._of))
        self._of = np.concatenate([self._of, np.full(more, -1, np.int32)])

    def at(self, series: int) -> int:
        """The number of one series."""
        return int(self._of[series]) if series < len(self._of) else -1

    def of(self, series: I32) -> I32:
        """The numbers of series."""
        try:
            found: I32 = self._of[series]
        except IndexError:  # looking for the largest each time takes as long as the look-up
            self._grow(int(series.max()) + 1)
            found = self._of[series]
        return found


def moved(before: Sequence[Any], after: Sequence[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Old and new numbers of what is in both: `new[after] = old[before]` carries learned columns over."""
    place = {name: number for number, name in enumerate(after)}
    pairs = [(number, place[name]) for number, name in enumerate(before) if name in place]
    old, new = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(old, np.intp), np.array(new, np.intp)


def definition_of(spec: Any, asset: str, zone: str, lane: int) -> AlarmDefinition:
    """The alarm of a configured condition at an asset. spec: a model of gateway.config.conditions."""
    priorities, on_delay, off_delay = _terms(tuple(spec.priorities), spec.on_delay_secs, spec.off_delay_secs)
    return AlarmDefinition(
        spec.name, asset, zone, _domain(spec.name), priorities, on_delay, off_delay, spec.latching, lane
    )


@lru_cache(256)
def _terms(
    priorities: tuple[int, ...], on_delay_secs: float, off_delay_secs: float
) -> tuple[tuple[int, ...], int, int]:
    """The same objects for each alarm of a condition: there are hundreds of thousands."""
    return priorities, round(on_delay_secs * 1e9), round(off_delay_secs * 1e9)


@lru_cache(256)
def _domain(name: str) -> str:
    return name.partition(".")[0]
