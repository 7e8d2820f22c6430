"""The command as its function: what it prints, and its exit codes. The figures are tested in tests/gateway/score."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.cli import score_leaks
from gateway.errors import CommandError
from gateway.score.leaks import Figures, LeakScore, Night
from processors.detectors.leak import LeakSettings
from tests.support.public_data import public_data

FIGURES = Figures(
    alarms=2, unexplained=0, abrupt=1, abrupt_in_time=1, abrupt_median_days=0.5, abrupt_worst_days=0.5,
    abrupt_flow_error=0.1, leaks=2, leaks_raised=1, repairs=0, repairs_told=0, repairs_false=0, free_alarms_inflow=0,
    free_alarms_tank=0, free_repairs=0, steps_found=0.97, ramps_found=0.6, most_false_in_ramps=0, tank_steps_found=0.3,
)  # fmt: skip
EVENT = {
    "night": "2019-02-11", "day": 41, "what": "leak", "balance": "net inflow", "began": "2019-02-10", "flow": 5.5,
    "pipe": "p1", "true_flow": 5.2, "days": 0.7, "grew": {"p1": 5.2},
}  # fmt: skip
LEAKS = [
    {"pipe": "p1", "kind": "abrupt", "balance": "net inflow", "start": "2019-02-10", "most_flow": 5.3,
     "raised": "2019-02-11", "days": 0.7, "true_flow": 5.2, "told_flow": 5.5},
    {"pipe": "p2", "kind": "incipient", "balance": "tank T1", "start": "2019-03-10", "most_flow": 9.0,
     "raised": None, "days": None, "true_flow": None, "told_flow": None},
]  # fmt: skip


class _Ready:
    """Stands in for the year: gives the same score for every setting but a limit below 3."""

    figures = FIGURES

    def __init__(self, *_: Any) -> None:
        pass

    def judge(self, settings: LeakSettings) -> LeakScore:
        figures = replace(self.figures, alarms=30) if settings.limit < 3 else self.figures
        return LeakScore(figures, [EVENT, EVENT | {"pipe": None, "days": None}], LEAKS)


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> type[_Ready]:
    monkeypatch.setattr(score_leaks, "read_year", lambda directory: directory)
    monkeypatch.setattr(score_leaks, "LeakYear", _Ready)
    monkeypatch.setattr(_Ready, "figures", FIGURES)
    return _Ready


def test_alarms_leaks_and_figures_are_printed(ready: type[_Ready], capsys: pytest.CaptureFixture[str]) -> None:
    assert score_leaks.leaks(Path("there")) == 0

    out = capsys.readouterr().out
    for text in ("2019-02-11", "p1", "none", "not", "at most 20", "share of ramps"):
        assert text in out
    assert "changed by a quarter" not in out


def test_json_is_one_object_in_the_last_line(ready: type[_Ready], capsys: pytest.CaptureFixture[str]) -> None:
    assert score_leaks.leaks(Path("there"), json=True, sensitivity=True) == 0

    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines[-1])
    assert len(lines) == 1
    assert told["figures"]["alarms"] == 2
    assert told["setting"]["rates"]["floor"] == LeakSettings().rates.floor
    low = [row for row in told["sensitivity"] if row["parameter"] == "limit" and row["is"] < 3]
    assert [(row["was"], row["alarms"], row["missed"]) for row in low] == [(3.75, 30, ["alarms"])]
    assert {"night hours", "night width", "clip"} <= {row["parameter"] for row in told["sensitivity"]}


def test_the_sensitivity_is_a_table(ready: type[_Ready], capsys: pytest.CaptureFixture[str]) -> None:
    assert score_leaks.leaks(Path("there"), sensitivity=True) == 0

    assert "level rate" in capsys.readouterr().out


def test_a_figure_that_is_missed_is_exit_code_1(
    ready: type[_Ready], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ready, "figures", replace(FIGURES, abrupt_in_time=0, abrupt_worst_days=np.inf))

    assert score_leaks.leaks(Path("there"), json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["missed"], told["figures"]["abrupt_worst_days"]) == (["abrupt_in_time"], None)


def test_a_folder_without_the_files_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="battledim_2019_flows"):
        score_leaks.leaks(tmp_path)


def test_the_whole_year_passes(capsys: pytest.CaptureFixture[str]) -> None:
    folder = public_data("water/battledim_2019_flows.csv").parent

    assert score_leaks.leaks(folder, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["missed"] == []
    assert told["setting"]["night"] == {"hours": Night().hours, "width": Night().width}
