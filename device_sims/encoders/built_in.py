"""Payloads as the devices write them: plain values in the unit on the wire -> bytes.

Written from the payload that each profile shows in its comment and from the vendors' documents, sharing nothing with
the gateway's decoders, so that each keeps the other honest. Times are UTC nanoseconds; None is what a device writes
when it has no value.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

__all__ = [
    "chirpstack_v4", "drainage_level", "feeder_meter", "gas_detector", "grid_event", "household_meter",
    "loop_detector", "meter_3p", "rain_gauge", "reservoir_level", "rfc3339", "segment_speed", "senml_station",
    "traffic_signal", "transformer", "tts_v3", "water_flow", "water_pressure",
]  # fmt: skip

_FRACTION = {0: 1_000_000_000, 3: 1_000_000, 9: 1}


def rfc3339(ts: int, digits: int, zone: str = "Z") -> str:
    """`ts` in UTC with `digits` (0, 3 or 9) decimals."""
    seconds, rest = divmod(ts, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest // _FRACTION[digits]:0{digits}d}{zone}" if digits else text + zone


def loop_detector(ts: int, speed: float | None, flow: int, occupancy: float) -> bytes:
    """Speed km/h, flow vehicles a minute, occupancy 0-1."""
    text = "null" if speed is None else f"{speed:.1f}"
    return b'{"ts":%d,"speed":%s,"flow":%d,"occ":%s}' % (_ms(ts), text.encode(), flow, f"{occupancy:.3f}".encode())


def segment_speed(ts: int, speed: float | None, samples: int) -> bytes:
    """Speed km/h; `ts` in whole seconds."""
    text = "null" if speed is None else f"{speed:.3f}"
    return f'{{"ts":{ts // 1_000_000_000},"speed":{text},"samples":{samples}}}'.encode()


def meter_3p(
    ts: int, u_a: float, u_b: float, u_c: float, i_a: float, i_b: float, i_c: float, p: float, q: float, pf: float,
    f: float, thd_u: float | None,
) -> bytes:  # fmt: skip
    """Volts, amperes, kW, kvar, power factor, Hz, percent; the distortion is left out where it isn't measured."""
    thd = "" if thd_u is None else f',"thd":{{"u":{thd_u:.1f}}}'
    return (
        f'{{"ts":{_ms(ts)},"u":{{"a":{u_a:.2f},"b":{u_b:.2f},"c":{u_c:.2f}}},'
        f'"i":{{"a":{i_a:.1f},"b":{i_b:.1f},"c":{i_c:.1f}}},'
        f'"p":{p:.3f},"q":{q:.3f},"pf":{pf:.3f},"f":{f:.2f}{thd}}}'
    ).encode()


def water_flow(ts: int, seq: int, flow: float, total: float) -> bytes:
    """Litres a second, m3; `seq` counts modulo 65536."""
    return f'{{"ts":"{rfc3339(ts, 3)}","seq":{seq},"flow":{flow:.2f},"total":{total:.2f}}}'.encode()


def water_pressure(records: Sequence[tuple[int, float | None]], battery: int) -> bytes:
    """Records of (time, bar); battery in percent."""
    listed = ",".join(
        f'{{"ts":"{rfc3339(ts, 3)}","bar":{"null" if bar is None else f"{bar:.2f}"}}}' for ts, bar in records
    )
    return f'{{"readings":[{listed}],"battery":{battery}}}'.encode()


def reservoir_level(ts: int, level_mm: int | None, battery: int) -> bytes:
    """Whole millimetres, None without an echo; battery in percent."""
    return b'{"ts":%d,"level_mm":%s,"battery":%d}' % (_ms(ts), _number(level_mm, 0).encode(), battery)


def gas_detector(
    ts: int, lel: float | None, co: int | None, o2: float | None, h2s: int | None, status: str | None
) -> bytes:
    """%LEL, ppm, %vol, ppm. Without a status (a cell fitted for `lel` alone) the other cells are left out too."""
    text = f'{{"ts":{ts / 1e9:.3f},"lel":{_number(lel, 1)}'
    if status is not None:
        text += f',"co":{_number(co, 0)},"o2":{_number(o2, 1)},"h2s":{_number(h2s, 0)},"status":"{status}"'
    return (text + "}").encode()


def tts_v3(device: str, eui: str, ts: int, *, session: int, f_cnt: int, level: int, battery: float) -> bytes:
    """The Things Stack v3 uplink. Level cm, battery V; what is zero is left out, as its server does.

    A device that joins again has a new `session` and counts from zero.
    """
    join = f',"join_eui":"70B3D57ED0000000","dev_addr":"26{session & 0xFF:02X}{eui[-4:]}"'
    key = f"AX1q{eui[-4:]}{session:04x}=="
    counter = f'"f_cnt":{f_cnt},' if f_cnt else ""
    decoded = ",".join(([f'"level":{level}'] if level else []) + [f'"battery":{battery:.2f}'])
    application = rfc3339(ts + 113_456_789, 9)
    return (
        f'{{"end_device_ids":{{"device_id":"{device}","application_ids":{{"application_id":"drainage"}},'
        f'"dev_eui":"{eui}"{join}}},"correlation_ids":["as:up:{eui}{f_cnt}"],"received_at":"{application}",'
        f'"uplink_message":{{"session_key_id":"{key}","f_port":2,{counter}"decoded_payload":{{{decoded}}},'
        f'"received_at":"{rfc3339(ts, 9)}","consumed_airtime":"0.061696s"}}}}'
    ).encode()


