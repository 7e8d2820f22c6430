"""Each payload, letter by letter."""

import json

from device_sims.encoders import built_in as encoders

NOON = 1_772_366_400_123_456_789  # 2026-03-01T12:00:00.123456789Z


def test_times_are_written_with_the_decimals_asked_for() -> None:
    assert encoders.rfc3339(NOON, 0) == "2026-03-01T12:00:00Z"
    assert encoders.rfc3339(NOON, 3) == "2026-03-01T12:00:00.123Z"
    assert encoders.rfc3339(NOON, 9, "+00:00") == "2026-03-01T12:00:00.123456789+00:00"
    assert encoders.rfc3339(NOON - 123_456_789, 3) == "2026-03-01T12:00:00.000Z"


def test_loop_detector() -> None:
    assert encoders.loop_detector(NOON, 52.3, 23, 0.13) == b'{"ts":1772366400123,"speed":52.3,"flow":23,"occ":0.130}'


def test_a_loop_without_vehicles_has_no_speed() -> None:
    assert encoders.loop_detector(NOON, None, 0, 0.0) == b'{"ts":1772366400123,"speed":null,"flow":0,"occ":0.000}'


def test_segment_speed() -> None:
    assert encoders.segment_speed(NOON, 31.5, 17) == b'{"ts":1772366400,"speed":31.500,"samples":17}'
    assert encoders.segment_speed(NOON, None, 0) == b'{"ts":1772366400,"speed":null,"samples":0}'


def test_meter_3p() -> None:
    assert encoders.meter_3p(NOON, 230.1, 229.8, 231.0, 41.2, 39.9, 40.3, 26.4, 5.1, 0.98, 50.01, 2.3) == (
        b'{"ts":1772366400123,"u":{"a":230.10,"b":229.80,"c":231.00},"i":{"a":41.2,"b":39.9,"c":40.3},'
        b'"p":26.400,"q":5.100,"pf":0.980,"f":50.01,"thd":{"u":2.3}}'
    )


def test_a_meter_that_measures_no_distortion_leaves_it_out() -> None:
    told = json.loads(encoders.meter_3p(NOON, 230, 230, 230, 1, 1, 1, -0.7, 0.1, -0.99, 50, None))
    assert "thd" not in told
    assert told["p"] == -0.7


def test_household_meter() -> None:
    assert encoders.household_meter(NOON, 14711.26, 221.4, 0.812) == (
        b'{"ts":1772366400,"kwh":14711.26,"u":221.4,"p":0.812}'
    )


def test_feeder_meter() -> None:
    assert encoders.feeder_meter(NOON, 881204.62, 21.4, 10.21, 10.19, 10.22, 50.01) == (
        b'{"ts":1772366400,"kwh":881204.62,"p":21.40,"u":{"ab":10.210,"bc":10.190,"ca":10.220},"f":50.01}'
    )


def test_transformer() -> None:
    assert encoders.transformer(NOON, 19.8, 30.1, 28.4, 31.7, 391.2, 390.8, 391.9, 46.5, 51.2, 24) == (
        b'{"ts":1772366400123,"s":19.80,"i":[30.1,28.4,31.7],"u":[391.2,390.8,391.9],"oil":46.5,"winding":51.2,'
        b'"ambient":24.0}'
    )


def test_grid_event() -> None:
    assert encoders.grid_event(NOON, "sag", 0.12, 62.5, "ab") == (
        b'{"ts":1772366400123,"event":"sag","duration":0.120,"residual":62.5,"phases":"ab"}'
    )
    assert encoders.grid_event(NOON, "interruption", None, 0.0, "abc") == (
        b'{"ts":1772366400123,"event":"interruption","duration":null,"residual":0.0,"phases":"abc"}'
    )
    assert encoders.grid_event(NOON, "none", None, None, None) == b'{"ts":1772366400123,"event":"none"}'


def test_water_flow() -> None:
    assert encoders.water_flow(NOON, 4711, 12.4, 88213.52) == (
        b'{"ts":"2026-03-01T12:00:00.123Z","seq":4711,"flow":12.40,"total":88213.52}'
    )


def test_water_pressure_holds_many_records() -> None:
    minute = 60_000_000_000
    assert encoders.water_pressure([(NOON, 3.42), (NOON + minute, None)], 96) == (
        b'{"readings":[{"ts":"2026-03-01T12:00:00.123Z","bar":3.42},{"ts":"2026-03-01T12:01:00.123Z","bar":null}],'
        b'"battery":96}'
    )


def test_reservoir_level() -> None:
    assert encoders.reservoir_level(NOON, 2614, 93) == b'{"ts":1772366400123,"level_mm":2614,"battery":93}'
    assert encoders.reservoir_level(NOON, None, 93) == b'{"ts":1772366400123,"level_mm":null,"battery":93}'


def test_gas_detector() -> None:
    half = 1_772_366_400_500_000_000
    assert encoders.gas_detector(half, 2.1, 3, 20.9, 0, "ok") == (
        b'{"ts":1772366400.500,"lel":2.1,"co":3,"o2":20.9,"h2s":0,"status":"ok"}'
    )
    assert encoders.gas_detector(half, 2.1, None, None, None, None) == b'{"ts":1772366400.500,"lel":2.1}'
    assert encoders.gas_detector(half, None, None, 20.9, 0, "fault") == (
        b'{"ts":1772366400.500,"lel":null,"co":null,"o2":20.9,"h2s":0,"status":"fault"}'
    )


