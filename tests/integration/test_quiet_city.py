"""Simulated devices of a quiet city raise nothing of water and gas; a leak put into it is found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile

import numpy as np
import pytest

from device_sims.city.devices import City, load_city
from device_sims.fleet.fleet import Fleet
from device_sims.kinds import groups_of
from device_sims.world.local_time import DAY, HOUR, MINUTE
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.figures import Figure
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind

MIDNIGHT = 1_772_380_800_000_000_000  # Monday 2026-03-02T00:00:00+08:00
AREA, TUNNEL = "dma-tianhe-1", {"gas-0001", "gas-0001b", "gas-0001c"}
OURS = {
    "water.leak", "water.balance", "water.pressure-transient", "water.tank-low", "gas.lel-confirmed",
    "gas.oxygen-low-confirmed",
}  # fmt: skip


@pytest.fixture
def engine() -> ZoneEngine:
    settings = load_settings(None)
    content = load_seed_files(settings).content(settings)
    assert {condition["name"] for condition in content.conditions} >= OURS
    made = ZoneEngine()
    made.step([Row(MIDNIGHT - DAY, RowKind.CONFIG, 0, 0, content.digest, content.encode())], MIDNIGHT - DAY, False)
    return made


def _city(*profiles: str) -> City:
    """A metered area with a tank, and a tunnel with three detectors."""
    city = load_city()
    devices = [each for each in city.devices if each.zone == AREA or each.id in TUNNEL]
    return replace(city, devices=tuple(each for each in devices if not profiles or each.profile in profiles))


def _figures(results: Sequence[StepResult], name: str) -> list[Figure]:
    return [figure for result in results for figure in result.figures if figure.name == name]


def _hours(rows: Iterator[Row]) -> Iterator[list[Row]]:
    for _, hour in groupby(rows, key=lambda row: row.received_at // (10 * MINUTE)):
        yield list(hour)


@pytest.mark.slow
def test_a_quiet_day_raises_nothing(engine: ZoneEngine) -> None:
    messages = Fleet(_city(), 5, MIDNIGHT - HOUR).messages()
    rows = (
        Row(m.due, RowKind.MESSAGE, 0, QOS1, m.topic, m.payload)
        for m in takewhile(lambda m: m.due < MIDNIGHT + DAY + HOUR, messages)
    )

    results = [engine.step(part, part[-1].received_at, True) for part in _hours(rows)]

    assert {t.condition for result in results for t in result.transitions} & OURS == set()
    assert [(f.asset, f.ts) for f in _figures(results, "night_flow")] == [(AREA, MIDNIGHT + 5 * HOUR)]
    # 1,800 connections of 0.0075 l/s are 48.6 m3/h in the mean of the day; the tank gains nothing in a day
    (supply,), (change,) = _figures(results, "supply"), _figures(results, "storage_change")
    assert supply.ts == MIDNIGHT + DAY
    assert supply.value == pytest.approx(48.6 * 24, rel=0.25)
    assert abs(change.value) < 0.02 * supply.value


def _nights(city: City, nights: int, leak_from: int) -> Iterator[Row]:
    """From 01:30 to 05:50 each night; from one on an inlet brings 3 l/s more, at every hour."""
    groups = groups_of(city, 5)
    for night in range(nights):
        rows = []
        for group in groups:
            for which in range(len(group.devices)):
                ts = MIDNIGHT + night * DAY + 90 * MINUTE + np.arange(260) * MINUTE + group.phase[which] % MINUTE
                for at, row in zip(ts.tolist(), group.measure(np.full(260, which), ts), strict=True):
                    leaks = night >= leak_from and group.devices[which].id == "flow-0001"
                    said = (row[0], row[1] + 3.0, row[2]) if leaks else row
                    payload = group.wrap(which, group.payload(which, [(at, said)]))
                    rows.append(Row(at, RowKind.MESSAGE, 0, QOS1, group.topics[which], payload))
        yield from sorted(rows, key=lambda row: row.received_at)


@pytest.mark.slow
def test_quiet_nights_raise_no_leak_and_a_leak_is_raised_in_its_first_night(engine: ZoneEngine) -> None:
    rows = _nights(_city("water-flow", "reservoir-level"), 19, leak_from=18)

    results = [engine.step(part, part[-1].received_at, True) for part in _hours(rows)]

    flows = [figure.value for figure in _figures(results, "night_flow")]
    assert len(flows) == 19
    assert np.ptp(flows[:18]) < 3.0
    ((raised),) = [t for result in results for t in result.transitions if t.condition in OURS]
    assert (raised.condition, raised.asset, raised.change) == ("water.leak", AREA, "raised")
    assert raised.at == MIDNIGHT + 18 * DAY + 5 * HOUR + 30 * MINUTE
    assert raised.value == pytest.approx(10.8, abs=2.0)
