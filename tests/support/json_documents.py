"""JSON documents and the profiles that read them: every built-in kind, and kinds with traits that none of those has."""

from typing import Any

from hypothesis import strategies as st

import seeds
from gateway.config.profiles import load_profiles

__all__ = ["ANYTHING", "BUILT_IN", "EXAMPLES", "EXTRA", "JSON_PROFILES", "like"]

BUILT_IN = {one.name: one for one in load_profiles(seeds.profile_texts())}
EXTRA = load_profiles(
    {
        "everything": {
            "name": "everything",
            "topic": "x/{app}",
            "interval_secs": 60,
            "identity": {"path": "id"},
            "time": {"path": ["a.t", "t"], "format": "unix_s"},
            "sequence": {"path": "n", "default": 0, "scope": "s"},
            "ignore": [{"path": "sim", "equals": True, "reason": "simulated"}],
            "fields": {
                "number": {"path": "a.v", "unit": "F"},
                "text": {"path": "a.t2", "unit": "1", "type": "numeric_string", "required": False},
                "mode": {"path": "m", "type": "enum", "enum": {"on": 1, "off": 0}, "required": False},
                "open": {"path": "o", "type": "boolean", "default": 0},
                "second": {"path": "l[1]", "unit": "1", "required": False},
            },
        },
        "bare": {
            "name": "bare",
            "topic": "dsmr/{device}",
            "interval_secs": 60,
            "identity": {"topic": "{device}"},
            "time": {"format": "receipt"},
            "fields": {"v": {"path": "$", "unit": "kWh", "type": "numeric_string"}},
        },
        "span": {
            "name": "span",
            "topic": "v1.1/Datastreams({id})/Observations",
            "interval_secs": 60,
            "identity": {"topic": "{id}"},
            "time": {"path": "phenomenonTime", "format": "rfc3339", "interval": "end"},
            "sequence": {"path": "n", "of": "{id}"},
            "fields": {"v": {"path": "result", "unit": "1", "required": False}},
        },
        "many": {
            "name": "many",
            "topic": "y/{app}",
            "interval_secs": 60,
            "identity": {"object_key": True},
            "records": {"path": "a{}[]"},
            "time": {"path": ["t", "$.t"], "format": "unix_ms"},
            "fields": {"v": {"path": "v", "unit": "1"}, "m": {"path": "b.m", "unit": "1", "required": False}},
        },
        "places": {
            "name": "places",
            "topic": "z/{device}",
            "interval_secs": 60,
            "identity": {"topic": "{device}"},
            "time": {
                "path": ["t.value.time", "t.value", "t"],
                "format": "rfc3339",
                "numbers": "unix_ms",
                "earliest": "1970-01-01T00:00:00.5Z",
            },
            "fields": {
                "v": {"path": ["v.value", "v"], "unit": "1"},
                "m": {"path": ["m[1]", "m[0]", "m"], "unit": "1", "type": "numeric_string", "required": False},
                "o": {"path": ["o.value", "o"], "type": "boolean", "default": 1},
                "word": {"path": ["a.b.value", "a.b", "a"], "type": "enum", "enum": {"on": 1}, "required": False},
            },
        },
        "own": {
            "name": "own",
            "topic": "w/{device}",
            "interval_secs": 60,
            "identity": {"topic": "{device}"},
            "time": {"path": "t", "format": "unix_s", "unusable": "receipt"},
            "sequence": {"path": "n"},
            "fields": {
                "v": {"path": ["v.value", "v"], "time": ["v.time", "v.t"], "unit": "1"},
                "m": {"path": "m", "time": "m_at", "unit": "1", "type": "numeric_string"},
                "o": {"path": "o", "type": "boolean", "default": 1},
            },
        },
        "nested": {
            "name": "nested",
            "topic": "u/{app}",
            "interval_secs": 60,
            "identity": {"path": "^.id"},
            "records": {"path": "a.b[].c[]", "single": True},
            "time": {"path": ["t", "^.t", "$.t"], "format": "unix_ms"},
            "ignore": [{"path": "$.sim", "type": "number", "reason": "simulated"}],
            "fields": {"v": {"path": ["v.value", "v"], "unit": "1"}, "m": {"path": "^.m", "unit": "1"}},
        },
        "bares": {
            "name": "bares",
            "topic": "s/{app}",
            "interval_secs": 60,
            "identity": {"object_key": True},
            "records": {"path": "{}"},
            "time": {"format": "receipt"},
            "fields": {"v": {"path": ["value", "@"], "unit": "1"}},
        },
        "list-of-bares": {
            "name": "list-of-bares",
            "topic": "r/{device}",
            "interval_secs": 60,
            "identity": {"topic": "{device}"},
            "records": {"path": "a[]"},
            "time": {"path": "$.t", "format": "unix_s"},
            "fields": {"v": {"path": "@", "unit": "1"}},
        },
    }
)
JSON_PROFILES = [*(one for one in BUILT_IN.values() if one.codec == "json"), *EXTRA]

