"""The traps of strangers' JSON: what each built-in profile of theirs makes of what such devices really send."""

import json
import tomllib
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pytest

import seeds
from gateway.codecs.compiled import RECEIPT, CompiledProfile, Decoded, State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, NoMatch, Router
from gateway.reasons import Ignored, Invalid, Rejected

PROFILES = load_profiles(seeds.profile_texts())
ROUTER = Router(PROFILES)
COMPILED = {one.name: compile_profile(one) for one in PROFILES}
NOON = 1_772_366_400
"""2026-03-01T12:00:00Z in seconds."""


class Read(NamedTuple):
    name: str
    key: str | None
    decoded: Decoded
    records: list[tuple[float, dict[str, float | None]]]
    """(seconds since NOON, or NaN: stamped at receipt; what is there by quantity, None: missing)."""


def read(topic: str, payload: Any) -> Read:
    match = ROUTER.match(topic)
    assert isinstance(match, Match), topic
    profile = COMPILED[PROFILES[match.profile].name]
    decoded = decode(profile, topic, payload)
    return Read(profile.name, match.key, decoded, records(profile, decoded))


def about(seconds: float) -> Any:
    """So many seconds, or NaN, to be compared with what was read."""
    return pytest.approx(seconds, nan_ok=True)


def decode(profile: CompiledProfile, topic: str, payload: Any) -> Decoded:
    return profile.decode([payload if isinstance(payload, bytes) else json.dumps(payload).encode()], [topic])


def records(profile: CompiledProfile, decoded: Decoded) -> list[tuple[float, dict[str, float | None]]]:
    return [
        (
            nan if ts == RECEIPT else ts / 1e9 - NOON,
            {
                quantity.name: None if state == State.MISSING else value
                for quantity, state, value in zip(profile.quantities, states, values, strict=True)
                if state in (State.PRESENT, State.MISSING)
            },
        )
        for ts, states, values in zip(
            decoded.ts.tolist(), decoded.state.tolist(), np.round(decoded.value, 9).tolist(), strict=True
        )
    ]


def ignored_topic(topic: str) -> str:
    match = ROUTER.match(topic)
    assert isinstance(match, NoMatch)
    return str(match.reason)


@pytest.mark.parametrize(
    "topic",
    [
        "v1/gateway/connect", "v1/gateway/disconnect", "v1/gateway/attributes", "v1/gateway/attributes/response",
        "v1/gateway/rpc", "zigbee2mqtt/bridge/state", "zigbee2mqtt/bridge/request/device/rename",
        "zigbee2mqtt/x/availability", "zigbee2mqtt/hall/2/door/availability", "zigbee2mqtt/hall/lamp/set",
        "zigbee2mqtt/hall/lamp/set/state", "zigbee2mqtt/lamp/get", "tele/tasmota_A1/LWT", "tele/tasmota_A1/STATE",
        "tele/tasmota_A1/POWER_LOW", "stat/tasmota_A1/RESULT", "tasmota/plug/tele/LWT",
        "shellyplus1pm-a1/online", "shellyplus1pm-a1/rpc", "/sys/pk/dn/thing/event/property/post_reply",
        "/sys/pk/dn/thing/service/property/set", "oc/devices/d/sys/commands/request_id=1",
        "oc/devices/d/sys/messages/up", "oc/devices/d/sys/events/up", "/s3cret/dev/cmd", "/json/s3cret/dev/cmdexe",
        "/json/s3cret/dev/configuration/commands",
    ],
)  # fmt: skip
def test_signs_of_life_and_commands_are_no_measurements(topic: str) -> None:
    assert ignored_topic(topic) == Ignored.NO_READING


# -- ThingsBoard gateway -----------------------------------------------------------------------------------------------

TELEMETRY = "v1/gateway/telemetry"


def test_a_thingsboard_batch_goes_over_devices_and_times() -> None:
    found = read(TELEMETRY, {
        "Meter 7": [{"ts": NOON * 1000, "values": {"kwh": 1.5}}, {"ts": NOON * 1000 + 500, "values": {"kw": 2}}],
        "Meter 8": [{"ts": NOON * 1000, "values": {"kwh": 9, "unknown": "x"}}],
    })  # fmt: skip
    assert found.decoded.keys == ["Meter 7", "Meter 7", "Meter 8"]
    assert found.records == [(0, {"energy": 1.5}), (0.5, {"power": 2}), (0, {"energy": 9})]


