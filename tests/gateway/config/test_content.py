"""The content of a CONFIG row: same content, same bytes; only what changes results is in it."""

import random
from pathlib import Path
from time import process_time

import pytest

from gateway.config.bounds import Bounds
from gateway.config.content import Device, EngineContent, EngineOptions
from gateway.config.load import load_settings
from gateway.config.profiles import load_profiles
from gateway.config.seed_files import load_seed_files
from gateway.errors import VersionError

OPTIONS = EngineOptions(Bounds(), 1, 2, 3, 4, 5)


def _devices(amount: int) -> list[Device]:
    return [
        Device(f"d{k}", "loop", (f"k{k}", "é"), "north", 113.1 + k * 1e-6, 23.1, "cell", "road", "2020-01-01")
        for k in range(amount)
    ]


def _content(**options: object) -> EngineContent:
    settings = load_settings(None, options)
    return load_seed_files(settings).content(settings)


def test_content_survives_its_bytes() -> None:
    content = EngineContent.build({"p": {"b": 1, "a": [1.5, "x"]}}, _devices(3), ["z"], "Asia/Shanghai", OPTIONS)

    again = EngineContent.decode(content.encode())

    assert again == content
    assert again.devices[0] == _devices(1)[0]
    assert again.options == OPTIONS
    assert len(content.digest) == 64


def test_the_order_of_what_has_none_changes_nothing() -> None:
    devices = _devices(50)
    one = EngineContent.build({"a": {"x": 1, "y": 2}, "b": {}}, devices, ["n", "s"], "UTC", OPTIONS)
    random.Random(7).shuffle(devices)
    other = EngineContent.build({"b": {}, "a": {"y": 2, "x": 1}}, devices, ["s", "n"], "UTC", OPTIONS)

    assert other.encode() == one.encode()
    assert other.digest == one.digest


def test_the_built_in_content_is_what_the_engine_needs() -> None:
    content = _content()

    assert [profile.name for profile in load_profiles(content.profiles)] == sorted(content.profiles)
    assert len(content.devices) >= 300
    assert {device.zone for device in content.devices} <= set(content.zones)
    assert content.timezone == "Asia/Shanghai"
    assert content.options.max_ahead_ns == 300_000_000_000
    assert content.options.late_horizon_ns == 399 * 86_400_000_000_000


@pytest.mark.parametrize(
    "option",
    [
        {"engine": {"max_ahead_secs": 301}}, {"engine": {"clock_bound_secs": 29.5}}, {"engine": {"max_devices": 7}},
        {"engine": {"idle_timeout_secs": 31}}, {"bounds": {"max_depth": 31}},
        {"stores": {"duckdb": {"retention_days": 399}}},
    ],
)  # fmt: skip
def test_what_changes_results_changes_the_digest(option: dict[str, object]) -> None:
    assert _content(**option).digest != _content().digest


def test_what_changes_no_result_leaves_the_digest(tmp_path: Path) -> None:
    other = _content(
        data_dir=str(tmp_path), mqtt={"host": "elsewhere", "username": "u", "password": "geheim"},
        engine={"gather_ms": 1}, log={"level": "debug"}, http={"port": 1},
    )  # fmt: skip

    assert other.digest == _content().digest
    assert b"geheim" not in other.encode()


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", b"[1]"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # msgspec's errors are ValueErrors of many wordings
        EngineContent.decode(data)


def test_content_of_another_version_is_refused() -> None:
    data = EngineContent.build({}, [], [], "UTC", OPTIONS).encode().replace(b'"version":1', b'"version":2')

    with pytest.raises(VersionError, match="version 2"):
        EngineContent.decode(data)


def test_a_hundred_thousand_devices_decode_in_well_under_a_second() -> None:
    data = EngineContent.build({}, _devices(100_000), ["north"], "UTC", OPTIONS).encode()

    started = process_time()
    content = EngineContent.decode(data)

    assert process_time() - started < 0.8
    assert len(content.devices) == 100_000
