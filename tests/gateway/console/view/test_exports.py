"""Addresses of exports: what the API takes, whatever a device is called."""

from urllib.parse import parse_qs, urlsplit

from gateway.console.view.exports import export_address


def test_an_address_says_device_time_step_and_format() -> None:
    address = export_address("gas-0001", 1_772_412_960_000_000_001, 1_772_412_961_000_000_000, 900, "parquet")

    assert urlsplit(address).path == "/api/v1/readings"
    assert parse_qs(urlsplit(address).query) == {
        "device": ["gas-0001"], "from": ["2026-03-02T00:56:00.000000001Z"], "to": ["2026-03-02T00:56:01.000000000Z"],
        "step": ["15m"], "format": ["parquet"],
    }  # fmt: skip


def test_a_hostile_name_stays_one_value() -> None:
    name = "a/b&format=json#x y<script>"
    found = parse_qs(urlsplit(export_address(name, 0, 10**9, 0, "csv")).query)

    assert (found["device"], found["format"], found["step"]) == ([name], ["csv"], ["raw"])