@pytest.mark.parametrize(
    ("third", "reason"),
    [
        ({"kwh": 3}, Invalid.RECORD_SHAPE),
        ([{"values": {"kwh": 3}}], Invalid.RECORD_TIME_MISSING),
        ([{"ts": "soon", "values": {"kwh": 3}}], Invalid.RECORD_TIME_INVALID),
        (["offline"], Invalid.RECORD_SHAPE),
    ],
)
def test_of_three_thingsboard_devices_the_invalid_one_is_named_and_the_others_kept(third: Any, reason: Invalid) -> None:
    good = [{"ts": NOON * 1000, "values": {"kwh": 1}}]
    found = read(TELEMETRY, {"Meter 7": good, "Meter 9": third, "Meter 8": good})
    assert found.decoded.keys == ["Meter 7", "Meter 8"]
    assert [(fault.reason, fault.key) for fault in found.decoded.invalid] == [(reason, "Meter 9")]


def test_a_command_on_the_telemetry_topic_is_ignored_and_a_device_of_that_name_is_not() -> None:
    assert read(TELEMETRY, {"device": "Meter 7", "data": {"id": 1}}).decoded.ignored == [(0, Ignored.NO_READING)]
    found = read(TELEMETRY, {"device": [{"ts": NOON * 1000, "values": {"kwh": 1}}]})
    assert (found.decoded.keys, found.records) == (["device"], [(0, {"energy": 1})])


# -- Zigbee2MQTT -------------------------------------------------------------------------------------------------------


def test_a_friendly_name_with_two_slashes_is_one_device() -> None:
    found = read("zigbee2mqtt/hall/2/door", {"temperature": 21.4, "voltage": 2990})
    assert (found.name, found.key) == ("zigbee2mqtt", "hall/2/door")
    assert found.records[0][1] == {"temperature": 21.4, "voltage": 2.99}


@pytest.mark.parametrize(
    ("last_seen", "at"),
    [
        ("2026-03-01T12:00:00.000Z", 0),
        ("2026-03-01T13:00:01+01:00", 1),
        (NOON * 1000 + 250, 0.25),
        ("then", nan),
        (None, nan),
        ([], nan),
    ],
)
def test_last_seen_is_read_in_every_form_and_missed_in_none(last_seen: Any, at: float) -> None:
    (found,) = read("zigbee2mqtt/x", {"temperature": 21, "last_seen": last_seen}).records
    assert found == (about(at), {"temperature": 21})
    (absent,) = read("zigbee2mqtt/x", {"temperature": 21}).records
    assert np.isnan(absent[0])


# -- Tasmota -----------------------------------------------------------------------------------------------------------


def tasmota(payload: dict[str, Any], zone: str = "Europe/Berlin") -> list[tuple[float, dict[str, float | None]]]:
    (given,) = (one for one in PROFILES if one.name == "tasmota")
    assert given.time is not None
    profile = compile_profile(given.model_copy(update={"time": given.time.model_copy(update={"zone": zone})}))
    return records(profile, decode(profile, "tele/x/SENSOR", payload))


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2026-03-01T13:00:00", 0),
        ("2026-03-01T12:00:00Z", 0),  # SetOption52 1
        ("2026-03-01T14:00:00+02:00", 0),
        ("2026-10-25T02:30:00", nan),  # 02:30 comes twice
        ("2026-10-25T02:30:00+01:00", 1_792_891_800 - NOON),
        ("1970-01-01T00:00:07", nan),  # before NTP
    ],
)
def test_a_tasmota_time_is_local_and_one_that_cannot_be_known_is_receipt(time: str, at: float) -> None:
    ((found, values),) = tasmota({"Time": time, "DS18B20": {"Temperature": 7.4}})
    assert found == about(at)
    assert values == {"temperature": 7.4}


