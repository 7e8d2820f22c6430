"""Reminders ahead of time, as they are built in: a quiet fortnight brings none, a slow decline one that is sent."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import numpy as np
import pytest

from device_sims.city.devices import City, load_city
from device_sims.kinds import groups_of
from device_sims.world.local_time import DAY, HOUR, MINUTE
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.notify.render import Wording, render
from gateway.notify.routes import Route
from gateway.rows import QOS1, Row, RowKind
from tests.gateway.notify.support import CITY, Desk

MIDNIGHT = 1_772_380_800_000_000_000  # Monday 2026-03-02T00:00:00+08:00
CELLS = ("tts-v3", "chirpstack-v4", "drainage-level", "rain-gauge", "senml-station")
NAMES = ("manhole-tts", "manhole-chirpstack", "drain-logger", "rain-gauge", "station")
Script = Callable[[int], Any]
"""Value on the wire by the ns since midnight."""


def _content() -> Any:
    settings = load_settings(None)
    return load_seed_files(settings).content(settings)


@pytest.fixture
def engine() -> ZoneEngine:
    content = _content()
    made = ZoneEngine()
    made.step([Row(MIDNIGHT - DAY, RowKind.CONFIG, 0, 0, content.digest, content.encode())], MIDNIGHT - DAY, False)
    return made


def _some(*profiles: str, each: int = 100) -> City:
    """Devices of those profiles, at most so many of each."""
    city = load_city()
    chosen = [[d for d in city.devices if d.profile == profile][:each] for profile in profiles]
    return replace(city, devices=tuple(chain.from_iterable(chosen)))


def _played(engine: ZoneEngine, rows: Iterable[Row], every: int = 15 * MINUTE) -> Iterator[StepResult]:
    """A call each `every`: what is no older than a quarter of an hour is live."""
    for _, part in groupby(rows, key=lambda row: row.received_at // every):
        some = list(part)
        yield engine.step(some, some[-1].received_at, True)


def _measured(city: City, days: float, place: int = 0, script: Script | None = None) -> Iterator[Row]:
    """What these devices measure, in order of time; with a script, the value at `place` is that of the time."""
    groups = groups_of(city, 5)
    for begin in range(MIDNIGHT, MIDNIGHT + round(days * DAY), DAY):
        rows = []
        for group, which in ((each, which) for each in groups for which in range(len(each.devices))):
            ts = np.arange(begin + group.phase[which], min(begin + DAY, MIDNIGHT + round(days * DAY)), group.interval)
            for at, row in zip(ts.tolist(), group.measure(np.full(len(ts), which), ts), strict=True):
                said = row if script is None else (*row[:place], script(at - MIDNIGHT), *row[place + 1 :])
                payload = group.wrap(which, group.payload(which, [(at, said)]))
                rows.append(Row(at, RowKind.MESSAGE, 0, QOS1, group.topics[which], payload))
        yield from sorted(rows, key=lambda row: row.received_at)


def _raised(results: Iterator[StepResult]) -> list[Transition]:
    """Changes of alarms about trends and about batteries that are empty."""
    return [t for result in results for t in result.transitions if "trend" in t.condition or "battery" in t.condition]


def test_trends_of_batteries_tanks_and_oil_are_built_in_with_low_priority() -> None:
    trends = [condition for condition in _content().conditions if condition["kind"] == "trend"]

    assert {condition["profile"] for condition in trends} == {*CELLS, "reservoir-level", "transformer"}
    assert {tuple(condition["priorities"]) for condition in trends} == {(4,)}


@pytest.mark.slow
def test_a_quiet_fortnight_of_batteries_raises_none(engine: ZoneEngine) -> None:
    city = _some(*CELLS, each=1)

    assert _raised(_played(engine, _measured(city, 14), HOUR)) == []
    known = engine.snapshot()["judge"]["rules"]
    for profile, name in zip(CELLS, NAMES, strict=True):
        slopes = known[f"device.battery-trend-{name}"]["trends"]["slope"]
        assert len(slopes) == 1, profile
        assert np.isfinite(slopes).all(), profile


@pytest.mark.slow
def test_a_quiet_day_of_tanks_and_transformers_raises_none(engine: ZoneEngine) -> None:
    assert _raised(_played(engine, _measured(_some("reservoir-level", "transformer"), 1))) == []
    known = engine.snapshot()["judge"]["rules"]
    assert np.isfinite(known["water.tank-trend"]["trends"]["slope"]).sum() == 7
    assert np.isfinite(known["grid.oil-trend"]["trends"]["slope"]).sum() == 4


def _cell(after: int) -> float:
    """A fresh cell that loses 15 mV a day, and 30 mV more while it is cold: 3.3 V in the mean of day 21."""
    return round(3.62 - 0.015 * after / DAY + 0.015 * float(np.cos(2 * np.pi * after / DAY)), 2)


@pytest.mark.slow
def test_a_battery_that_declines_is_told_two_weeks_ahead_by_a_route_like_any_alarm(engine: ZoneEngine) -> None:
    upkeep = Route("upkeep", ("workshop",), domains=frozenset({"device"}))
    urgent = Route("urgent", ("duty",), priority=2)
    told: list[Transition] = []
    with Desk(upkeep, urgent) as desk:
        for result in _played(engine, _measured(_some("tts-v3", each=1), 12, 3, _cell)):
            told += result.transitions
            for change in result.transitions:
                desk.round(change.now, change)
        (message,) = desk.messages()

    name = "device.battery-trend-manhole-tts"
    assert {(t.condition, t.change, t.priority) for t in told} == {(name, "raised", 4)}
    first = told[0]
    assert (first.at - MIDNIGHT) / DAY == pytest.approx(7.3, abs=1.5)
    assert first.value == pytest.approx((MIDNIGHT + 21.3 * DAY - first.at) / HOUR, abs=36)
    assert (message.channel, message.priority, message.kind) == ("workshop", 4, "alarm")
    titles = {condition["name"]: condition["title"] for condition in _content().conditions}
    text = render(message, Wording("Guangzhou", CITY, lambda condition: titles.get(condition, "")))
    assert text.subject.startswith("[low] Battery of a manhole sensor soon empty (hours left) at ")


def test_a_tank_that_runs_out_is_told_hours_ahead_and_then_the_real_condition_speaks(engine: ZoneEngine) -> None:
    def empties(after: int) -> int:
        return round(3000 - 250 * after / HOUR)

    results = _played(engine, _measured(_some("reservoir-level", each=1), 10 / 24, 0, empties))
    changes = [t for result in results for t in result.transitions if t.condition.startswith("water.tank")]

    assert [(t.change, t.condition) for t in changes] == [
        ("raised", "water.tank-trend"), ("returned", "water.tank-trend"), ("raised", "water.tank-low"),
    ]  # fmt: skip
    ahead = (changes[1].at - changes[0].at) / HOUR
    assert 3.5 <= ahead <= 4.5
    assert changes[0].value == pytest.approx(ahead, abs=0.5)
    assert (changes[1].at - MIDNIGHT) / HOUR == pytest.approx(8.8, abs=0.5)
