"""A small city for the engine of incidents: places that are near or far, alarms and reports as they come."""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from gateway.config.content import AssetFacts, Device, EngineContent
from gateway.config.incidents import parse_incidents
from gateway.config.places import Place
from gateway.engine.alarm_model import Transition, alarm_id
from gateway.engine.city import CityEngine, CityResult
from gateway.rows import Row, RowKind
from processors.columns import AggregateBatch
from seeds import incidents_text
from tests.support.engine import SECOND, START, options

__all__ = [
    "HOUR", "MINUTE", "NEAR", "NOTHING", "Alarm", "add", "advance", "built_in", "call", "city", "city_content",
    "events", "together",
]  # fmt: skip

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NEAR = {"lon": 113.3265, "lat": 23.1355}
"""In the middle of area `dma-1`, on the road `road-1`."""
NOTHING = AggregateBatch.empty()
_FAR = (113.5252, 22.8017)
_PLACES = (
    Place("tianhe", "district", "", ((113.3612, 23.1247),)),
    Place("nansha", "district", "", (_FAR,)),
    Place("dma-1", "dma", "tianhe", ((113.3265, 23.1355),)),
    Place("feeder-1", "feeder", "tianhe", ((113.3270, 23.1350),)),
    Place("feeder-9", "feeder", "nansha", (_FAR,)),
    Place("inlet-1", "asset", "dma-1", ((113.3275, 23.1360),)),
    Place("critical-1", "asset", "dma-1", ((113.3500, 23.1500),)),
    Place("tx-1", "asset", "feeder-1", ((113.3260, 23.1340),)),
    Place("tx-9", "asset", "feeder-9", (_FAR,)),
    Place("road-1", "asset", "tianhe", ((113.3265, 23.1350), (113.3200, 23.1350), (113.3330, 23.1350))),
    Place("road-2", "asset", "tianhe", ((113.3800, 23.1350),)),
    Place("road-9", "asset", "nansha", (_FAR,)),
)


def built_in() -> dict[str, Any]:
    """The rules that come with the program, as plain data."""
    return parse_incidents(incidents_text(), "built-in").plain()


def city_content(incidents: dict[str, Any] | None = None) -> EngineContent:
    """The configuration of the small city."""
    devices = [
        Device("meter-1", "meter-3p", ("meter-1",), "feeder-1", 113.3260, 23.1340, "", "tx-1", ""),
        Device("meter-9", "meter-3p", ("meter-9",), "feeder-9", *_FAR, "", "tx-9", ""),
    ]
    facts = [
        AssetFacts("road-1", "segment", "tianhe", {}, ("road-2",)), AssetFacts("road-2", "segment", "tianhe", {}),
        AssetFacts("road-9", "segment", "nansha", {}),
    ]  # fmt: skip
    zones = ["tianhe", "nansha", "dma-1", "feeder-1", "feeder-9"]
    return EngineContent.build(
        {}, devices, zones, "Asia/Shanghai", options(), assets=facts, incidents=incidents or built_in(), places=_PLACES
    )


def city(incidents: dict[str, Any] | None = None) -> CityEngine:
    """An engine of the small city."""
    made = CityEngine()
    made.configure(city_content(incidents))
    return made


class Alarm:
    """An alarm of (condition, asset) that began `at` ns after START; gives its changes."""

    def __init__(self, condition: str, asset: str, zone: str, at: int = 0, priority: int = 2) -> None:
        since = START + at
        self.id = alarm_id(condition, asset, since)
        self._plain = Transition(
            self.id, "raised", "unacknowledged", condition, asset, zone, condition.partition(".")[0], 1, priority, 1.0,
            since, since, since, False,
        )  # fmt: skip

    def raised(self, **more: Any) -> Transition:
        """It began."""
        return msgspec.structs.replace(self._plain, **more)

    def returned(self, at: int) -> Transition:
        """It is over, `at` ns after START."""
        return self.raised(change="returned", state="returned", at=START + at)

    def repeated(self, at: int) -> Transition:
        """It came again before it was closed."""
        return self.raised(change="repeated", at=START + at)


def add(report: str, kind: str, when: int = 0, /, **more: Any) -> Row:
    """A row that brings a report, `when` ns after START; in the middle of things where nothing else is said."""
    body = {"id": report, "kind": kind} | (more or NEAR)
    return Row(START + when, RowKind.REPORT, 254, 0, "add", msgspec.json.encode(body))


def advance(report: str, state: str, at: int, **more: Any) -> Row:
    """A row that brings a report on; every other one is another act."""
    body = {"report": report, "state": state, "id": f"{report}-{state}-{at}"} | more
    return Row(START + at, RowKind.REPORT, 254, 0, "advance", msgspec.json.encode(body))


def call(engine: CityEngine, *came: Transition | Row, at: int = 0) -> CityResult:
    """One call at `at` ns after START."""
    transitions = [each for each in came if isinstance(each, Transition)]
    rows = [each for each in came if isinstance(each, Row)]
    lanes = np.empty(0, np.int32)
    return engine.step(transitions, NOTHING, rows, START + at, lane=lanes, pane_secs=lanes)


def events(result: CityResult) -> list[str]:
    """What happened to incidents."""
    return [change.change for change in result.incidents]


def together(engine: CityEngine) -> set[frozenset[str]]:
    """Which troubles are one incident, by kind and place or report."""
    parts: Iterable[Any] = engine.incidents.parts.values()
    found: dict[str, set[str]] = {}
    for part in parts:
        name = part.id if part.type == "report" else f"{part.kind} {part.asset}"
        found.setdefault(part.incident, set()).add(name)
    return {frozenset(each) for each in found.values()}
