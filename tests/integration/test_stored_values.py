"""What is stored, and what was computed from it, against what the simulators say that they measured and sent."""

import asyncio
import json
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import isclose, isnan
from pathlib import Path
from typing import Any

import aiomqtt
import numpy as np
import pytest

from device_sims.city.devices import load_city
from gateway.clock import ManualClock
from gateway.runtime.broker import EmbeddedBroker
from gateway.stores.base import SeriesId, Store
from seeds import profile_texts
from tests.support.brokers import running_embedded
from tests.support.influxd import Influxd, influxd
from tests.support.reference import Reading, Window, windows_of
from tests.support.running import eventually, running_gateway, settings_of, settled
from tests.support.truth import sent_rows

__all__ = ["influxd"]

SECOND = 1_000_000_000
ORIGIN = 1_772_406_000 * SECOND  # 2026-03-02T07:00:00+08:00
RECEIPT = ORIGIN + 5400 * SECOND
MESSAGES = 4_000
FAULTS = "duplicate=0.03,late=0.05:400,reorder=0.03,invalid=0.02,wrong_type=0.02,backlog=0.03:5400,clock=0.02:94608000"
SHANGHAI = 8 * 3600
FACTORS = {
    "veh/min": 60.0, "bar": 100.0, "hPa": 0.1, "l/s": 3.6, "m/s": 3.6, "cm": 0.01, "mm": 0.001, "kV": 1000.0,
    "mV": 0.001, "W": 0.001, "Wh": 0.001, "ug/m3": 0.001, "%": 0.01, "%EL": 0.01, "%RH": 0.01,
}  # fmt: skip
"""Wire unit -> canonical unit, where the two differ by a factor."""
STEPS = (10, 60, 900, 3600, 86400)
STATS = ("count", "good", "min", "max", "mean", "twmean", "std", "first", "last", "p50", "p95")
PROBE = "city/tianhe/traffic/loop/probe/reading"
"""A message of the present after all those of the past: from then on silence counts."""


@dataclass
class Truth:
    """The truth of a run, judged by the rules of the design."""

    readings: dict[tuple[str, str], dict[int, float | None]] = field(default_factory=lambda: defaultdict(dict))
    """What must be stored: (device, quantity) -> ts -> value."""
    terms: Counter[str] = field(default_factory=Counter)
    spoilt: int = 0


async def _publish(broker: EmbeddedBroker, topic: str, payload: bytes) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.publish(topic, payload, qos=1)


def _truth(path: Path) -> Truth:
    made = Truth()
    for told in sent_rows(path):
        if told["quantity"] is None:
            made.spoilt += "invalid" in told["fault"]
            continue
        made.terms["told"] += 1
        if told["ts"] > RECEIPT + 600 * SECOND:
            made.terms["quarantined"] += 1
            continue
        mine = made.readings[told["device"], told["quantity"]]
        made.terms["again"] += told["ts"] in mine
        assert mine.setdefault(told["ts"], told["value"]) == told["value"]
    made.terms["stored"] = sum(map(len, made.readings.values()))
    return made


async def _simulate(broker: EmbeddedBroker, truth: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "device_sims", "--broker", f"127.0.0.1:{broker.port}", "--origin", str(ORIGIN),
        "--messages", str(MESSAGES), "--seed", "7", "--faults", FAULTS, "--truth", str(truth), "--json",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])
    return summary