def test_tasmota_sensors_stand_under_the_names_of_their_drivers() -> None:
    time = {"Time": "2026-03-01T20:00:00"}
    assert read("tele/a/SENSOR", time | {"AM2301": {"Temperature": 19, "Humidity": 40}}).records == [
        (0, {"temperature": 19, "humidity": 0.4})
    ]
    two = time | {"DS18B20-1": {"Temperature": 7}, "DS18B20-2": {"Temperature": 8}}
    assert read("tele/a/SENSOR", two).records == [(0, {"temperature": 7, "temperature_2": 8})]


def test_the_answer_to_status_10_is_unwrapped_and_of_three_phases_the_first_is_read() -> None:
    inner = {"Time": "2026-03-01T20:00:00", "ENERGY": {"Power": [42, 43, 44], "Voltage": 229, "Total": None}}
    for topic in ("stat/a/STATUS10", "tasmota/a/stat/STATUS10"):
        found = read(topic, {"StatusSNS": inner})
        assert (found.key, found.records) == ("a", [(0, {"power": 0.042, "voltage": 229, "energy": None})])
    assert read("tasmota/a/tele/SENSOR", inner).records == [(0, {"power": 0.042, "voltage": 229, "energy": None})]


def test_a_tasmota_message_without_a_known_sensor_is_no_reading() -> None:
    assert read("tele/a/SENSOR", {"Time": "2026-03-01T20:00:00"}).decoded.ignored == [(0, Ignored.NO_READING)]


# -- Shelly ------------------------------------------------------------------------------------------------------------


def test_in_a_shelly_delta_what_is_absent_is_no_news_and_the_full_status_has_it_all() -> None:
    topic = "shellypro3em-a1b2/events/rpc"
    delta = read(topic, {"method": "NotifyStatus", "params": {"ts": NOON + 0.12, "em:0": {"total_act_power": 812.4}}})
    assert (delta.key, delta.decoded.invalid) == ("pro3em-a1b2", [])
    assert delta.records == [(about(0.12), {"power": 0.8124})]
    full = {"ts": NOON + 1, "em:0": {"total_act_power": 5, "a_voltage": 230, "total_current": 1},
            "emdata:0": {"total_act": 1500}, "sys": {"uptime": 5}}  # fmt: skip
    assert read(topic, {"method": "NotifyFullStatus", "params": full}).records == [
        (1, {"power": 0.005, "voltage": 230, "current": 1, "energy": 1.5})
    ]


def test_a_shelly_status_topic_carries_the_component_alone_and_no_time() -> None:
    found = read("shellyplus1pm-a1/status/switch:0", {"id": 0, "apower": 40, "aenergy": {"total": 2500}})
    assert found.key == "plus1pm-a1"
    ((at, values),) = found.records
    assert np.isnan(at)
    assert values == {"power": 0.04, "energy": 2.5}
    assert read("shellyplus1pm-a1/status/sys", {"uptime": 7}).decoded.ignored == [(0, Ignored.NO_READING)]


def test_a_shelly_event_is_no_reading() -> None:
    event = {"method": "NotifyEvent", "params": {"ts": NOON, "events": [{"component": "input:0", "event": "btn_up"}]}}
    assert read("shellyplus1pm-a1/events/rpc", event).decoded.ignored == [(0, Ignored.NO_READING)]


# -- Alink -------------------------------------------------------------------------------------------------------------

POST = "/sys/pk/dn/thing/event/property/post"


def test_alink_values_come_bare_and_wrapped_in_one_message() -> None:
    params = {"pm25": {"value": 38.0, "time": NOON * 1000}, "temperature": {"value": 21}, "noise": 55.1}
    found = read(POST, {"id": 7, "params": params})
    assert found.key == "pk/dn"
    assert [values for _, values in found.records] == [{"pm25": 0.038}, {"temperature": 21, "noise": 55.1}]
    assert found.records[0][0] == 0
    assert np.isnan(found.records[1][0])


def test_one_bad_alink_value_costs_only_itself() -> None:
    params = {"pm25": {"value": "38"}, "temperature": {}, "noise": {"value": None, "time": NOON * 1000}}
    found = read(POST, {"params": params})
    assert found.records[-1] == (0, {"noise": None})
    assert [(fault.quantity, fault.detail) for fault in found.decoded.invalid] == [
        ("pm25", "params.pm25.value is '38', not a number"),
        ("temperature", "params.temperature is an object, not a number"),
    ]


