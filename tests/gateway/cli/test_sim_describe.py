"""`cityloom sim describe`."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.cli.sim_describe import describe


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    told: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_a_city_is_described_with_its_rates(capsys: pytest.CaptureFixture[str]) -> None:
    assert describe(devices=1000, json=True) == 0
    told = _json(capsys)
    assert told["devices"] == 1000
    kinds = told["kinds"]
    assert isinstance(kinds, dict)
    assert sum(kind["devices"] for kind in kinds.values()) == 1000
    assert kinds["loop-detector"]["messages_a_second"] == pytest.approx(kinds["loop-detector"]["devices"] / 60)
    assert told["messages_a_second"] == pytest.approx(sum(kind["messages_a_second"] for kind in kinds.values()))


def test_the_files_of_a_city_pass_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "city"
    assert describe(devices=600, write=folder) == 0
    assert "cityloom check -c" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["check", "-c", str(folder / "cityloom.toml"), "--json"])
    assert ended.value.code == 0
    found = _json(capsys)["found"]
    assert isinstance(found, dict)
    assert found["devices"] == 600


def test_no_city_is_that_large(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sim", "describe", "--devices", "1000001"])
    assert ended.value.code == 2
    assert "Ask for 1 to 1,000,000." in capsys.readouterr().err


def test_a_folder_that_can_not_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        main(["sim", "describe", "--write", str(tmp_path / "file" / "below")])
    assert ended.value.code == 2
    assert "can't be written" in capsys.readouterr().err