@pytest.mark.parametrize("kind", ["duckdb", "influxdb"])
async def test_stored_readings_and_aggregates_equal_what_the_devices_measured(
    data_folder: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    stores: dict[str, Any] = {}
    if kind == "influxdb":
        server: Influxd = request.getfixturevalue("influxd")
        names = {f"{name}_bucket": f"truth-{name}" for name in ("raw", "fine", "coarse")}
        stores["influxdb"] = {"enabled": True, "url": server.url, "org": server.org, "token": server.token, **names}
    clock = ManualClock(RECEIPT)
    with running_embedded() as broker:
        settings = settings_of(data_folder / "city", broker.port, stores=stores)
        async with running_gateway(settings, clock=clock) as gateway:
            summary = await _simulate(broker, data_folder / "truth")
            enabled = [store.name for store in gateway.stores]
            await settled(gateway, summary["sent"], enabled)
            clock.advance(2 * 86400 * SECOND)
            await _publish(broker, PROBE, b'{"ts":%d,"speed":50.0,"flow":10,"occ":0.1}' % (clock.now() // 1_000_000))
            await settled(gateway, summary["sent"] + 1, enabled)

            def all_closed() -> bool:
                clock.advance(10 * SECOND)  # the city's time goes on, and who is silent is waited for no longer
                return min(gateway.engines.zone.watermarks().values()) > RECEIPT + 86400 * SECOND

            await eventually(all_closed, "all panes close")
            assert await gateway.reviser.finish()
            ledger = await settled(gateway, summary["sent"] + 1, enabled)
            assert (await gateway.desk.verify())["agrees"]
            truth = _truth(data_folder / "truth")
            _check_ledger(ledger, truth, summary)
            for store in gateway.stores:
                await _check_readings(store, truth)
                await _check_aggregates(store, truth)


def _check_ledger(ledger: dict[str, Any], truth: Truth, summary: dict[str, Any]) -> None:
    messages, readings = ledger["messages"], ledger["readings"]
    assert messages["received"] - messages["redelivered"] == summary["sent"] + 1
    assert messages["rejected"] == truth.spoilt > 20
    assert readings["quarantined"] == truth.terms["quarantined"] > 20
    assert ledger["beside"]["late"] > 100
    # a repetition whose pane has closed counts as late, not as duplicate
    assert readings["accepted"] + readings["duplicate"] == truth.terms["stored"] + truth.terms["again"] + 3
    assert readings["invalid"] > 50
    assert readings["decoded"] == truth.terms["told"] + 3 + readings["invalid"]


async def _check_readings(store: Store, truth: Truth) -> None:
    names = [SeriesId(*name) for name in truth.readings]
    found = await store.read_readings(names, 0, 1 << 62)
    assert await store.distinct_readings() == truth.terms["stored"] + 3
    for place, name in enumerate(found.names):
        mine = found.batch.take(found.batch.series == place)
        told = truth.readings[name]
        assert mine.ts.tolist() == sorted(told)
        expected = np.array([np.nan if told[ts] is None else told[ts] for ts in mine.ts.tolist()], np.float64)
        # a value on the wire times its factor may differ in the last bit
        np.testing.assert_allclose(mine.value, expected, rtol=1e-12, atol=0)
        assert (np.isnan(mine.value) == (mine.flag == 9)).all()


def _profiles() -> dict[str, dict[str, Any]]:
    return {name: tomllib.loads(text) for name, text in profile_texts().items()}


def _profile_of_devices() -> dict[str, str]:
    return {device.id: device.profile for device in load_city().devices}


def _outside(value: float | None, span: list[float] | None, factor: float) -> bool:
    return value is not None and span is not None and not span[0] * factor <= value <= span[1] * factor


async def _check_aggregates(store: Store, truth: Truth) -> None:
    profiles, kind_of = _profiles(), _profile_of_devices()
    checked: Counter[int] = Counter()
    names = [SeriesId(*name) for name in truth.readings]
    held: dict[SeriesId, dict[tuple[int, int], dict[str, float]]] = defaultdict(dict)
    for step in STEPS:
        found = await store.read_aggregates(names, step, 0, 1 << 62)
        columns = {name: getattr(found.batch, name).tolist() for name in (*STATS, "start", "series")}
        for k, (series, start) in enumerate(zip(columns["series"], columns["start"], strict=True)):
            held[found.names[series]][step, start] = {name: columns[name][k] for name in STATS}
    for name, told in truth.readings.items():
        profile = profiles[kind_of[name[0]]]
        quantity = profile["fields"][name[1]]
        factor = FACTORS.get(quantity.get("unit", ""), 1.0)
        readings = [
            Reading(
                ts, np.nan if value is None else value,
                suspect=_outside(value, quantity.get("suspect_range"), factor),
                fail=_outside(value, quantity.get("range"), factor),
            )
            for ts, value in told.items()
        ]  # fmt: skip
        expected = windows_of(readings, profile["interval_secs"], SHANGHAI)
        mine = held[SeriesId(*name)]
        assert mine.keys() == expected.keys(), name
        finest = min(step for step, _ in expected)
        for key, window in expected.items():
            _compare(mine[key], window, exact=key[0] == finest or key[0] <= 60, what=f"{name} {key}")
            checked[key[0]] += 1
    assert all(checked[step] > 100 for step in STEPS[1:]), checked


def _compare(found: dict[str, float], expected: Window, *, exact: bool, what: str) -> None:
    assert found["count"] == expected.count, what
    assert isclose(found["good"], expected.good, rel_tol=1e-12), what
    if not expected.count:
        assert all(isnan(found[name]) for name in STATS[2:]), what
        return
    # sums may be taken in another order: their error is relative to the values, not to the result
    scale = max(abs(expected.min), abs(expected.max))
    for name in ("min", "max", "mean", "twmean", "std", "first", "last"):
        told = f"{what} {name}: {found[name]} for {getattr(expected, name)}"
        assert isclose(found[name], getattr(expected, name), rel_tol=1e-9, abs_tol=1e-9 * scale), told
    for name, (low, high) in (("p50", expected.around[:2]), ("p95", expected.around[2:])):
        told = f"{what} {name}: {found[name]} between {low} and {high}"
        if exact:
            assert isclose(found[name], getattr(expected, name), rel_tol=1e-12, abs_tol=1e-12 * scale), told
        else:
            # a sketch: each of the two readings around the rank is known to 2 %
            slack = 0.021 * max(abs(low), abs(high)) + 1e-9
            assert low - slack <= found[name] <= high + slack, told
