"""Engines that judge: devices of every domain, each with a profile of its own, and what their alarms did."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.config.content import AssetFacts, Device, EngineContent
from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.engine import SECOND, START, config_row, content, message

MINUTE = 60 * SECOND


def profile(name: str, interval_secs: int, policy: str = "open", **quantities: str) -> dict[str, Any]:
    """`quantities`: unit of each; none is required, so that each can be sent by itself."""
    return {
        "name": name, "topic": f"city/{{zone}}/{name}/{{device}}", "codec": "json", "interval_secs": interval_secs,
        "time": {"path": "ts", "format": "unix_ms"}, "identity": {"topic": "{device}"},
        "provisioning": {"policy": policy, "zone_from": "zone"},
        "fields": {
            quantity: {"path": quantity, "unit": unit, "required": False, "range": [-1000, 100_000]}
            for quantity, unit in quantities.items()
        },
    }  # fmt: skip


GAS = profile("gas", 10, lel="%LEL", co="ppm")
METER = profile("meter", 60, u_a="V", u_b="V", u_c="V")
FLOW = profile("flow", 60, flow="m3/h")
PRESSURE = profile("pressure", 60, pressure="kPa")
SEGMENT = profile("segment", 600, speed="km/h")
PROFILES = (GAS, METER, FLOW, PRESSURE, SEGMENT)

LEL: dict[str, Any] = {
    "name": "gas.lel", "title": "Gas", "kind": "steps", "profile": "gas", "quantity": "lel", "high": [20, 25, 50],
    "deadband": 2, "priorities": [2, 1, 1],
}  # fmt: skip
VOLTAGE: dict[str, Any] = {
    "name": "grid.voltage-low", "title": "Undervoltage", "kind": "steps", "profile": "meter",
    "quantity": ["u_a", "u_b", "u_c"], "window_secs": 600, "low": [198, 187], "deadband": 2, "priorities": [3, 2],
}  # fmt: skip
CONGESTION: dict[str, Any] = {
    "name": "traffic.congestion", "title": "Congestion", "kind": "congestion", "profile": "segment",
    "quantity": "speed", "delay": [0.6, 0.7], "least": 12, "priorities": [4, 3],
}  # fmt: skip
BURST: dict[str, Any] = {
    "name": "water.burst", "title": "Burst", "kind": "burst", "flow_profile": "flow", "flow": "flow",
    "pressure_profile": "pressure", "pressure": "pressure", "window_secs": 60, "size": 6, "within_secs": 300,
    "least_flow": 20, "least_pressure": 25, "priorities": [1],
}  # fmt: skip
SILENT: dict[str, Any] = {
    "name": "device.silent", "title": "Silent", "kind": "silence", "intervals": 5, "least_secs": 60, "priorities": [4]
}  # fmt: skip


class Seen(NamedTuple):
    """A transition in few words; `secs` after START."""

    change: str
    asset: str
    level: int
    secs: float


def seen(results: Iterable[StepResult] | StepResult) -> list[Seen]:
    """What alarms did."""
    many = [results] if isinstance(results, StepResult) else results
    return [Seen(t.change, t.asset, t.level, (t.at - START) / SECOND) for result in many for t in result.transitions]


def transitions(results: Iterable[StepResult]) -> list[Transition]:
    """All of them."""
    return [change for result in results for change in result.transitions]


def device(name: str, profile_name: str, zone: str = "a", asset: str = "") -> Device:
    """A listed device that speaks under its own name."""
    return Device(name, profile_name, (name,), zone, None, None, "", asset, "")


def made_of(
    *conditions: Mapping[str, Any], devices: Sequence[Device] = (), assets: Sequence[AssetFacts] = (),
    zones: Sequence[str] = ("a", "b"), profiles: Sequence[Mapping[str, Any]] = PROFILES,
    timezone: str = "Asia/Shanghai",
) -> EngineContent:  # fmt: skip
    """A configuration that judges by `conditions`."""
    plain = content(profiles=[dict(each) for each in profiles], devices=devices, zones=zones, timezone=timezone)
    return EngineContent.build(
        plain.profiles, plain.devices, plain.zones, plain.timezone, plain.options, conditions=conditions, assets=assets
    )


def judging(*conditions: Mapping[str, Any], **more: Any) -> ZoneEngine:
    """An engine under such a configuration."""
    made = ZoneEngine()
    made.step([config_row(made_of(*conditions, **more))], START - 1, live=False)
    return made


def says(kind: str, name: str, secs: float, zone: str = "a", received: float | None = None, **values: Any) -> Row:
    """A message of the device `name` of a profile, measured and received so long after START."""
    at = START + round(secs * 1000) * 1_000_000
    body = {"ts": at // 1_000_000, **values}
    return message(f"city/{zone}/{kind}/{name}", body, at if received is None else START + round(received * SECOND))


def feed(made: ZoneEngine, rows: Sequence[Row], live: bool = True) -> list[StepResult]:
    """A call a row, at its receipt."""
    return [made.step([row], row.received_at, live) for row in rows]


def tick(made: ZoneEngine, secs: float, live: bool = True) -> StepResult:
    """A call without rows so long after START."""
    return made.step([], START + round(secs * SECOND), live)
