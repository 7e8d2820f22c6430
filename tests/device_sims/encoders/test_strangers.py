"""Each payload of a stranger's device, letter by letter."""

import json

from device_sims.encoders import strangers as encoders

NOON = 1_772_366_400_123_456_789  # 2026-03-01T12:00:00.123456789Z


def test_thingsboard_gateway() -> None:
    assert encoders.thingsboard_gateway("Meter 7", NOON, 118.2, 0.42) == (
        b'{"Meter 7":[{"ts":1772366400123,"values":{"kwh":118.2,"kw":0.42}}]}'
    )


def test_zigbee2mqtt_writes_its_time_in_two_forms() -> None:
    body = b'{"temperature":21.4,"humidity":48.2,"occupancy":false,"battery":97,"voltage":2990,"linkquality":120,'
    iso = encoders.zigbee2mqtt(NOON, 21.4, 48.2, False, 97, 2990, 120, epoch=False)
    assert iso == body + b'"last_seen":"2026-03-01T12:00:00.123Z"}'
    epoch = encoders.zigbee2mqtt(NOON, 21.4, 48.2, False, 97, 2990, 120, epoch=True)
    assert epoch == body + b'"last_seen":1772366400123}'


def test_tasmota_writes_the_time_of_the_wall() -> None:
    assert encoders.tasmota(NOON, 7.4, 42, 229, 0.19, 118.2) == (
        b'{"Time":"2026-03-01T20:00:00","DS18B20":{"Id":"3C01D607B2A1","Temperature":7.4},'
        b'"ENERGY":{"Total":118.2,"Power":42,"Voltage":229,"Current":0.19},"TempUnit":"C"}'
    )


def test_shelly_gen2_tells_its_register_or_leaves_it_out() -> None:
    head = b'{"src":"shelly-a","dst":"shelly-a/events","method":"NotifyStatus","params":{"ts":1772366400.123,'
    meter = b'"em:0":{"id":0,"a_voltage":229.4,"total_current":3.61,"total_act_power":812.4}'
    assert encoders.shelly_gen2("shelly-a", NOON, 812.4, 229.4, 3.61, None) == head + meter + b"}}"
    assert encoders.shelly_gen2("shelly-a", NOON, 812.4, 229.4, 3.61, 118200.0) == (
        head + meter + b',"emdata:0":{"id":0,"total_act":118200.0}}}'
    )


def test_alink_wraps_each_value_with_its_time() -> None:
    assert encoders.alink(123, NOON, 38.0, 21.5, 55.1, noise_at=NOON - 5_000_000_000) == (
        b'{"id":"123","version":"1.0","sys":{"ack":0},"params":{"pm25":{"value":38.0,"time":1772366400123},'
        b'"temperature":{"value":21.5,"time":1772366400123},"noise":{"value":55.1,"time":1772366395123}},'
        b'"method":"thing.event.property.post"}'
    )


def test_iotda_has_a_service_a_sensor_and_a_gateway_names_the_child() -> None:
    services = (
        b'"services":[{"service_id":"Air","properties":{"pm25":38.0,"temperature":21.5},'
        b'"event_time":"20260301T120000Z"},'
        b'{"service_id":"Sound","properties":{"noise":55.1},"event_time":"20260301T120000Z"}]'
    )
    assert encoders.iotda(NOON, 38.0, 21.5, 55.1) == b"{" + services + b"}"
    child = encoders.iotda_gateway("c-1", NOON, 38.0, 21.5, 55.1)
    assert child == b'{"devices":[{"device_id":"c-1",' + services + b"}]}"


def test_fiware_json() -> None:
    assert encoders.fiware_json(NOON, 61, 18.5, 93) == (
        b'{"level":61,"temperature":18.5,"battery":93,"TimeInstant":"2026-03-01T12:00:00.123Z"}'
    )


def test_ngsi_entities_leave_out_what_is_not_so() -> None:
    interval = "2026-03-01T11:55:00Z/2026-03-01T12:00:00Z"
    assert (
        encoders.ngsi_key_values("urn:1", NOON, 300, 197, 0.13, 52.3, False)
        == (
            f'{{"id":"urn:1","type":"TrafficFlowObserved","dateObserved":"{interval}","intensity":197,'
            f'"occupancy":0.13,"averageVehicleSpeed":52.3}}'
        ).encode()
    )
    empty = json.loads(encoders.ngsi_key_values("urn:1", NOON, 300, 0, 0.0, None, True))
    assert "averageVehicleSpeed" not in empty
    assert empty["congested"] is True
    linked = json.loads(encoders.ngsi_ld("urn:1", NOON, 300, 197, 0.13, None, True))
    assert linked["dateObserved"] == {"type": "Property", "value": {"@type": "DateTime", "@value": interval}}
    assert linked["intensity"] == {"type": "Property", "value": 197, "observedAt": "2026-03-01T12:00:00Z"}
    assert linked["congested"]["value"] is True
    assert "averageVehicleSpeed" not in linked