def chirpstack_v4(device: str, eui: str, ts: int, *, session: int, f_cnt: int, level: int, battery: float) -> bytes:
    """ChirpStack v4 `up` event. Level cm, battery V; an f_cnt of zero is left out, as its server does."""
    counter = f'"fCnt":{f_cnt},' if f_cnt else ""
    unique = f"{int(eui, 16) & 0xFFFFFFFF:08x}-{session & 0xFFFF:04x}-4000-8000-{f_cnt & 0xFFFFFFFFFFFF:012x}"
    return (
        f'{{"deduplicationId":"{unique}","time":"{rfc3339(ts, 9, "+00:00")}",'
        f'"deviceInfo":{{"applicationName":"drainage","deviceName":"{device}","devEui":"{eui}"}},'
        f'"devAddr":"01{session & 0xFF:02x}{eui[-4:]}","adr":true,"dr":3,{counter}"fPort":2,"confirmed":false,'
        f'"object":{{"level":{level:.1f},"battery":{battery:.2f}}}}}'
    ).encode()


def senml_station(base: str, ts: int, level: float, temperature: float, battery: int, before: float) -> bytes:
    """SenML pack: level m, water temperature, battery percent, and the level of five seconds before."""
    return (
        f'[{{"bn":"{base}","bt":{ts / 1e9:.3f},"n":"level","u":"m","v":{level:.3f}}},'
        f'{{"n":"temperature","u":"Cel","v":{temperature:.1f}}},{{"n":"battery","u":"%EL","v":{battery}}},'
        f'{{"n":"level","u":"m","t":-5,"v":{before:.3f}}}]'
    ).encode()


def traffic_signal(
    ts: int, stage: int, colour: str, mode: str, cycle: int | None, fault: bool, flashing: bool, dark: bool
) -> bytes:
    """Stage from 1, names of colour and mode, seconds, flags."""
    said = "null" if cycle is None else str(cycle)
    flags = "".join(
        f',"{name}":{"true" if on else "false"}'
        for name, on in (("fault", fault), ("flashing", flashing), ("dark", dark))
    )
    return f'{{"ts":{_ms(ts)},"stage":{stage},"colour":"{colour}","mode":"{mode}","cycle":{said}{flags}}}'.encode()


def household_meter(ts: int, kwh: float, u: float, p: float) -> bytes:
    """Register kWh, volts, kW; `ts` in whole seconds."""
    return f'{{"ts":{ts // 1_000_000_000},"kwh":{kwh:.2f},"u":{u:.1f},"p":{p:.3f}}}'.encode()


def feeder_meter(ts: int, kwh: float, p: float, u_ab: float, u_bc: float, u_ca: float, f: float) -> bytes:
    """Register kWh, kW, kV between lines, Hz; `ts` in whole seconds."""
    return (
        f'{{"ts":{ts // 1_000_000_000},"kwh":{kwh:.2f},"p":{p:.2f},'
        f'"u":{{"ab":{u_ab:.3f},"bc":{u_bc:.3f},"ca":{u_ca:.3f}}},"f":{f:.2f}}}'
    ).encode()


def transformer(
    ts: int, s: float, i_a: float, i_b: float, i_c: float, u_ab: float, u_bc: float, u_ca: float, oil: float,
    winding: float, ambient: float,
) -> bytes:  # fmt: skip
    """kVA, amperes, volts between lines, Cel."""
    return (
        f'{{"ts":{_ms(ts)},"s":{s:.2f},"i":[{i_a:.1f},{i_b:.1f},{i_c:.1f}],"u":[{u_ab:.1f},{u_bc:.1f},{u_ca:.1f}],'
        f'"oil":{oil:.1f},"winding":{winding:.1f},"ambient":{ambient:.1f}}}'
    ).encode()


def grid_event(ts: int, event: str, duration: float | None, residual: float | None, phases: str | None) -> bytes:
    """Seconds, percent of nominal, letters of phases; without an event only that there is none."""
    if event == "none":
        return f'{{"ts":{_ms(ts)},"event":"none"}}'.encode()
    return (
        f'{{"ts":{_ms(ts)},"event":"{event}","duration":{_number(duration, 3)},"residual":{_number(residual, 1)},'
        f'"phases":"{phases}"}}'
    ).encode()


def drainage_level(
    ts: int, seq: int, level: float | None, temperature: float, battery: float, rssi: int, status: str
) -> bytes:
    """Level m above the invert, Cel, V, dBm; `seq` counts modulo 65536."""
    return (
        f'{{"ts":"{rfc3339(ts, 3)}","seq":{seq},"level":{_number(level, 3)},"temp":{temperature:.1f},'
        f'"battery":{battery:.2f},"rssi":{rssi},"status":"{status}"}}'
    ).encode()


def rain_gauge(ts: int, seq: int, rain: float | None, intensity: float | None, tips: int, battery: float) -> bytes:
    """Rain mm and mm/h, left out where both are zero, as such gauges do; `tips` and `seq` count modulo 65536."""
    told = "" if rain == 0 == intensity else f'"rain":{_number(rain, 1)},"intensity":{_number(intensity, 1)},'
    return f'{{"ts":"{rfc3339(ts, 3)}","seq":{seq},{told}"tips":{tips},"battery":{battery:.2f}}}'.encode()


def _ms(ts: int) -> int:
    return ts // 1_000_000


def _number(value: float | None, decimals: int) -> str:
    return "null" if value is None else f"{value:.{decimals}f}"
