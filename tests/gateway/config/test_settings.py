"""The model itself: sources, secrets, what is derived."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.clock import ScaledClock, SystemClock
from gateway.config.bounds import Bounds
from gateway.config.load import load_settings
from gateway.config.settings import Settings
from tests.gateway.config.conftest import Problems

DAY = 86_400_000_000_000


def _load(file: Path, text: str) -> Settings:
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def test_without_sources_there_is_one_with_everything_of_mqtt(file: Path) -> None:
    settings = _load(file, '[mqtt]\nhost = "broker"\nqos = 0\n')

    (main,) = settings.sources
    assert (main.name, main.host, main.qos, main.client_id) == ("main", "broker", 0, "cityloom")


def test_sources_take_from_mqtt_what_they_do_not_say(file: Path) -> None:
    settings = _load(
        file,
        """
        [mqtt]
        host = "broker"
        port = 8883
        client_id = "edge"
        [[sources]]
        name = "traffic"
        filters = ["city/+/traffic/#"]
        [[sources]]
        name = "grid"
        filters = ["city/+/grid/#"]
        port = 1883
        [[sources]]
        name = "water"
        filters = ["city/+/water/#"]
        client_id = "mine"
        """,
    )

    assert [(s.name, s.host, s.port, s.client_id) for s in settings.sources] == [
        ("traffic", "broker", 8883, "edge-traffic"), ("grid", "broker", 1883, "edge-grid"),
        ("water", "broker", 8883, "mine"),
    ]  # fmt: skip


def test_a_single_source_keeps_the_client_id(file: Path) -> None:
    assert _load(file, '[[sources]]\nname = "city"\n').sources[0].client_id == "cityloom"


def test_a_source_may_have_another_password_than_mqtt_says_in_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("shared\n")
    settings = _load(
        file,
        f"""
        [mqtt]
        password_file = "{tmp_path / "password"}"
        [[sources]]
        name = "a"
        filters = ["a/#"]
        [[sources]]
        name = "b"
        filters = ["b/#"]
        password = "own"
        """,
    )

    assert [source.password.get_secret_value() for source in settings.sources if source.password] == ["shared", "own"]
    assert settings.secrets() == {"shared", "own"}


def test_what_is_inherited_is_complained_about_once(problems: Problems) -> None:
    found = problems('[mqtt]\nport = 0\nkeep_alive_secs = "x"\npassword_file = "/nonexistent"\n')

    assert set(found) == {"mqtt.port", "mqtt.keep_alive_secs", "mqtt.password_file"}


def test_no_secret_is_in_the_repr(file: Path) -> None:
    settings = _load(file, '[mqtt]\npassword = "geheim"\n[stores.influxdb]\ntoken = "t0ken"\n')

    assert "geheim" not in repr(settings) + str(settings) + repr(settings.model_dump())
    assert "t0ken" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.secrets() == {"geheim", "t0ken"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "can't be read"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"x" * 70_000, "larger"),
    ],
)
def test_a_secret_file_that_is_no_secret_is_an_error(
    problems: Problems, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    secret = tmp_path / "token"
    if content is not None:
        secret.write_bytes(content)

    found = problems(f'[stores.influxdb]\ntoken_file = "{secret}"\n')

    assert problem in found["stores.influxdb.token_file"].what


def test_a_secret_and_its_file_exclude_each_other(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a")

    assert set(problems(f'[mqtt]\npassword = "b"\npassword_file = "{tmp_path / "p"}"\n')) == {"mqtt.password_file"}


def test_settings_are_frozen() -> None:
    settings = load_settings(None)

    with pytest.raises(ValidationError):
        settings.data_dir = Path("/elsewhere")
    with pytest.raises(ValidationError):
        settings.mqtt.port = 1


def test_the_defaults_of_the_bounds_are_those_of_the_decoders() -> None:
    assert load_settings(None).bounds.bounds() == Bounds()


def test_the_late_horizon_is_the_shortest_raw_retention_less_a_day(file: Path) -> None:
    both = '[stores.duckdb]\nretention_days = 30\n[stores.influxdb]\nenabled = true\ntoken = "x"\nretention_days = 7\n'

    assert load_settings(None).late_horizon_ns == 399 * DAY
    assert _load(file, both).late_horizon_ns == 6 * DAY


def test_aggregates_are_kept_by_class(file: Path) -> None:
    duckdb = _load(file, "[stores.duckdb]\nfine_retention_days = 5\ncoarse_retention_days = 9\n").stores.duckdb

    assert duckdb.aggregate_retention_ns == {10: 5 * DAY, 60: 5 * DAY, 900: 9 * DAY, 3600: 9 * DAY, 86400: 9 * DAY}


def test_buckets_go_by_class() -> None:
    influx = load_settings(None).stores.influxdb

    assert [influx.bucket_of(step) for step in (10, 60, 900, 86400)] == ["cityloom_fine"] * 2 + ["cityloom_coarse"] * 2


def test_the_embedded_store_lies_in_the_data_folder_unless_said_otherwise(file: Path) -> None:
    assert _load(file, 'data_dir = "/srv/city"').duckdb_path == Path("/srv/city/readings.duckdb")
    assert _load(file, '[stores.duckdb]\npath = "/fast/r.duckdb"').duckdb_path == Path("/fast/r.duckdb")


def test_the_clock_is_built_to_the_microsecond(file: Path) -> None:
    assert isinstance(load_settings(None).clock.build(), SystemClock)

    clock = _load(
        file,
        '[clock]\nkind = "scaled"\norigin = 2026-03-02T06:00:00.123457+08:00\n'
        'start = "2026-03-01T00:00:00Z"\nspeed = 60\n',
    ).clock.build()

    assert isinstance(clock, ScaledClock)
    assert (clock.origin, clock.start, clock.speed) == (1_772_402_400_123_457_000, 1_772_323_200_000_000_000, 60)


@pytest.mark.parametrize("time", ['"2026"', "2026", "2026-03-02T06:00:00", '"soon"'])
def test_a_time_needs_date_time_and_offset(problems: Problems, time: str) -> None:
    assert "clock.origin" in problems(f'[clock]\nkind = "scaled"\norigin = {time}\nstart = 2026-03-01T00:00:00Z\n')