def test_an_alink_time_that_is_none_falls_back_to_receipt() -> None:
    found = read(POST, {"params": {"pm25": {"value": 38, "time": "soon"}, "noise": {"value": 50, "time": {}}}})
    assert [values for _, values in found.records] == [{"pm25": 0.038}, {"noise": 50}]
    assert np.isnan([at for at, _ in found.records]).all()


# -- IoTDA -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ({"event_time": "20260301T120000Z"}, 0),
        ({"event_time": "2026-03-01T12:00:00.500Z"}, 0.5),
        ({"event_time": "2026-03-01 noon"}, nan),
        ({"event_time": 5}, nan),
        ({"event_time": None}, nan),
        ({}, nan),
    ],
)
def test_an_iotda_time_is_basic_or_extended_and_otherwise_receipt(time: dict[str, Any], at: float) -> None:
    service = {"service_id": "Air", "properties": {"pm25": 38}} | time
    for topic, body in (
        ("oc/devices/d/sys/properties/report", {"services": [service]}),
        ("oc/devices/g/sys/gateway/sub_devices/properties/report",
         {"devices": [{"device_id": "d", "services": [service]}]}),
    ):  # fmt: skip
        found = read(topic, body)
        assert "d" in (found.decoded.keys or {found.key})
        assert found.records == [(about(at), {"pm25": 0.038})]


def test_an_iotda_topic_may_keep_its_sign_where_the_broker_lets_it_pass() -> None:
    given = tomllib.loads(seeds.profile_texts()["iotda"])
    given["topic"] = given["topic"].replace("oc/", "$oc/")
    (signed,) = load_profiles({"iotda": given})
    match = Router([signed]).match("$oc/devices/d/sys/properties/report")
    assert isinstance(match, Match)
    assert match.key == "d"


def test_an_iotda_gateway_speaks_for_its_children_and_one_without_a_name_costs_only_itself() -> None:
    services = [{"properties": {"pm25": 38}, "event_time": "20260301T120000Z"}, {"properties": {"noise": 50}}]
    found = read("oc/devices/g/sys/gateway/sub_devices/properties/report", {
        "devices": [{"device_id": "a", "services": services}, {"services": services[:1]}, {"device_id": "c"},
                    {"device_id": "b", "services": services[:1]}],
    })  # fmt: skip
    assert found.decoded.keys == ["a", "a", "b"]
    assert [fault.reason for fault in found.decoded.invalid] == [Invalid.RECORD_SHAPE, Invalid.RECORD_IDENTITY_MISSING]


# -- FIWARE ------------------------------------------------------------------------------------------------------------

ATTRS = "/json/s3cret/dev-1/attrs"


def test_fiware_groups_are_records_of_their_own_and_one_may_stand_alone() -> None:
    one, other = {"level": 61, "TimeInstant": "2026-03-01T12:00:00Z"}, {"level": "15.5", "battery": 90}
    found = read(ATTRS, [one, other])
    assert (found.name, found.key, found.records[0]) == ("fiware-json", "dev-1", (0, {"level": 0.61}))
    assert np.isnan(found.records[1][0])
    assert found.records[1][1] == {"level": 0.155, "battery": 0.9}
    assert read(ATTRS, one).records == [(0, {"level": 0.61})]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"61", [(nan, 0.61)]),
        (b'"61"', [(nan, 0.61)]),
        (b"null", [(nan, None)]),
        (b'[{"timestamp":"2026-03-01T12:00:00Z","value":44}]', [(0, 0.44)]),
        (b'[{"timestamp":"2026-03-01T12:00:00Z","value":44},{"timestamp":"2026-03-01T12:00:05Z","value":45}]',
         [(0, 0.44), (5, 0.45)]),
    ],
)  # fmt: skip
def test_a_fiware_attribute_comes_on_a_topic_of_its_own(body: bytes, expected: list[tuple[float, float]]) -> None:
    found = read(f"{ATTRS}/level", body)
    assert found.key == "dev-1"
    assert found.records == [(about(at), {"level": value}) for at, value in expected]


