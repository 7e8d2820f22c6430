"""Every scenario of the library: what was sent is stored as it was sent, what went wrong is told, and nothing else.

    cityloom sim run --scenario NAME --record --truth --> cityloom replay, by the city's clock --> cityloom score truth

Those two that need the whole city have a test of their own (chaos/test_day_of_trouble.py). One is played against a
broker too, in a city clock that runs fast.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device_sims.city.devices import load_city
from device_sims.scenarios.scenario import load_scenario, scenario_names
from tests.support.command import Result, asked, cityloom

WHOLE_CITY = {"day-of-trouble", "evening-of-trouble"}
ORIGIN = 1_772_553_600_000_000_000
FALSE_ALARMS = 1

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scenario-") as name:  # short, for the control socket
        yield Path(name)


def _right(done: Result) -> dict[str, Any]:
    assert done.code == 0, f"{done.out[-3000:]}{done.err[-1000:]}"
    return done.json


def _held(score: dict[str, Any]) -> None:
    """What is asked of every scenario."""
    assert score["wrong"] == {}
    readings, alarms = score["readings"], score["alarms"]
    assert readings["expected"] == readings["right"] > 100
    assert readings["lost"] == readings["altered"] == readings["duplicated"] == readings["misplaced"] == 0
    assert all(figure["right"] for figure in score["ledger"])
    assert len(score["ledger"]) > 5
    assert score["windows"]["off"] == 0
    assert sum(score["windows"]["compared"].values()) > 100
    for trouble in alarms["troubles"]:
        assert trouble["hit"]
        assert trouble["once"]
        assert trouble["cleared"]
        assert trouble["delay_secs"] <= trouble["allowed_secs"]
    assert len(alarms["false"]) <= FALSE_ALARMS


def test_there_are_enough() -> None:
    assert len(set(scenario_names()) - WHOLE_CITY) >= 15


@pytest.mark.parametrize("name", sorted(set(scenario_names()) - WHOLE_CITY))
def test_a_scenario_is_stored_told_and_accounted_for(name: str, folder: Path) -> None:
    city = load_city(recordings=False)
    scenario = load_scenario(name, city, ORIGIN)
    begin, end = scenario.extent.times(city, ORIGIN)
    recording, run, data = folder / "r.jsonl.gz", folder / "run", folder / "data"

    _right(asked(
        "sim", "run", "--scenario", name, "--no-recordings", "--origin", f"{begin}", "--until", f"{end}",
        "--record", recording, "--truth", run, "--json",
    ))  # fmt: skip
    _right(asked("replay", recording, "--data-dir", data, "--step", f"{scenario.extent.step_secs:g}", "--json"))
    score = _right(asked(
        "score", "truth", run, "--data-dir", data, "--at-most", f"{FALSE_ALARMS}", "--picture", "none", "--json",
    ))  # fmt: skip

    _held(score)
    assert len(score["alarms"]["troubles"]) == sum(bool(trouble.expect) for trouble in scenario.troubles)


@pytest.mark.xdist_group("demo")
def test_a_scenario_is_played_against_a_broker_in_a_fast_city_clock(folder: Path) -> None:
    demo = _right(cityloom(
        folder, "demo", "--scenario", "gas-leak", "--speed", "400", "--data-dir", "data", "--truth", "run",
        "--http-port", "0", "--json", timeout=500.0,
    ))  # fmt: skip
    score = _right(asked("score", "truth", folder / "run", "--data-dir", folder / "data", "--json"))

    assert demo["messages"]["sent"] == demo["messages"]["received"] > 1000
    assert score["readings"]["lost"] == score["readings"]["altered"] == score["readings"]["duplicated"] == 0
    assert score["readings"]["expected"] == score["readings"]["right"]
    # by the clock of an operator: what the machine needs counts four hundredfold
    assert [trouble["missed"] for trouble in score["alarms"]["troubles"]] == [False]
    assert (folder / "run" / "score.svg").stat().st_size > 10_000
