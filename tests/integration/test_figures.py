"""Figures from a condition to `cityloom figures`, with the gateway up and down: the same answers, a balanced ledger."""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.clock import ManualClock
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.steps import StepsCondition
from gateway.engine.brought import Brought
from gateway.engine.conditions import kinds
from gateway.engine.conditions.steps import StepsRule
from gateway.engine.figures import Figure
from processors.conditions.signals import Signals
from tests.support.brokers import running_embedded
from tests.support.command import Result, asked
from tests.support.running import running_gateway, settings_of, settled

SECOND = 1_000_000_000
ORIGIN = 1_772_406_000 * SECOND  # 2026-03-02T07:00:00+08:00
CONDITIONS = """
schema = 1
[[conditions]]
name = "gas.lel"
title = "Combustible gas"
kind = "steps"
profile = "gas-detector"
quantity = "lel"
high = [20, 25, 50]
deadband = 2
priorities = [2, 1, 1]
"""
QUESTIONS: dict[str, tuple[str, ...]] = {
    "list": (),
    "list json": ("--json",),
    "list csv": ("gas.lel", "--format", "csv"),
    "list few": ("-n", "2"),
    "list one": ("gas.lel", "--asset", "gas-1", "--figure", "share", "--json"),
    "list zone": ("--zone", "yuexiu", "--json"),
    "list none": ("traffic.congestion",),
    "read": ("gas.lel", "--asset", "gas-1", "--last", "1h"),
    "read all": ("--last", "1h", "--json"),
    "read two": ("--asset", "gas-1", "--asset", "gas-2", "--figure", "peak", "--last", "1d", "--format", "csv"),
    "read span": ("--from", "2026-03-02T07:01", "--to", "2026-03-02T07:03", "--figure", "peak", "--json"),
    "read page": ("gas.lel", "--last", "1h", "-n", "3", "--json"),
    "read page shown": ("gas.lel", "--last", "1h", "-n", "3"),
    "read nothing": ("--from", "2020-01-01", "--to", "2020-01-02"),
    "read nobody": ("gas.lel", "--asset", "nobody", "--last", "1h"),
    "read no store": ("gas.lel", "--store", "paper"),
    "bad span": ("--last", "soon"),
    "bad time": ("--from", "yesterday"),
}


class Telling(StepsRule):
    """Gas steps that also tell two figures of every reading."""

    def __init__(self, spec: StepsCondition) -> None:
        super().__init__(spec)
        self._told: list[Figure] = []
        self._names: dict[int, tuple[str, str]] = {}

    def bind(self, series: Sequence[Any], context: Any) -> Sequence[int]:
        """See Condition."""
        bound = super().bind(series, context)
        devices = {name.index: name.device for name in series}
        for index in bound:
            self._names[index] = devices[index], context.registry.records[context.registry.by_id(devices[index])].zone
        return bound

    def readings(self, batch: Brought) -> Signals:
        """See Condition."""
        for series, ts, value in zip(batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True):
            if series in self._names:
                device, zone = self._names[series]
                self._told.append(Figure(self.name, device, zone, "peak", "%LEL", ts, value))
                self._told.append(Figure(self.name, device, zone, "share", "1", ts, value / 100))
        return super().readings(batch)

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told


@dataclass(frozen=True, slots=True)
class Answers:
    """To the same questions, with the gateway up and down."""

    up: dict[str, Result]
    down: dict[str, Result]
    again: dict[str, Result]
    """After another start."""
    ledger: dict[str, Any]


