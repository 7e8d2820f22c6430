"""Precedence, and what is said about files and variables that can't be used."""

from pathlib import Path

import pytest

from gateway.config.load import load_settings
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigErrors


def test_nothing_given_is_all_defaults() -> None:
    assert load_settings(None).model_dump() == Settings().model_dump()


def test_each_source_gives_way_to_the_one_above_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mqtt__password").write_text("from-folder\n")
    (secrets / "mqtt__username").write_text("from-folder\n")
    (secrets / "unrelated").write_text("not ours")
    file.write_text(
        f'secrets_dir = "{secrets}"\n[mqtt]\nhost = "toml"\nport = 1\n'
        'client_id = "toml"\nusername = "toml"\npassword = "toml"\n'
    )
    monkeypatch.setenv("CITYLOOM_MQTT__PORT", "2")
    monkeypatch.setenv("CITYLOOM_MQTT__CLIENT_ID", "variable")
    monkeypatch.setenv("CITYLOOM_MQTT__USERNAME", "variable")

    mqtt = load_settings(file, {"mqtt": {"client_id": "call"}}).mqtt

    assert (mqtt.host, mqtt.port, mqtt.client_id, mqtt.username) == ("toml", 2, "call", "variable")
    assert mqtt.password is not None
    assert mqtt.password.get_secret_value() == "from-folder"


def test_the_folder_of_secrets_can_be_named_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stores__influxdb__token").write_text("abc-def")
    monkeypatch.setenv("CITYLOOM_SECRETS_DIR", str(tmp_path))

    assert load_settings(None).secrets() == {"abc-def"}


def test_a_list_in_a_variable_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_MQTT__FILTERS", '["city/#", "v3/#"]')

    assert load_settings(None).sources[0].filters == ("city/#", "v3/#")


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_MQTT__PORT", "")
    monkeypatch.setenv("CITYLOOM_MQTT__FILTERS", "")

    assert load_settings(None).mqtt.port == 1883


def test_every_problem_is_said_at_once_with_its_file_and_key(file: Path) -> None:
    file.write_text('[mqtt]\nport = 0\nhots = "x"\n[stores.duckdb]\nenabled = "maybe"\n[log]\nlevel = "loud"\n')

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    assert {(problem.file, problem.key) for problem in caught.value.problems} == {
        (str(file), key) for key in ("mqtt.port", "mqtt.hots", "stores.duckdb.enabled", "log.level")
    }
    assert all(problem.what and problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ('[mqtt]\nhots = "x"', "mqtt.hots", "mqtt.host"),
        ("[enginee]\ngather_ms = 1", "enginee", "engine"),
        ("port = 1883", "port", "mqtt.port"),
        ("[stores.duckdb]\nretention = 3", "stores.duckdb.retention", "stores.duckdb.retention_days"),
        ('[[sources]]\nnaem = "x"', "sources[0].naem", "sources[0].name"),
    ],
)
def test_an_unknown_key_is_an_error_with_the_nearest_known_one(
    file: Path, text: str, key: str, suggestion: str
) -> None:
    file.write_text(text)

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    assert caught.value.key == key
    assert caught.value.remedy == f"Did you mean {suggestion}?"


def test_a_key_like_nothing_is_to_be_removed(file: Path) -> None:
    file.write_text("zzzzzz = 1")

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    assert caught.value.remedy.startswith("Remove it")


def test_a_wrong_variable_is_named_as_the_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[mqtt]\nport = 5\n")
    monkeypatch.setenv("CITYLOOM_MQTT__PORT", "nine")

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    assert [problem.file for problem in caught.value.problems] == ["environment variable CITYLOOM_MQTT__PORT"]


def test_a_variable_that_names_no_section_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_MQT__HOST", "a")
    monkeypatch.setenv("CITYLOOM_PORT", "tcp://10.0.0.1:1")  # set by Kubernetes for a service of this name

    with pytest.raises(ConfigErrors) as caught:
        load_settings(None)

    assert [problem.remedy for problem in caught.value.problems] == ["Did you mean mqtt.host?"]


def test_a_list_that_is_no_json_is_an_error_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_MQTT__FILTERS", "city/#")

    with pytest.raises(ConfigErrors) as caught:
        load_settings(None)

    assert caught.value.file == "environment variable CITYLOOM_MQTT__FILTERS"
    assert "JSON" in caught.value.what


def test_a_wrong_argument_is_of_the_command_line(file: Path) -> None:
    file.write_text("")

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file, {"http": {"port": -1}})

    assert (caught.value.file, caught.value.key) == ("command line", "http.port")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file"),
        (b"[mqtt\nhost = 1", "is not TOML"),
        (b"host = '\xff'", "is not TOML"),
        (b"[mqtt]\nport = 1\nport = 2", "is not TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_one_problem(file: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_settings(file)

    assert problem in caught.value.problem
    assert str(file) in caught.value.problem


def test_a_folder_of_secrets_that_is_not_there_is_an_error(file: Path) -> None:
    file.write_text('secrets_dir = "/nonexistent/secrets"')

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    assert caught.value.key == "secrets_dir"


def test_no_secret_is_in_what_is_said_about_it(file: Path) -> None:
    file.write_text('[mqtt]\npassword = ["geheim"]\n[stores.influxdb]\ntoken = 12345\n')

    with pytest.raises(ConfigErrors) as caught:
        load_settings(file)

    said = " ".join(problem.problem for problem in caught.value.problems)
    assert "geheim" not in said
    assert "12345" not in said


def test_a_misspelt_variable_of_a_known_section_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_STORES__DUCKDB__PAHT", "x")

    with pytest.raises(ConfigErrors) as caught:
        load_settings(None)

    assert caught.value.file == "environment variable CITYLOOM_STORES__DUCKDB__PAHT"
    assert caught.value.remedy == "Did you mean stores.duckdb.path?"


def test_a_variable_reaches_options_two_sections_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLOOM_STORES__DUCKDB__ENABLED", "false")
    monkeypatch.setenv("CITYLOOM_STORES__INFLUXDB", '{"enabled": true, "token": "t"}')

    assert list(load_settings(None).enabled_stores) == ["influxdb"]