@pytest.mark.parametrize("body", [b"3f8000", b'1,"battery":2', b"1}", b"{", b"\xff"])
def test_what_is_no_json_does_not_become_some_for_the_name_in_its_topic(body: bytes) -> None:
    decoded = read(f"{ATTRS}/level", body).decoded
    assert [reason for _, reason, _ in decoded.rejected] in ([Rejected.UNREADABLE], [Rejected.NOT_UTF8])


def test_an_attribute_that_nobody_knows_is_no_reading_and_an_empty_one_is_empty() -> None:
    assert read(f"{ATTRS}/colour", b'"red"').decoded.ignored == [(0, Ignored.NO_READING)]
    assert read(f"{ATTRS}/level", b"").decoded.ignored == [(0, Ignored.EMPTY)]


def test_the_api_key_is_blanked_out_of_whole_and_half_known_topics() -> None:
    for name, topic in (("fiware-json", ATTRS), ("fiware-json", f"{ATTRS}/level"),
                        ("ngsi-traffic", "/json/s3cret/traffic-1/attrs")):  # fmt: skip
        assert COMPILED[name].redact(topic, b"{}") == (topic.replace("s3cret", "***"), b"{}")


# -- NGSI --------------------------------------------------------------------------------------------------------------


def entity(encode: Any, **attributes: Any) -> dict[str, Any]:
    return {"id": "urn:1", "type": "TrafficFlowObserved"} | {name: encode(value) for name, value in attributes.items()}


def key_values(value: Any) -> Any:
    return value


def ngsi_v2(value: Any) -> Any:
    return {"type": "DateTime" if isinstance(value, str) else "Number", "value": value, "metadata": {}}


def ngsi_ld(value: Any) -> Any:
    wrapped = {"@type": "DateTime", "@value": value} if isinstance(value, str) else value
    return {"type": "Property", "value": wrapped}


COUNTER = "/json/s3cret/traffic-1/attrs"


@pytest.mark.parametrize("encode", [key_values, ngsi_v2, ngsi_ld])
def test_the_three_ngsi_encodings_say_the_same(encode: Any) -> None:
    interval = "2026-03-01T11:55:00Z/2026-03-01T12:00:00Z"
    found = read(COUNTER, entity(encode, dateObserved=interval, intensity=100, occupancy=0.13, averageVehicleSpeed=50))
    assert (found.name, found.decoded.keys) == ("ngsi-traffic", ["urn:1"])
    # a hundred in five minutes; without congested nothing is
    assert found.records == [(0, {"intensity": 1200, "occupancy": 0.13, "speed": 50, "congested": 0})]
    assert not found.decoded.invalid


def test_an_ngsi_property_may_have_been_observed_at_a_time_of_its_own() -> None:
    later = {"type": "Property", "value": 100, "observedAt": "2026-03-01T12:00:05Z"}
    body = {"id": "urn:1", "dateObserved": "2026-03-01T12:00:00Z", "intensity": later, "occupancy": 0.1}
    found = read(COUNTER, [body | {"congested": True}, body])
    assert found.records == [
        (5, {"intensity": 1200}), (0, {"occupancy": 0.1, "congested": 1}),
        (5, {"intensity": 1200}), (0, {"occupancy": 0.1, "congested": 0}),
    ]  # fmt: skip


def test_an_ngsi_period_may_be_given_by_its_ends_and_an_entity_without_any_is_invalid() -> None:
    ends = {"dateObservedFrom": "2026-03-01T11:55:00Z", "dateObservedTo": "2026-03-01T12:00:00Z"}
    assert read(COUNTER, entity(ngsi_v2, **ends, intensity=1)).records == [(0, {"intensity": 12, "congested": 0})]
    lost = read(COUNTER, entity(key_values, intensity=1)).decoded
    assert {(fault.quantity, fault.reason, fault.key) for fault in lost.invalid} == {
        ("intensity", Invalid.RECORD_TIME_MISSING, "urn:1"), ("congested", Invalid.RECORD_TIME_MISSING, "urn:1"),
    }  # fmt: skip