async def _answers(folder: Path) -> Answers:
    (folder / "conditions.toml").write_text(CONDITIONS, encoding="utf-8")
    clock = ManualClock(ORIGIN + 600 * SECOND)
    with running_embedded() as broker:
        config = folder / "c.toml"
        config.write_text(f'conditions_file = "{folder}/conditions.toml"\n', encoding="utf-8")
        settings = settings_of(folder / "data", broker.port, conditions_file=str(folder / "conditions.toml"))

        def all_of() -> dict[str, Result]:
            return {
                name: asked("figures", *words, "--data-dir", settings.data_dir, "-c", config)
                for name, words in QUESTIONS.items()
            }

        async with running_gateway(settings, clock=clock) as gateway:
            async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
                for minute in range(5):
                    for device, zone in (("gas-1", "tianhe"), ("gas-2", "yuexiu")):
                        body = {"ts": ORIGIN // SECOND + 60 * minute, "lel": 10 * minute + int(device[-1])}
                        await client.publish(f"city/{zone}/gas/detector/{device}/reading", json.dumps(body), qos=1)
            ledger = await settled(gateway, 10, ("duckdb", "records"))
            up = await asyncio.to_thread(all_of)
        down = await asyncio.to_thread(all_of)
        async with running_gateway(settings, clock=clock):
            again = await asyncio.to_thread(all_of)
    return Answers(up, down, again, ledger)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    steps: type[ConditionModel] = StepsCondition
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(kinds._RULES, steps, Telling)
        return asyncio.run(_answers(tmp_path_factory.mktemp("figures")))


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_the_same_with_the_gateway_up_and_down_and_up_again(answers: Answers, question: str) -> None:
    assert answers.down[question] == answers.up[question]
    assert answers.again[question] == answers.up[question]


def test_without_a_time_the_newest_values_are_listed(answers: Answers) -> None:
    found = answers.up["list json"].json
    newest = ORIGIN + 240 * SECOND

    assert [(one["asset"], one["name"], one["value"]) for one in found["figures"]] == [
        ("gas-1", "peak", 41.0), ("gas-1", "share", 0.41), ("gas-2", "peak", 42.0), ("gas-2", "share", 0.42),
    ]  # fmt: skip
    assert {(one["condition"], one["ts"]) for one in found["figures"]} == {("gas.lel", newest)}
    assert [one["unit"] for one in found["figures"]] == ["%LEL", "1", "%LEL", "1"]
    assert (found["more"], len(answers.up["list"].out.splitlines())) == (False, 5)
    assert answers.up["list"].out.splitlines()[1].split() == [
        "gas.lel", "gas-1", "tianhe", "peak", "%LEL", "2026-03-02", "07:04:00", "41",
    ]  # fmt: skip
    assert [one["value"] for one in answers.up["list one"].json["figures"]] == [0.41]
    assert {one["asset"] for one in answers.up["list zone"].json["figures"]} == {"gas-2"}
    assert "there are none" in answers.up["list none"].out
    few = answers.up["list few"].out.splitlines()
    assert (len(few), few[-1]) == (4, "and more: -n shows more than 2")
    listed = list(csv.DictReader(io.StringIO(answers.up["list csv"].out)))
    assert [row["time"] for row in listed] == ["2026-03-01T23:04:00.000000000Z"] * 4


def test_over_a_time_every_value_is_read_in_order(answers: Answers) -> None:
    rows = answers.up["read all"].json["rows"]

    assert [row[4] for row in rows] == sorted(ORIGIN + 60 * minute * SECOND for minute in range(5) for _ in range(4))
    assert rows[:4] == [
        ["gas.lel", "gas-1", "peak", "%LEL", ORIGIN, 1.0], ["gas.lel", "gas-1", "share", "1", ORIGIN, 0.01],
        ["gas.lel", "gas-2", "peak", "%LEL", ORIGIN, 2.0], ["gas.lel", "gas-2", "share", "1", ORIGIN, 0.02],
    ]  # fmt: skip
    assert [row[1:3] + row[5:] for row in answers.up["read span"].json["rows"]] == [
        ["gas-1", "peak", 11.0], ["gas-2", "peak", 12.0], ["gas-1", "peak", 21.0], ["gas-2", "peak", 22.0],
    ]  # fmt: skip
    table = answers.up["read"].out.splitlines()
    assert (len(table), table[-1].strip()) == (1 + 10 + 1, "from duckdb")
    listed = list(csv.DictReader(io.StringIO(answers.up["read two"].out)))
    assert [float(row["value"]) for row in listed] == [1, 2, 11, 12, 21, 22, 31, 32, 41, 42]


def test_a_page_keeps_what_is_of_one_time_together_and_says_where_to_go_on(answers: Answers) -> None:
    page = answers.up["read page"].json

    assert len(page["rows"]) == 4
    assert (page["truncated"], page["next"]) == (True, ORIGIN + 1)
    shown = answers.up["read page shown"].out.splitlines()[-1]
    assert shown.startswith("there is more: go on with --from 2026-03-01T23:00:00.000000001Z")
    assert "nothing is stored in that time" in answers.up["read nothing"].out


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("read nobody", 1, "No figure of condition 'gas.lel' and asset 'nobody' is known."),
        ("read no store", 2, "No store 'paper' is open."),
        ("bad span", 2, "'soon' is no length of time."),
        ("bad time", 2, "'yesterday' is no time."),
    ],
)
def test_what_is_not_there_is_a_sentence_and_a_remedy(answers: Answers, question: str, code: int, said: str) -> None:
    result = answers.up[question]

    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {said}")
    assert result.err.count("\n") == 2


def test_figures_are_in_no_sum_of_the_ledger(answers: Answers) -> None:
    assert answers.ledger["balanced"]
    assert answers.ledger["readings"]["accepted"] == 10
    assert answers.ledger["stores"]["duckdb"]["stored"] == 10
