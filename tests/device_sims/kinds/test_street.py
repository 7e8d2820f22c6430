"""Devices that speak other than JSON: their bytes, what they say, and what a backlog of them looks like."""

import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from device_sims.city.devices import load_city
from device_sims.faults import Faults
from device_sims.fleet.fleet import Fleet, Message
from device_sims.kinds import Group, groups_of

NOON = 1_772_366_400 * 10**9
KINDS = ("noise-logger", "weather-station", "air-monitor", "fiware-ul")


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    return {group.profile: group for group in groups_of(load_city(), 7) if group.profile in KINDS}


def _unpacked(group: Group, payload: bytes) -> bytes:
    wrapped = group.wrap(0, payload)
    if group.profile == "noise-logger":
        assert wrapped[0] == 0x78
        return zlib.decompress(wrapped)
    if group.profile == "weather-station":
        assert wrapped[:4] == b"\x28\xb5\x2f\xfd"
        stream = pa.CompressedInputStream(pa.BufferReader(wrapped), "zstd")
        return bytes(stream.read())
    assert wrapped == payload
    return payload


@pytest.mark.parametrize(
    ("profile", "row", "expected", "said"),
    [
        ("noise-logger", (61.2, 70.4), b"2026-03-01;20:00:00;61,2;70,4\n", [61.2, 70.4]),
        ("noise-logger", (None, 70.4), b"2026-03-01;20:00:00;;70,4\n", [None, 70.4]),
        ("weather-station", (21.5, 48.2, 1013.2, 2.3, 4),
         rb"weather,station=wx-01,model=mast\,\ 4\ m temperature=21.5,humidity=48.2,pressure=1013.2,wind=2.3,gusts=4i,"
         rb"hatch=false 1772366400000000000", [21.5, 0.482, 101.32, 8.28, 14.4, 0.0]),
        ("air-monitor", (23.8, 21.5),
         b"\x82\xa5\x21\x78\x1durn:dev:mac:0024befffe810001:\x22\x1a\x69\xa4\x2a\x40\x00\x64pm25\x01\x65ug/m3\x02\xc4\x82\x20\x18\xee"
         b"\xa3\x00\x6btemperature\x01\x63Cel\x02\xc4\x82\x20\x18\xd7", [0.0238, 21.5]),
        ("fiware-ul", (15.2, 48), b"2026-03-01T12:00:00.000Z|t|15.2|h|48", [15.2, 0.48]),
    ],
)  # fmt: skip
def test_letters_and_truth(
    groups: dict[str, Group], profile: str, row: tuple[Any, ...], expected: bytes, said: list[float | None]
) -> None:
    group = groups[profile]
    assert _unpacked(group, group.payload(0, [(NOON, row)])) == expected
    readings = group.readings(NOON, row)
    assert [reading.ts for reading in readings] == [NOON] * len(said)
    assert [reading.value for reading in readings] == [None if v is None else pytest.approx(v) for v in said]


@pytest.mark.parametrize("profile", KINDS)
def test_a_day_of_each_is_plausible(groups: dict[str, Group], profile: str) -> None:
    group = groups[profile]
    ts = NOON + np.arange(288) * 300 * 10**9
    rows = group.measure(np.zeros(len(ts), np.int64), ts)
    columns = [np.array(column, np.float64) for column in zip(*rows, strict=True)]
    for column in columns[:2]:
        assert np.nanmin(column) > 0
        assert np.nanstd(column) > 0.3
    if profile in ("weather-station", "fiware-ul"):
        assert columns[0].max() - columns[0].min() > 3
        assert columns[1].max() <= 99


def test_what_was_kept_while_cut_off_comes_in_one_message() -> None:
    fleet = Fleet(load_city(), 7, NOON, Faults.parse("backlog=1:3600"))
    stream = fleet.messages()
    found: dict[str, Message] = {}
    while len(found) < 2:
        message = next(stream)
        if message.device in ("noise-01", "lamp-01") and len(message.readings) > 2:
            found.setdefault(message.device, message)
    assert zlib.decompress(found["noise-01"].payload).count(b"\n") == 12
    assert found["lamp-01"].payload.count(b"#") == 11
    assert found["lamp-01"].topic == "/ul/lamps-of-guangzhou/lamp-01/attrs"
