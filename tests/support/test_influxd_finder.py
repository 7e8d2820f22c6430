"""Which executables count as an InfluxDB 2."""

from pathlib import Path

import pytest

from tests.support.influxd import find_influxd


def executable(folder: Path, says: str) -> Path:
    path = folder / "influxd"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "says",
    [
        "InfluxDB v2.7.12 (git: ec9dcde5d6) build_date: 2025-05-20",
        "InfluxDB 2.9.1 (git: x)",
        "InfluxDB dev (git: none)",
    ],
)
def test_a_2_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    path = executable(tmp_path, says)
    monkeypatch.setenv("CITYLOOM_TEST_INFLUXD", str(path))
    assert find_influxd(tmp_path) == [str(path)]
    monkeypatch.delenv("CITYLOOM_TEST_INFLUXD")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_influxd(tmp_path) == [str(path)]


@pytest.mark.parametrize("says", ["InfluxDB v1.8.10 (git: 1.8 688e697c51fd)", "influxdb3 3.0", "hello"])
def test_anything_else_is_a_skip_that_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    monkeypatch.setenv("CITYLOOM_TEST_INFLUXD", str(executable(tmp_path, says)))
    with pytest.raises(pytest.skip.Exception, match=r"get InfluxDB 2 from https://"):
        find_influxd(tmp_path)


def test_nothing_at_all_is_a_skip_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITYLOOM_TEST_INFLUXD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="no InfluxDB 2 on this machine"):
        find_influxd(tmp_path)


def test_a_path_that_is_wrong_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_TEST_INFLUXD", str(tmp_path / "absent"))
    with pytest.raises(pytest.fail.Exception, match="no executable"):
        find_influxd(tmp_path)
