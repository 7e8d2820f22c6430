"""Strangers' devices through the engine: what is retained, told twice, refused or secret."""

import tomllib
from typing import Any

import pytest

import seeds
from gateway.engine.results import StepResult
from gateway.reasons import Ignored, Invalid
from gateway.rows import QOS1, RETAIN, Row
from processors.flags import Why
from tests.support.engine import SECOND, START, content, engine, message

NOON_MS = START // 1_000_000


def profile(name: str) -> dict[str, Any]:
    """A built-in one that takes in whoever comes."""
    table = tomllib.loads(seeds.profile_texts()[name])
    return table | {"provisioning": {"policy": "open", "zone": "a"}}


def step(name: str, *rows: Row) -> StepResult:
    return engine(content([profile(name)])).step(rows, START, False)


def counts(result: StepResult, term: str, book: str = "reading") -> dict[str, int]:
    found = [(key.reason, amount) for key, amount in result.counts.items() if (key.book, key.term) == (book, term)]
    return {reason: sum(amount for other, amount in found if other == reason) for reason, _ in found}


def stored(result: StepResult) -> int:
    return len(result.readings.ts)


def test_of_three_thingsboard_devices_two_are_stored_and_the_third_is_named_in_a_dead_letter() -> None:
    good = [{"ts": NOON_MS, "values": {"kwh": 1.5}}]
    result = step("thingsboard-gateway", message(
        "v1/gateway/telemetry", {"Meter 7": good, "Meter 9": [{"ts": "soon", "values": {"kwh": 3}}], "Meter 8": good},
        START,
    ))  # fmt: skip
    assert stored(result) == 2
    assert sorted(device.keys[0] for device in result.devices) == ["Meter 7", "Meter 8"]
    (letter,) = result.rejects
    assert letter.reason == Invalid.RECORD_TIME_INVALID
    assert letter.detail == "energy: 'Meter 9': the event time 'soon' can't be read"


@pytest.mark.parametrize(
    ("name", "topic", "timed", "untimed"),
    [
        ("tasmota", "tele/x/SENSOR", {"Time": "2026-03-01T19:00:00", "DS18B20": {"Temperature": 7}},
         {"DS18B20": {"Temperature": 7}}),
        ("zigbee2mqtt", "zigbee2mqtt/a/b/c", {"last_seen": NOON_MS - 60_000, "temperature": 7}, {"temperature": 7}),
        ("shelly-gen2", "shellyplug-1/status/switch:0", None, {"apower": 7}),
        ("fiware-json", "/json/k/d/attrs", {"level": 7, "TimeInstant": "2026-03-01T11:00:00Z"}, {"level": 7}),
        ("alink", "/sys/p/d/thing/event/property/post", {"params": {"pm25": {"value": 7, "time": NOON_MS - 60_000}}},
         {"params": {"pm25": 7}}),
    ],
)  # fmt: skip
def test_what_is_retained_keeps_its_own_time_and_is_no_measurement_without_one(
    name: str, topic: str, timed: Any, untimed: Any
) -> None:
    kept = step(name, message(topic, untimed, START, QOS1 | RETAIN))
    assert stored(kept) == 0
    assert counts(kept, "ignored", "message") == {Ignored.RETAINED: 1}
    assert not kept.rejects
    if timed is not None:
        assert stored(step(name, message(topic, timed, START, QOS1 | RETAIN))) == 1


def test_without_a_usable_time_a_reading_is_stamped_at_receipt_and_flagged_so() -> None:
    body = {"services": [{"properties": {"pm25": 38}, "event_time": "then"}]}
    batch = step("iotda", message("oc/devices/d/sys/properties/report", body, START)).readings
    assert batch.ts.tolist() == [START]
    assert batch.why.tolist() == [Why.RECEIPT_TIME]


def test_a_cached_state_that_is_published_again_is_a_duplicate() -> None:
    state = {"last_seen": "2026-03-01T11:59:00Z", "temperature": 21.4}
    rows = [message("zigbee2mqtt/x", state, START + k * SECOND) for k in range(2)]
    result = step("zigbee2mqtt", *rows)
    assert (stored(result), counts(result, "duplicate")) == (1, {"": 1})


def test_availability_is_ignored_in_words_and_in_json_and_leaves_no_letter() -> None:
    result = step(
        "zigbee2mqtt", message("zigbee2mqtt/x/availability", b"online", START),
        message("zigbee2mqtt/x/availability", {"state": "offline"}, START, QOS1 | RETAIN),
    )  # fmt: skip
    assert (stored(result), result.rejects, result.devices) == (0, [], [])
    assert counts(result, "ignored", "message") == {Ignored.NO_READING: 2}


def test_a_shelly_delta_changes_only_what_it_names() -> None:
    topic = "shellypro3em-1/events/rpc"
    full = {"params": {"ts": START / SECOND - 1, "em:0": {"total_act_power": 800, "a_voltage": 230}}}
    delta = {"params": {"ts": START / SECOND, "em:0": {"total_act_power": 812}}}
    result = step("shelly-gen2", message(topic, full, START), message(topic, delta, START))
    assert stored(result) == 3
    assert counts(result, "invalid") == {}


@pytest.mark.parametrize(
    ("name", "topic", "body"),
    [
        ("fiware-json", "/json/s3cret/d/attrs", b"no json"),
        ("fiware-json", "/json/s3cret/d/attrs/level", b"0af3"),
        ("fiware-json", "/json/s3cret/d/attrs", {"level": "full"}),
        ("fiware-json", "/json/s3cret/d/attr", {"level": 1}),
        ("ngsi-traffic", "/json/s3cret/traffic-1/attrs", {"id": "x", "intensity": 3}),
        ("ngsi-traffic", "/json/s3cret/traffic-1/attr", {"id": "x"}),
    ],
)  # fmt: skip
def test_the_api_key_is_in_nothing_that_the_engine_gives(name: str, topic: str, body: Any) -> None:
    result = step(name, message(topic, body, START))
    assert result.rejects
    for letter in result.rejects:
        assert letter.topic == topic.replace("s3cret", "***")
    assert "s3cret" not in repr(result)
