"""`cityloom check`, run as a person runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.config.profiles import load_profiles
from seeds import profile_texts


def _check(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "check", *arguments],
        cwd=folder, env=environment | variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _json(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return parsed


def test_defaults_are_right_and_shown(tmp_path: Path) -> None:
    run = _check(tmp_path)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "guangzhou" in run.stdout
    assert "city/{zone}/traffic/loop/{device}/reading" in run.stdout
    assert list(tmp_path.iterdir()) == [], "check must leave nothing behind"


def test_json_is_one_object_on_the_last_line(tmp_path: Path) -> None:
    run = _check(tmp_path, "--json", CITYLOOM_MQTT__HOST="broker.example")

    result = _json(run)
    assert (run.returncode, result["ok"], result["problems"]) == (0, True, [])
    assert result["found"]["devices"] >= 300
    assert result["found"]["sources"]["main"]["broker"] == "mqtt://broker.example:1883"
    assert len(result["found"]["digest"]) == 64


def test_connections_that_share_are_shown_with_what_they_subscribe_to(tmp_path: Path) -> None:
    result = _json(_check(tmp_path, "--json", CITYLOOM_MQTT__CONNECTIONS="3"))
    source = result["found"]["sources"]["main"]
    assert (source["connections"], source["share_name"], source["canary"]) == (3, "cityloom", "on")
    assert all(one.startswith("$share/cityloom.") for one in source["filters"])


def test_a_filter_that_would_hear_the_canary_is_refused_and_one_without_is_fine(tmp_path: Path) -> None:
    heard = {"CITYLOOM_MQTT__FILTERS": '["#"]'}
    [problem] = _json(_check(tmp_path, "--json", **heard))["problems"]
    assert problem["key"] == "mqtt.canary_topic"
    assert 'canary = "off"' in problem["remedy"]
    assert _json(_check(tmp_path, "--json", CITYLOOM_MQTT__CANARY="off", **heard))["ok"]


def test_every_problem_is_said_with_file_key_and_remedy(tmp_path: Path) -> None:
    file = tmp_path / "city loom.toml"
    file.write_text('data_dir = "data"\ncity_file = "none.toml"\n[mqtt]\nport = 0\nhots = "x"\n')

    run = _check(tmp_path, "-c", str(file))
    result = _json(_check(tmp_path, "-c", str(file), "--json"))

    assert run.returncode == 2
    assert f"{file}: mqtt.port" in run.stdout
    assert "Did you mean mqtt.host?" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert result["ok"] is False
    assert {problem["key"] for problem in result["problems"]} == {"mqtt.port", "mqtt.hots", "city_file"}
    assert all(problem["file"] and problem["problem"] and problem["remedy"] for problem in result["problems"])


def test_files_are_looked_at_beside_the_disk(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "bad.toml").write_text('name = "bad"\n')
    file = tmp_path / "c.toml"
    file.write_text('data_dir = "blocked/data"\nprofiles_dir = "profiles"\n[mqtt]\ntls = "on"\nca_file = "gone.pem"\n')

    run = _check(tmp_path, "-c", "c.toml", "--json")

    assert run.returncode == 2
    found = {(Path(problem["file"]).name, problem["key"]) for problem in _json(run)["problems"]}
    assert {("c.toml", "data_dir"), ("c.toml", "mqtt.ca_file")} < found
    assert any(name == "bad.toml" for name, _ in found)


def test_a_value_of_the_wrong_type_hides_nothing_else(tmp_path: Path) -> None:
    """Settings, rules, disk, city, devices and profiles, each with a fault of its own, and one profile with four."""
    (tmp_path / "blocked").write_text("")
    (tmp_path / "city.toml").write_text('schema = 1\n[city]\nid = "x"\n')
    (tmp_path / "devices.csv").write_text(
        "id,profile,keys,zone,lon,lat,asset,installed,extra\nd1,one,k1,z,1,1,,yesterday,\nd2,none,k2,z,1,1,,,\n"
    )
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "one.toml").write_text(
        'name = "one"\ntopic = "x/+/{device}"\ninterval_secs = "often"\n[identity]\ntopic = "{device}"\n'
        '[time]\npath = "ts"\nformat = "sundial"\n[fields.v]\npath = "v"\nunit = "kmh"\n'
    )
    (tmp_path / "c.toml").write_text(
        'data_dir = "blocked/data"\ncity_file = "city.toml"\ndevices_file = "devices.csv"\nprofiles_dir = "profiles"\n'
        '[mqtt]\nport = "many"\nkeep_alive_secs = 3\n[stores.duckdb]\nenabled = false\n'
    )

    run = _check(tmp_path, "-c", "c.toml", "--json")

    assert run.returncode == 2
    found = {(Path(problem["file"]).name, problem["key"]) for problem in _json(run)["problems"]}
    assert found == {
        ("c.toml", "mqtt.port"), ("c.toml", "mqtt.keep_alive_secs"), ("c.toml", "stores"), ("c.toml", "data_dir"),
        ("city.toml", "city.name"), ("city.toml", "city.timezone"), ("city.toml", "city.bounds"),
        ("city.toml", "zones"), ("devices.csv", "line 2, installed"), ("devices.csv", "line 3, profile"),
        ("one.toml", "topic"), ("one.toml", "interval_secs"), ("one.toml", "time.format"),
        ("one.toml", "fields.v.unit"),
    }  # fmt: skip


def test_a_certificate_that_is_none_is_found_before_a_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    (tmp_path / "c.toml").write_text('[mqtt]\ntls = "on"\nca_file = "ca.pem"\n')

    run = _check(tmp_path, "-c", "c.toml", "--json")

    assert run.returncode == 2
    assert [problem["key"] for problem in _json(run)["problems"]] == ["mqtt.tls"]


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    run = _check(tmp_path, "-c", "nowhere.toml")

    assert run.returncode == 2
    assert "nowhere.toml: there is no such file" in run.stdout


def test_profiles_that_nobody_hears_are_a_note(tmp_path: Path) -> None:
    run = _check(tmp_path, "--json", CITYLOOM_MQTT__FILTERS='["city/#"]')

    profiles = load_profiles(profile_texts())
    topics = [topic for profile in profiles for topic in profile.topic_texts]
    # what begins with a variable might begin with city
    unheard = [topic for topic in topics if not re.match(r"city/|[^/]*\{", topic)]
    assert run.returncode == 0
    assert len(_json(run)["notes"]) == len(unheard) > 0


def test_no_secret_is_shown(tmp_path: Path) -> None:
    secret = {"CITYLOOM_MQTT__PASSWORD": "correct-horse", "CITYLOOM_STORES__INFLUXDB__TOKEN": "battery-staple"}

    for arguments in ([], ["--json"], ["--debug"], ["-c", "nowhere.toml", "--debug"]):
        run = _check(tmp_path, *arguments, **secret)
        assert "correct-horse" not in run.stdout + run.stderr
        assert "battery-staple" not in run.stdout + run.stderr


@pytest.mark.parametrize("module", ["gateway.cli", "gateway.cli.main"])
def test_the_command_runs_as_a_module(tmp_path: Path, module: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", module, "version", "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert run.returncode == 0
    assert "numpy" in _json(run)


def test_a_wrong_conditions_file_is_said_with_key_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'schema = 1\n[[conditions]]\nname = "gas.lel"\ntitle = "Gas"\nkind = "steps"\nprofile = "gas-detector"\n'
        'quantity = "lell"\nhigh = [20, 20]\npriorities = [1]\n'
    )
    file = tmp_path / "cityloom.toml"
    file.write_text('data_dir = "data"\nconditions_file = "own.toml"\n')

    run = _check(tmp_path, "-c", str(file), "--json")

    assert run.returncode == 2
    problems = {problem["key"]: problem for problem in _json(run)["problems"]}
    assert set(problems) == {"conditions[0].quantity", "conditions[0].high"}
    assert {Path(problem["file"]).name for problem in problems.values()} == {"own.toml"}
    assert "lel" in problems["conditions[0].quantity"]["remedy"]


def test_a_conditions_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "cityloom.toml"
    file.write_text('data_dir = "data"\nconditions_file = "none.toml"\n')

    problems = _json(_check(tmp_path, "-c", str(file), "--json"))["problems"]

    assert {problem["key"] for problem in problems} == {"conditions_file"}
