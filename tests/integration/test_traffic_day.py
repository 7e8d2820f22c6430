"""A day of the built-in city's roads, from the simulators through the engine, judged as it comes built in."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import seeds
from device_sims.city.devices import load_city
from device_sims.kinds import groups_of
from gateway.config.content import EngineContent
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind
from tests.support.engine import config_row

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
MIDNIGHT = 1_772_467_200 * SECOND  # 2026-03-03 00:00 in Guangzhou, a Tuesday

Spoil = Callable[[str, int, dict[str, Any]], dict[str, Any]]
"""Device, time, what it says -> what it says instead."""


@lru_cache(maxsize=1)
def _content(*names: str) -> EngineContent:
    """The built-in city with these of its conditions."""
    settings = load_settings(None)
    made = load_seed_files(settings).content(settings)
    chosen = [table for table in made.conditions if table["name"] in names]
    assert len(chosen) == len(names)
    return EngineContent.build(
        made.profiles, made.devices, made.zones, made.timezone, made.options, conditions=chosen, assets=made.assets
    )


def _rows(seed: int, profiles: Sequence[str], start: int, end: int, spoil: Spoil | None = None) -> list[Row]:
    """What devices of these kinds send."""
    rows = []
    for group in groups_of(load_city(), seed):
        if group.profile not in profiles:
            continue
        for which, device in enumerate(group.devices):
            first = start + int((group.phase[which] - start) % group.interval)
            times = np.arange(first, end, group.interval)
            for ts, said in zip(times.tolist(), group.measure(np.full(len(times), which), times), strict=True):
                payload = group.payload(which, [(ts, said)])
                if spoil is not None:
                    payload = json.dumps(spoil(device.id, ts, json.loads(payload))).encode()
                rows.append(Row(ts + SECOND, RowKind.MESSAGE, 0, QOS1, group.topics[which], payload))
    return sorted(rows, key=lambda row: (row.received_at, row.topic))


def _judged(
    content: EngineContent, rows: Sequence[Row], start: int, end: int, every: int = MINUTE
) -> tuple[list[Transition], list[Figure]]:
    """A call for each `every`."""
    made = ZoneEngine()
    made.step([config_row(content, start)], start, False)
    changes: list[Transition] = []
    figures: list[Figure] = []
    at = 0
    for now in range(start + every, end + 20 * MINUTE, every):
        upto = at
        while upto < len(rows) and rows[upto].received_at <= now:
            upto += 1
        result = made.step(rows[at:upto], now, True)
        at = upto
        changes += result.transitions
        figures += result.figures
    return changes, figures


def test_a_quiet_day_has_no_queue_no_incident_and_no_dark_signal() -> None:
    content = _content("traffic.queue", "traffic.incident", "traffic.signal-out")
    end = MIDNIGHT + 24 * HOUR
    rows = _rows(7, ("loop-detector", "traffic-signal"), MIDNIGHT, end)

    changes, figures = _judged(content, rows, MIDNIGHT, end, 10 * MINUTE)

    assert len(rows) > 170_000
    assert (changes, figures) == ([], [])


BEGIN, OVER = MIDNIGHT + 10 * HOUR, MIDNIGHT + 10 * HOUR + 40 * MINUTE
PLACE = "loop-0006"  # zhongshan-avenue-2, eastbound; loop-0007 is the next one


def _blocked(device: str, ts: int, said: dict[str, Any]) -> dict[str, Any]:
    """A blocked lane behind one detector: it crawls, and the next one runs free."""
    if device == PLACE and BEGIN <= ts < OVER:
        return said | {"speed": 9.0, "flow": 11, "occ": 0.55}
    if device == "loop-0007" and BEGIN <= ts < OVER:
        return said | {"flow": said["flow"] // 2, "occ": said["occ"] / 2}
    return said


@pytest.mark.parametrize("seed", [3, 11])
def test_an_incident_is_raised_once_in_its_place_within_five_minutes_and_clears(seed: int) -> None:
    content = _content("traffic.queue", "traffic.incident", "traffic.signal-out")
    start, end = BEGIN - HOUR, OVER + HOUR
    rows = _rows(seed, ("loop-detector",), start, end, _blocked)

    changes, _ = _judged(content, rows, start, end)

    assert [(t.change, t.condition, t.asset, t.zone) for t in changes] == [
        ("raised", "traffic.incident", "zhongshan-avenue-2", "tianhe"),
        ("returned", "traffic.incident", "zhongshan-avenue-2", "tianhe"),
    ]
    raised, returned = changes
    assert BEGIN < raised.at < raised.now <= BEGIN + 5 * MINUTE
    assert OVER <= returned.at <= OVER + 3 * MINUTE


def _standing(device: str, ts: int, said: dict[str, Any]) -> dict[str, Any]:
    """Traffic stands back over two detectors."""
    there = device in (PLACE, "loop-0007") and BEGIN <= ts < OVER
    return said | {"speed": 6.0, "flow": 9, "occ": 0.6} if there else said


def test_a_queue_stands_at_its_head_with_its_length_until_it_is_gone() -> None:
    content = _content("traffic.queue", "traffic.incident", "traffic.signal-out")
    start, end = BEGIN - HOUR, OVER + HOUR

    changes, figures = _judged(content, _rows(3, ("loop-detector",), start, end, _standing), start, end)

    queued = [t for t in changes if t.condition == "traffic.queue"]
    assert [(t.change, t.asset) for t in queued] == [
        ("raised", "zhongshan-avenue-3"), ("returned", "zhongshan-avenue-3"),
    ]  # fmt: skip
    assert BEGIN <= queued[0].at <= BEGIN + 2 * MINUTE
    assert OVER <= queued[1].at <= OVER + 3 * MINUTE
    assert {figure.asset for figure in figures} == {"zhongshan-avenue-3"}
    # both segments together have 3.85 km; where the road goes on to the next detectors half of the way counts
    assert all(2.0 < figure.value < 5.0 for figure in figures)


def _dark(device: str, ts: int, said: dict[str, Any]) -> dict[str, Any]:
    out = device == "signal-0004" and BEGIN <= ts < OVER
    return said | {"stage": 0, "colour": "dark", "mode": "off", "cycle": None, "dark": True} if out else said


def test_a_dark_signal_is_an_alarm_of_its_own_until_it_is_lit() -> None:
    content = _content("traffic.queue", "traffic.incident", "traffic.signal-out")
    start, end = BEGIN - HOUR, OVER + HOUR

    changes, _ = _judged(content, _rows(7, ("traffic-signal",), start, end, _dark), start, end)

    assert [(t.change, t.asset) for t in changes] == [("raised", "signal-0004"), ("returned", "signal-0004")]
    assert BEGIN <= changes[0].at < BEGIN + MINUTE
    assert OVER <= changes[1].at < OVER + MINUTE


def _recorded() -> list[list[float]]:
    lines = seeds.recording("guangzhou_speed.csv").decode().splitlines()[1:]
    return [[float(cell) if cell else np.nan for cell in line.split(",")] for line in lines]


def _told(figures: Sequence[Figure], name: str) -> Mapping[str, list[float]]:
    """Values of each segment."""
    told: dict[str, list[float]] = {}
    for figure in figures:
        if figure.name == name:
            told.setdefault(figure.asset, []).append(figure.value)
    return told


def test_the_recorded_day_tells_the_delay_of_every_reading_against_the_limit_until_more_is_known() -> None:
    content = _content("traffic.congestion")
    end = MIDNIGHT + 24 * HOUR
    # the reading of midnight ends the day before: a day is judged from the next one on
    rows = _rows(7, ("segment-speed",), MIDNIGHT + SECOND, end + SECOND)

    _, figures = _judged(content, rows, MIDNIGHT, end, 10 * MINUTE)

    told = _told(figures, "dtp")
    limit = {each.id: each.figures["free_flow_kmh"] for each in content.assets if each.kind == "segment"}
    asset = {device.id: device.asset for device in content.devices}
    recorded = np.array(_recorded())
    bands: Counter[int] = Counter()
    for column in range(50):
        name = asset[f"seg-{column + 1:04d}"]
        known = recorded[:, column][~np.isnan(recorded[:, column])]
        # believed from the 144th reading on: the limit stands for free flow before
        expected = np.maximum(0, 1 - known / limit[name])[:143]
        assert told.get(name, [])[:143] == pytest.approx(expected.tolist(), abs=1e-9)
        bands.update((np.digitize(expected, [0.3, 0.5, 0.6, 0.7]) + 1).tolist())
    levels = _told(figures, "level").values()
    assert Counter(int(level) for each in levels for level in each[:143]) == bands
    assert set(bands) == {1, 2, 3, 4, 5}
