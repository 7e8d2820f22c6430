"""Payload kinds of the table: letters of each, and that the gateway reads out of them what they truly say."""

import tomllib
from pathlib import Path

import pytest

from device_sims.sources.payloads import KINDS, Voice, kind_of
from device_sims.sources.site import Place, Site, write_site
from gateway.codecs.compiled import compile_profile
from gateway.config.profiles import load_profiles
from seeds import profile_texts

NOON = 1_772_366_400_250_000_000
MINUTE = 60_000_000_000


def _voice(kind: str, **units: str) -> Voice:
    return Voice("d-1", 3, "z-1", kind_of(kind, units))


def test_a_loop_detector_writes_minutes_of_vehicles_and_null_where_it_has_no_value() -> None:
    said = _voice("loop-detector").say(NOON, NOON, {"speed": 52.34, "flow": 1380.0})

    assert said.topic == "city/z-1/traffic/loop/d-1/reading"
    assert said.payload == b'{"ts":1772366400250,"speed":52.3,"flow":23,"occ":null}'
    assert [(each.quantity, each.value) for each in said.readings] == [
        ("speed", 52.3), ("flow", 1380.0), ("occupancy", None),
    ]  # fmt: skip


def test_what_may_be_left_out_is_left_out_unless_it_is_measured() -> None:
    assert b"samples" not in _voice("segment-speed").say(NOON, NOON, {"speed": 31.0}).payload
    assert b'"samples":17' in _voice("segment-speed").say(NOON, NOON, {"speed": 31.0, "samples": 17.0}).payload


def test_seconds_on_the_wire_are_seconds_in_the_truth() -> None:
    said = _voice("household-meter").say(NOON, NOON + 5, {"u": 221.43, "p": 0.8})

    assert said.due == NOON + 5
    assert {each.ts for each in said.readings} == {NOON - 250_000_000}


def test_registers_count_what_flows_until_somebody_gives_them() -> None:
    meter = _voice("water-flow")
    for k in range(61):
        said = meter.say(NOON + k * MINUTE, NOON, {"flow": 36.0})
    assert said.payload == b'{"ts":"2026-03-01T13:00:00.250Z","seq":60,"flow":10.0,"total":36.0}'

    given = meter.say(NOON + 61 * MINUTE, NOON, {"flow": 36.0, "volume": 7.5})
    assert b'"total":7.5' in given.payload


def test_nested_names_and_lists_stand_where_the_profile_looks() -> None:
    unit = _voice("transformer").say(NOON, NOON, {"s": 19.8, "i_a": 30.1, "i_c": 31.7, "u_ab": 391.2, "oil": 46.5})
    assert b'"i":[30.1,null,31.7],"u":[391.2,null,null],"oil":46.5' in unit.payload
    meter = _voice("meter-3p").say(NOON, NOON, {"u_b": 229.8, "thd_u": 0.023})
    assert b'"u":{"a":null,"b":229.8,"c":null}' in meter.payload
    assert b'"thd":{"u":2.3}' in meter.payload
    logger = _voice("water-pressure").say(NOON, NOON, {"pressure": 342.0})
    assert logger.payload == b'{"readings":[{"ts":"2026-03-01T12:00:00.250Z","bar":3.42}],"battery":100}'


def test_the_table_has_the_quantities_of_the_built_in_profiles() -> None:
    for name, kind in KINDS.items():
        profile = tomllib.loads(profile_texts()[name])
        assert set(kind.fields) == set(profile["fields"]), name
        assert profile["topic"] == kind.topic, name


@pytest.mark.parametrize("name", [*KINDS, "series/air"])
def test_the_gateway_reads_what_they_truly_say(name: str, tmp_path: Path) -> None:
    kind = kind_of(name, {"no2": "1", "temperature": "Cel"} if name == "series/air" else {})
    write_site(tmp_path, Site("s", "Asia/Shanghai", 300, [], [Place("d-1", kind, "z-1")]))
    file = tmp_path / "profiles" / f"{kind.profile}.toml"
    (profile,) = load_profiles({file.name: file.read_text(encoding="utf-8")})
    values = {quantity: 0.31 + 0.077 * k for k, quantity in enumerate(kind.fields)}
    said = Voice("d-1", 0, "z-1", kind).say(NOON, NOON, values)

    decoder = compile_profile(profile)
    found = decoder.decode([said.payload], [said.topic])

    assert profile.interval_secs == 300
    assert (found.rejected, found.invalid) == ([], [])
    told = dict(zip((quantity.name for quantity in decoder.quantities), found.value[0].tolist(), strict=True))
    assert told == pytest.approx({each.quantity: each.value for each in said.readings}, rel=1e-12)
    assert {each.ts for each in said.readings} == set(found.ts.tolist())


@pytest.mark.parametrize(
    ("kind", "units", "said"),
    [
        ("tram", {}, "there is no kind 'tram'; there are loop-detector"),
        ("water-flow", {"speed": "km/h"}, "water-flow has no 'speed'; it has flow, volume"),
        ("water-flow", {"flow": "m"}, "flow of water-flow is stored in m3/h, which m is not"),
        ("series/Air quality", {}, "there is no kind"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, units: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind_of(kind, units)
