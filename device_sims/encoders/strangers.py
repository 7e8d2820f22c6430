"""Payloads of strangers' devices: plain values in the unit on the wire -> bytes, as their makers document them.

Written from the payloads in the comments of seeds/profiles and the vendors' documents, like encoders.py. Times are UTC
nanoseconds; None is left out, for each of these formats leaves out what it does not tell.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from device_sims.encoders.built_in import rfc3339

__all__ = [
    "alink", "fiware_json", "iotda", "iotda_gateway", "ngsi_key_values", "ngsi_ld", "shelly_gen2", "tasmota",
    "thingsboard_gateway", "zigbee2mqtt",
]  # fmt: skip

_BEIJING = timezone(timedelta(hours=8))


def thingsboard_gateway(name: str, ts: int, kwh: float, kw: float) -> bytes:
    """kWh, kW."""
    return _json({name: [{"ts": _ms(ts), "values": {"kwh": kwh, "kw": kw}}]})


def zigbee2mqtt(
    ts: int, temperature: float, humidity: float, occupancy: bool, battery: int, voltage: int, link: int, *, epoch: bool
) -> bytes:
    """Cel, percent, percent, mV; `epoch`: the bridge writes `last_seen` in milliseconds."""
    return _json({
        "temperature": temperature, "humidity": humidity, "occupancy": occupancy, "battery": battery,
        "voltage": voltage, "linkquality": link, "last_seen": _ms(ts) if epoch else rfc3339(ts, 3),
    })  # fmt: skip


def tasmota(ts: int, temperature: float, watts: int, volts: int, amperes: float, kwh: float) -> bytes:
    """Cel, and of the plug W, V, A, kWh; the time is that of the wall, in Beijing."""
    local = datetime.fromtimestamp(ts // 1_000_000_000, _BEIJING)
    return _json({
        "Time": local.strftime("%Y-%m-%dT%H:%M:%S"), "DS18B20": {"Id": "3C01D607B2A1", "Temperature": temperature},
        "ENERGY": {"Total": kwh, "Power": watts, "Voltage": volts, "Current": amperes}, "TempUnit": "C",
    })  # fmt: skip


def shelly_gen2(source: str, ts: int, watts: float, volts: float, amperes: float, wh: float | None) -> bytes:
    """W, V, A, Wh: what has changed; the counter is not told each time."""
    params: dict[str, Any] = {
        "ts": ts // 1_000_000 / 1000,
        "em:0": {"id": 0, "a_voltage": volts, "total_current": amperes, "total_act_power": watts},
    }
    if wh is not None:
        params["emdata:0"] = {"id": 0, "total_act": wh}
    return _json({"src": source, "dst": f"{source}/events", "method": "NotifyStatus", "params": params})


def alink(number: int, ts: int, pm25: float, temperature: float, noise: float, *, noise_at: int) -> bytes:
    """ug/m3, Cel, dB, each with the time when it was measured."""
    params = {
        "pm25": {"value": pm25, "time": _ms(ts)}, "temperature": {"value": temperature, "time": _ms(ts)},
        "noise": {"value": noise, "time": _ms(noise_at)},
    }  # fmt: skip
    head = {"id": f"{number}", "version": "1.0", "sys": {"ack": 0}}
    return _json({**head, "params": params, "method": "thing.event.property.post"})


def iotda(ts: int, pm25: float, temperature: float, noise: float) -> bytes:
    """ug/m3, Cel, dB in two services, with the time in basic ISO 8601."""
    return _json({"services": _services(ts, pm25, temperature, noise)})


def iotda_gateway(device: str, ts: int, pm25: float, temperature: float, noise: float) -> bytes:
    """The same of a child, as its gateway tells it."""
    return _json({"devices": [{"device_id": device, "services": _services(ts, pm25, temperature, noise)}]})


def fiware_json(ts: int, level: int, temperature: float, battery: int) -> bytes:
    """Percent, Cel, percent."""
    return _json({"level": level, "temperature": temperature, "battery": battery, "TimeInstant": rfc3339(ts, 3)})


def ngsi_key_values(
    entity: str, ts: int, secs: int, intensity: int, occupancy: float, speed: float | None, congested: bool
) -> bytes:
    """Vehicles in the `secs` that end at `ts`, fraction, km/h; a road that is not congested says nothing of it."""
    told = {"intensity": intensity, "occupancy": occupancy} | ({} if speed is None else {"averageVehicleSpeed": speed})
    more = {"congested": True} if congested else {}
    return _json({"id": entity, "type": "TrafficFlowObserved", "dateObserved": _interval(ts, secs), **told, **more})


def ngsi_ld(
    entity: str, ts: int, secs: int, intensity: int, occupancy: float, speed: float | None, congested: bool
) -> bytes:
    """The same as NGSI-LD."""

    def told(value: Any) -> dict[str, Any]:
        return {"type": "Property", "value": value, "observedAt": rfc3339(ts, 0)}

    when = {"@type": "DateTime", "@value": _interval(ts, secs)}
    body = {"id": entity, "type": "TrafficFlowObserved", "dateObserved": {"type": "Property", "value": when}}
    body |= {"intensity": told(intensity), "occupancy": told(occupancy)}
    body |= {} if speed is None else {"averageVehicleSpeed": told(speed)}
    return _json(body | ({"congested": told(True)} if congested else {}))


def _services(ts: int, pm25: float, temperature: float, noise: float) -> list[dict[str, Any]]:
    moment = datetime.fromtimestamp(ts // 1_000_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    air, sound = {"pm25": pm25, "temperature": temperature}, {"noise": noise}
    return [
        {"service_id": name, "properties": properties, "event_time": moment}
        for name, properties in (("Air", air), ("Sound", sound))
    ]


def _interval(ts: int, secs: int) -> str:
    return f"{rfc3339(ts - secs * 1_000_000_000, 0)}/{rfc3339(ts, 0)}"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _ms(ts: int) -> int:
    return ts // 1_000_000
