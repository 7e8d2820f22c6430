"""`cityloom sim scenarios`."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.cli.sim_scenarios import scenarios

SCENARIO = """
name = "A test"
sentence = "Little happens."
[[troubles]]
kind = "gas-leak"
device = "gas-0005"
at = "23:40"
minutes = 45
size = 40
sentence = "Gas."
expect = "gas.lel"
within_secs = 600
over_secs = 600
[[faults]]
kind = "unit"
profile = "water-flow"
zone = "dma-tianhe-1"
at = "08:00"
minutes = 30
size = 0.001
share = 0.5
"""


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_scenarios_are_listed_each_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert scenarios() == 0
    told = capsys.readouterr().out
    assert "day-of-trouble" in told
    assert "Two hours in which much goes wrong" in told


def test_one_scenario_is_shown_by_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    assert scenarios(str(file)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("A test: Little happens.")
    assert lines[2].split()[:3] == ["08:00", "08:30", "unit"]
    assert "water-flow at dma-tianhe-1, 0.5 of them" in lines[2]
    assert "00:25 +1 d" in lines[3]
    assert scenarios(str(file), json=True) == 0
    told = _json(capsys)["scenarios"]
    assert isinstance(told, list)
    assert [fault["kind"] for fault in told[0]["faults"]] == ["unit"]


def test_a_scenario_that_is_none_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sim", "scenarios", "no-such-thing"])
    assert ended.value.code == 2
    assert "there is no scenario 'no-such-thing'" in capsys.readouterr().err
