"""Engines to test with: a small content, rows as devices send them."""

import json
from collections.abc import Sequence
from typing import Any

from gateway.config.bounds import Bounds
from gateway.config.content import Device, EngineContent, EngineOptions
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind

SECOND = 1_000_000_000
START = 1_772_366_400 * SECOND  # 2026-03-01T12:00:00Z
LOOP_PROFILE: dict[str, Any] = {
    "name": "loop", "topic": "city/{zone}/loop/{device}", "codec": "json", "interval_secs": 10,
    "time": {"path": "ts", "format": "unix_ms"}, "identity": {"topic": "{device}"},
    "provisioning": {"policy": "open", "zone_from": "zone"},
    "fields": {
        "speed": {"path": "speed", "unit": "km/h", "range": [0, 250]},
        "flow": {"path": "flow", "unit": "veh/h", "required": False},
    },
}  # fmt: skip


def options(**changed: Any) -> EngineOptions:
    figures: dict[str, Any] = {
        "bounds": Bounds(), "max_ahead_ns": 300 * SECOND, "clock_bound_ns": 30 * SECOND,
        "idle_timeout_ns": 30 * SECOND, "late_horizon_ns": 30 * 86400 * SECOND, "max_devices": 1000,
    }  # fmt: skip
    return EngineOptions(**(figures | changed))


def content(
    profiles: Sequence[dict[str, Any]] = (LOOP_PROFILE,), devices: Sequence[Device] = (),
    zones: Sequence[str] = ("a", "b"), timezone: str = "Asia/Shanghai", **changed: Any,
) -> EngineContent:  # fmt: skip
    return EngineContent.build({p["name"]: p for p in profiles}, devices, zones, timezone, options(**changed))


def config_row(made: EngineContent, received_at: int = START - 1) -> Row:
    return Row(received_at, RowKind.CONFIG, 0, 0, made.digest, made.encode())


def message(topic: str, payload: Any, received_at: int, flags: int = QOS1) -> Row:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Row(received_at, RowKind.MESSAGE, 0, flags, topic, body)


def loop(device: str, at: int, speed: Any, received_at: int | None = None, zone: str = "a", **more: Any) -> Row:
    """A loop detector's message; `at` in ns after START."""
    body = {"ts": (START + at) // 1_000_000, "speed": speed, **more}
    return message(f"city/{zone}/loop/{device}", body, START + at if received_at is None else START + received_at)


def engine(made: EngineContent | None = None) -> ZoneEngine:
    fresh = ZoneEngine()
    fresh.step([config_row(made or content())], START - 1, live=False)
    return fresh
