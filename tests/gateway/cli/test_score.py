"""`cityloom score nab`: the table, the JSON, the exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.cli.main import main
from tests.support.nab_series import simulate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two simulated files, of which the labels name one."""
    made = simulate("spikes, 15 min", np.random.default_rng(7))
    times = [str(t).replace("T", " ") for t in made.ts.astype("M8[ns]").astype("M8[s]")]
    rows = "\n".join(f"{t},{v}" for t, v in zip(times, made.value, strict=True))
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"timestamp,value\n{rows}\n")
    windows = [[times[int(np.searchsorted(made.ts, edge))] for edge in window] for window in made.windows]
    (tmp_path / "combined_windows.json").write_text(json.dumps({"a.csv": windows}))
    return tmp_path


def _code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(["score", "nab", *arguments])
    return left.value.code


def test_each_file_has_a_line_and_one_without_labels_no_score(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(str(folder)) == 0

    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert lines["a.csv"][1:4] == ["2", "2", "0"]
    assert lines["b.csv"][1:4] == ["0", "0", "0"]
    assert lines["b.csv"][-3:] == ["-", "-", "-"]
    assert lines["mean;"][-3:] == lines["a.csv"][-3:]


def test_json_is_one_object_on_the_last_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(str(folder), "--json") == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["file"] for one in told["files"]] == ["a.csv", "b.csv"]
    assert told["files"][0]["standard"] == told["mean"]["standard"] > 60
    assert told["files"][1]["standard"] is None
    assert told["files"][1]["false_positives"] >= 2


@pytest.mark.parametrize(("at_least", "code"), [("0", 0), ("99.9", 1)])
def test_a_mean_below_what_is_asked_for_is_exit_code_1(folder: Path, at_least: str, code: int) -> None:
    assert _code(str(folder), "--at-least", at_least) == code


def test_nothing_to_score_is_a_sentence_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(str(tmp_path / "gone")) == 2
    assert capsys.readouterr().err.startswith("error: There is no folder")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert _code("--help") == 0
    assert "  cityloom score nab " in capsys.readouterr().out
