"""What is looked at on disk before a start."""

import os
from pathlib import Path

import pytest

from gateway.config.load import load_settings
from gateway.config.onfile import problems_on_disk


def _keys(**overrides: object) -> list[str]:
    return [problem.key for problem in problems_on_disk(load_settings(None, overrides), "c.toml")]


def test_a_folder_that_can_be_made_is_fine_and_is_not_made(tmp_path: Path) -> None:
    assert _keys(data_dir=tmp_path / "a" / "b") == []
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_place_of_the_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")

    assert _keys(data_dir=tmp_path / "a") == ["data_dir"]
    assert _keys(data_dir=tmp_path / "a" / "b") == ["data_dir"]
    assert _keys(data_dir=tmp_path, stores={"duckdb": {"path": tmp_path / "a" / "r.duckdb"}}) == ["stores.duckdb.path"]


def test_a_folder_that_is_read_only_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # asked of the system, and not by mode: root may write where the mode says no
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path and allowed(path, mode))

    assert _keys(data_dir=tmp_path) == ["data_dir"]
    assert _keys(data_dir=tmp_path / "a") == ["data_dir"]


def test_certificates_are_there_and_pem(tmp_path: Path) -> None:
    (tmp_path / "der").write_bytes(b"\x30\x82")
    (tmp_path / "pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    mqtt = {"tls": "on", "ca_file": tmp_path / "der", "cert_file": tmp_path / "pem", "key_file": tmp_path / "gone"}

    assert _keys(data_dir=tmp_path, mqtt=mqtt) == ["mqtt.ca_file", "mqtt.key_file"]


def test_a_source_of_its_own_is_named(tmp_path: Path) -> None:
    sources = [
        {"name": "a", "filters": ["a/#"]},
        {"name": "b", "filters": ["b/#"], "tls": "on", "ca_file": tmp_path / "gone"},
    ]

    assert _keys(data_dir=tmp_path, sources=sources) == ["sources[1].ca_file"]


def test_the_authorities_of_influxdb_are_looked_at_where_it_is_enabled(tmp_path: Path) -> None:
    influxdb = {"ca_file": tmp_path / "gone", "token": "t"}

    assert _keys(data_dir=tmp_path, stores={"influxdb": influxdb}) == []
    assert _keys(data_dir=tmp_path, stores={"influxdb": influxdb | {"enabled": True}}) == ["stores.influxdb.ca_file"]
