"""The simulated grid in process: a quiet day raises nothing, a meter that counts too little is noticed."""

import heapq
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from device_sims.city.devices import City, load_city
from device_sims.kinds import Group, groups_of
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.engine import SECOND, config_row, message
from tests.support.grid import changes, figures

DAY = 86_400 * SECOND
MONDAY = 1_772_380_800 * SECOND  # 2026-03-02T00:00:00+08:00
FEEDER = "feeder-conghua-2"
GRID = {"meter-3p", "household-meter", "feeder-meter", "transformer", "grid-event"}
Change = Callable[[str, int, tuple[object, ...]], tuple[object, ...]]
"""Device, time and what it measures -> what it tells."""


def _honest(device: str, ts: int, row: tuple[object, ...]) -> tuple[object, ...]:
    return row


def _city(zones: set[str], profiles: set[str]) -> City:
    city = load_city()
    devices = tuple(device for device in city.devices if device.zone in zones and device.profile in profiles)
    return City(city.timezone, devices, city.intervals)


def _stream(group: Group, start: int, end: int, change: Change) -> Iterator[tuple[int, str, bytes]]:
    """Hour by hour, in order of sending."""
    n, hour = len(group.devices), max(3600 * SECOND, group.interval)
    for begin in range(start, end, hour):
        which = np.tile(np.arange(n), hour // group.interval)
        ts = np.repeat(np.arange(begin, begin + hour, group.interval), n) + group.phase[which]
        sent = []
        for k, at, row in zip(which.tolist(), ts.tolist(), group.measure(which, ts), strict=True):
            payload = group.wrap(k, group.payload(k, [(at, change(group.devices[k].id, at, row))]))
            sent.append((at + int(group.delays[k]), group.topics[k], payload))
        yield from sorted(sent)


def _run(city: City, days: int, every: int, change: Change = _honest) -> list[StepResult]:
    settings = load_settings(None)
    content = load_seed_files(settings).content(settings)
    made = ZoneEngine()
    made.step([config_row(content, MONDAY - SECOND)], MONDAY - SECOND, live=False)
    streams = [_stream(group, MONDAY, MONDAY + days * DAY, change) for group in groups_of(city, 7)]
    out: list[StepResult] = []
    waiting: list[Row] = []
    for due, topic, payload in heapq.merge(*streams):
        if waiting and due - waiting[0].received_at >= every * SECOND:
            out.append(made.step(waiting, waiting[-1].received_at, True))
            waiting = []
        waiting.append(message(topic, payload, due))
    out.append(made.step(waiting, waiting[-1].received_at, True))
    return out


def test_a_quiet_day_raises_nothing_of_the_grid() -> None:
    results = _run(_city({FEEDER, "feeder-tianhe-1"}, GRID), 1, 600)

    # voltage-high belongs to the recorded home, as before
    assert {change[:2] for change in changes(results)} <= {("grid.voltage-high", "meter-0089")}
    told = {figure.name for figure in figures(results)}
    assert {"unbalance", "loading", "loss", "coverage"} <= told
    loss = [figure.value for figure in figures(results, "loss")]
    assert 0.03 < min(loss) <= max(loss) < 0.15
    assert max(figure.value for figure in figures(results, "unbalance")) < 0.02


def test_a_meter_that_counts_thirty_percent_raises_the_energy_balance_of_its_feeder() -> None:
    """From the seventh day on, the home that takes the most."""
    begins = MONDAY + 6 * DAY
    city = _city({FEEDER}, {"household-meter", "feeder-meter"})
    homes = next(group for group in groups_of(city, 7) if group.profile == "household-meter")
    n = len(homes.devices)
    used = [
        later[0] - earlier[0]
        for earlier, later in zip(
            homes.measure(np.arange(n), np.full(n, MONDAY)),
            homes.measure(np.arange(n), np.full(n, begins)),
            strict=True,
        )
    ]
    thief = homes.devices[int(np.argmax(used))].id
    at_start: dict[str, float] = {}

    def stealing(device: str, ts: int, row: tuple[object, ...]) -> tuple[object, ...]:
        if device != thief or ts < begins:
            return row
        energy, *rest = row
        assert isinstance(energy, float)
        first = at_start.setdefault(device, energy)
        return (round(first + 0.3 * (energy - first), 2), *rest)

    results = _run(city, 7, 3600, stealing)

    told = [change for change in changes(results) if change[0].startswith("grid.")]
    assert {change[:4] for change in told} >= {("grid.energy-balance", FEEDER, "raised", 1)}
    assert min(change[4] for change in told) >= begins
    assert pytest.approx(1.0) == min(figure.value for figure in figures(results, "coverage"))