def test_the_things_stack_uplink() -> None:
    payload = encoders.tts_v3("bin-7", "70B3D50000000007", NOON, session=2, f_cnt=9, level=61, battery=3.58)
    assert payload == (
        b'{"end_device_ids":{"device_id":"bin-7","application_ids":{"application_id":"drainage"},'
        b'"dev_eui":"70B3D50000000007","join_eui":"70B3D57ED0000000","dev_addr":"26020007"},'
        b'"correlation_ids":["as:up:70B3D500000000079"],"received_at":"2026-03-01T12:00:00.236913578Z",'
        b'"uplink_message":{"session_key_id":"AX1q00070002==","f_port":2,"f_cnt":9,'
        b'"decoded_payload":{"level":61,"battery":3.58},"received_at":"2026-03-01T12:00:00.123456789Z",'
        b'"consumed_airtime":"0.061696s"}}'
    )


def test_the_things_stack_leaves_out_what_is_zero() -> None:
    uplink = json.loads(encoders.tts_v3("a", "70B3D50000000007", NOON, session=0, f_cnt=0, level=0, battery=3.6))
    assert "f_cnt" not in uplink["uplink_message"]
    assert uplink["uplink_message"]["decoded_payload"] == {"battery": 3.6}


def test_chirpstack_uplink() -> None:
    payload = encoders.chirpstack_v4("bin-7", "70b3d50000000007", NOON, session=2, f_cnt=9, level=61, battery=3.58)
    assert payload == (
        b'{"deduplicationId":"00000007-0002-4000-8000-000000000009","time":"2026-03-01T12:00:00.123456789+00:00",'
        b'"deviceInfo":{"applicationName":"drainage","deviceName":"bin-7","devEui":"70b3d50000000007"},'
        b'"devAddr":"01020007","adr":true,"dr":3,"fCnt":9,"fPort":2,"confirmed":false,'
        b'"object":{"level":61.0,"battery":3.58}}'
    )
    first = json.loads(encoders.chirpstack_v4("b", "70b3d50000000007", NOON, session=0, f_cnt=0, level=0, battery=3))
    assert "fCnt" not in first
    assert first["object"]["level"] == 0.0


def test_senml_station() -> None:
    base = "urn:dev:mac:0024befffe804ff1:"
    assert encoders.senml_station(base, 1_772_366_400_250_000_000, 1.42, 18.5, 97, 1.41) == (
        b'[{"bn":"urn:dev:mac:0024befffe804ff1:","bt":1772366400.250,"n":"level","u":"m","v":1.420},'
        b'{"n":"temperature","u":"Cel","v":18.5},{"n":"battery","u":"%EL","v":97},'
        b'{"n":"level","u":"m","t":-5,"v":1.410}]'
    )


def test_traffic_signal() -> None:
    assert encoders.traffic_signal(NOON, 2, "green", "adaptive", 96, False, False, False) == (
        b'{"ts":1772366400123,"stage":2,"colour":"green","mode":"adaptive","cycle":96,"fault":false,"flashing":false,'
        b'"dark":false}'
    )
    assert encoders.traffic_signal(NOON, 0, "dark", "off", None, True, False, True) == (
        b'{"ts":1772366400123,"stage":0,"colour":"dark","mode":"off","cycle":null,"fault":true,"flashing":false,'
        b'"dark":true}'
    )


def test_drainage_level() -> None:
    assert encoders.drainage_level(NOON, 4711, 0.312, 18.5, 3.58, -93, "ok") == (
        b'{"ts":"2026-03-01T12:00:00.123Z","seq":4711,"level":0.312,"temp":18.5,"battery":3.58,"rssi":-93,"status":"ok"}'
    )


def test_a_level_without_an_echo_is_null_and_a_dry_pipe_is_zero() -> None:
    assert json.loads(encoders.drainage_level(NOON, 1, None, 18.5, 3.58, -93, "no-echo"))["level"] is None
    assert json.loads(encoders.drainage_level(NOON, 1, 0.0, 18.5, 3.58, -93, "ok"))["level"] == 0.0


def test_rain_gauge() -> None:
    assert encoders.rain_gauge(NOON, 812, 0.4, 4.8, 4711, 3.61) == (
        b'{"ts":"2026-03-01T12:00:00.123Z","seq":812,"rain":0.4,"intensity":4.8,"tips":4711,"battery":3.61}'
    )


def test_a_gauge_says_nothing_of_zero_rain_and_null_while_its_bucket_is_blocked() -> None:
    assert encoders.rain_gauge(NOON, 812, 0.0, 0.0, 4711, 3.61) == (
        b'{"ts":"2026-03-01T12:00:00.123Z","seq":812,"tips":4711,"battery":3.61}'
    )
    blocked = json.loads(encoders.rain_gauge(NOON, 812, None, None, 4711, 3.61))
    assert (blocked["rain"], blocked["intensity"]) == (None, None)