KEYS = [
    "a",
    "b",
    "id",
    "l",
    "m",
    "n",
    "o",
    "s",
    "sim",
    "t",
    "t2",
    "v",
    "ts",
    "speed",
    "flow",
    "occ",
    "readings",
    "bar",
    "value",
    "time",
    "c",
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["on", "off", "1.5", "", "2026-03-01T12:00:00.25Z", "2026-03-01T12:00:00+08:00", 1772366400]),
    st.sampled_from([2**63, 2**64, 10**400, 1e300, -0.0]),
    st.text(max_size=5),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)),
    max_leaves=12,
)


def like(example: Any, draw: Any) -> Any:
    """A document of the example's shape in which some places hold something else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANYTHING)
    if isinstance(example, dict):
        return {key: like(value, draw) for key, value in example.items() if draw(st.integers(0, 9)) > 0}
    if isinstance(example, list):
        return [like(value, draw) for value in example]
    return example


EXAMPLES: dict[str, Any] = {
    "loop-detector": {"ts": 1772366400123, "speed": 52.3, "flow": 23, "occ": 0.13},
    "segment-speed": {"ts": 1772366400, "speed": 31.5, "samples": 17},
    "meter-3p": {"ts": 1, "u": {"a": 230, "b": 1, "c": 2.5}, "i": {"a": 1, "b": 2, "c": 3}, "p": 1, "q": 2, "pf": 0.9,
                 "f": 50, "thd": {"u": 2.3}},
    "water-flow": {"ts": "2026-03-01T12:00:00.250Z", "seq": 4711, "flow": 12.4, "total": 88213.52},
    "water-pressure": {"readings": [{"ts": "2026-03-01T12:00:00Z", "bar": 3.4}, {"ts": "2026-03-01T12:01:00Z"}]},
    "reservoir-level": {"ts": 1772366400250, "level_mm": 2614, "battery": 93},
    "gas-detector": {"ts": 1772366400.5, "lel": 2.1, "co": 3, "o2": None, "h2s": 0, "status": "ok"},
    "tts-v3": {"end_device_ids": {"dev_eui": "70B3"}, "received_at": "2026-03-01T12:00:00.123456789Z",
               "uplink_message": {"session_key_id": "AX1q", "f_cnt": 9, "decoded_payload": {"level": 61}},
               "simulated": False},
    "chirpstack-v4": {"time": "2026-03-01T12:00:00.5+00:00", "deviceInfo": {"devEui": "70b3"}, "fCnt": 9,
                      "devAddr": "01", "object": {"level": 61.0, "battery": 3.58}},
    "traffic-signal": {"ts": 1772366400123, "stage": 2, "colour": "green", "mode": "adaptive", "cycle": 96,
                       "fault": False, "flashing": True, "dark": False},
    "household-meter": {"ts": 1772366400, "kwh": 14711.26, "u": 221.4, "p": 0.812},
    "feeder-meter": {"ts": 1772366400, "kwh": 881204.62, "p": 21.4, "u": {"ab": 10.2, "bc": 10.1, "ca": 10}, "f": 50},
    "transformer": {"ts": 1772366400123, "s": 19.8, "i": [30.1, 28.4, 31.7], "u": [391.2, 390.8, 391.9], "oil": 46.5,
                    "winding": 51.2},
    "grid-event": {"ts": 1772366400123, "event": "sag", "duration": 0.12, "residual": 62.5, "phases": "ab"},
    "drainage-level": {"ts": "2026-03-01T12:00:00Z", "seq": 4711, "level": 0.312, "temp": 18.5, "battery": 3.58,
                       "rssi": -93, "status": "no-echo"},
    "rain-gauge": {"ts": "2026-03-01T12:00:00Z", "seq": 812, "rain": 0.4, "intensity": 4.8, "tips": 4711,
                   "battery": 3.61},
    "thingsboard-gateway": {"Meter 7": [{"ts": 1772366400000, "values": {"kwh": 118.2, "kw": 0.4}}, {"ts": 1}],
                            "Meter 8": [{"ts": 1772366400000, "values": {"kwh": None}}]},
    "zigbee2mqtt": {"temperature": 21.4, "humidity": 48.2, "occupancy": False, "battery": 97, "voltage": 2990,
                    "linkquality": 120, "last_seen": "2026-03-01T12:00:00.000Z"},
    "tasmota": {"Time": "2026-03-01T20:00:00", "DS18B20": {"Temperature": 7.4}, "AM2301": {"Humidity": 41},
                "ENERGY": {"Power": [42, 3], "Voltage": 229, "Total": 1}, "StatusSNS": {"Time": "x"}},
    "shelly-gen2": {"method": "NotifyStatus", "params": {"ts": 1772366400.12, "em:0": {"total_act_power": 812.4},
                                                         "switch:0": {"aenergy": {"total": 4}}}, "em:0": {}},
    "alink": {"params": {"pm25": {"value": 38.0, "time": 1772366400000}, "noise": 55.1,
                         "temperature": {"value": 20, "time": 1772366395000}}},
    "iotda": {"services": [{"properties": {"pm25": 38}, "event_time": "20260301T120000Z"},
                           {"properties": {"noise": 55}, "event_time": "then"}]},
    "iotda-gateway": {"devices": [{"device_id": "a", "services": [
        {"properties": {"pm25": 38}, "event_time": "20260301T120000Z"}, {"properties": {"noise": 3}}]}]},
    "fiware-json": [{"level": 61, "temperature": {"timestamp": "2026-03-01T12:00:00Z", "value": 44}, "battery": "9",
                     "TimeInstant": "2026-03-01T12:01:00Z"}, {"level": "62"}],
    "ngsi-traffic": [{"id": "a", "dateObserved": {"value": {"@value": "2026-03-01T12:00:00Z"}}, "congested": True,
                      "intensity": {"value": 3, "observedAt": "2026-03-01T12:00:05Z"}, "occupancy": 0.1},
                     {"id": "b", "dateObserved": "2026-03-01T11:00:00Z/2026-03-01T12:00:00Z", "intensity": 3}],
    "places": {"t": {"value": 1772366400123}, "v": {"value": 5}, "m": ["3", 4], "o": False, "a": {"b": "on"}},
    "own": {"t": 5, "n": 3, "v": {"value": 3, "time": "6"}, "m": "7", "m_at": 8, "o": True},
    "nested": {"t": 4, "sim": None, "a": {"b": [{"id": 1, "m": 3, "c": [{"v": {"value": 3}, "t": 7}, {"v": 3}]},
                                                {"id": "y", "t": 8, "m": 9, "c": {"v": 3}}]}},
    "bares": {"m1": 5, "m2": {"value": 6}, "m3": None},
    "list-of-bares": {"t": 5, "a": [1, 2.5, None]},
    "everything": {"id": 7, "a": {"t": 1.5, "v": 50, "t2": "3"}, "t": "2", "n": 4, "s": "x", "sim": False, "m": "on",
                   "o": True, "l": [1, 2]},
    "bare": 118.2,
    "span": {"phenomenonTime": "2026-03-01T12:00:00Z/2026-03-01T12:05:00Z", "result": 72, "n": 3},
    "many": {"t": 5, "a": {"d1": [{"t": 1, "v": 2, "b": {"m": 3}}, {"v": 2}], "d2": [{"t": 3, "v": None}]}},
}  # fmt: skip
