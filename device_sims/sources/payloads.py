"""Payload kinds for devices whose values come from elsewhere: a recording, a computed network.

A kind is a row of a table: topic, form of the time, and where each quantity stands in the JSON, written from the
comments of `seeds/profiles`. What a device has no value of is null there; what may be left out and isn't measured is
left out. `series/NAME` is a kind of one's own, for quantities that no built-in kind has.

    values in canonical units -> Voice.say -> Message with the payload and what it truly says
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from device_sims.encoders.built_in import rfc3339
from device_sims.fleet.message import Message
from device_sims.kinds import Reading
from device_sims.world.local_time import HOUR, SECOND

__all__ = ["KINDS", "Field", "Kind", "Voice", "kind_of", "series"]


@dataclass(frozen=True, slots=True)
class Field:
    """Where a quantity stands, its canonical unit, how many of these a unit on the wire is, decimals on the wire."""

    path: tuple[str | int, ...]
    unit: str
    factor: float = 1.0
    decimals: int = 3
    optional: bool = False
    """Left out where it isn't measured; otherwise null."""
    integral_of: str = ""
    """A register that counts this quantity where the register itself isn't given."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How devices of a profile write."""

    profile: str
    topic: str
    time: str
    """ms, s or rfc3339."""
    fields: Mapping[str, Field]
    records: str = ""
    """Key of the list that the measurement stands in; empty: in none."""
    extra: Mapping[str, Any] | None = None
    sequence: str = ""
    """Key of a counter of messages modulo 65536."""


def _meter(*names: str, decimals: int, unit: str) -> dict[str, Field]:
    return {name: Field(tuple(name.split("_")), unit, 1.0, decimals) for name in names}


def _listed(key: str, names: Sequence[str], unit: str) -> dict[str, Field]:
    return {name: Field((key, place), unit, 1.0, 2) for place, name in enumerate(names)}


_ROWS = (
    Kind("loop-detector", "city/{zone}/traffic/loop/{device}/reading", "ms", {
        "speed": Field(("speed",), "km/h", decimals=1), "flow": Field(("flow",), "veh/h", 60.0, 0),
        "occupancy": Field(("occ",), "ratio", decimals=3),
    }),
    Kind("segment-speed", "city/{zone}/traffic/segment/{device}/speed", "s", {
        "speed": Field(("speed",), "km/h"), "samples": Field(("samples",), "1", decimals=0, optional=True),
    }),
    Kind("meter-3p", "city/{zone}/grid/meter/{device}/reading", "ms", {
        **_meter("u_a", "u_b", "u_c", decimals=2, unit="V"), **_meter("i_a", "i_b", "i_c", decimals=1, unit="A"),
        "p": Field(("p",), "kW"), "q": Field(("q",), "kvar"), "pf": Field(("pf",), "1"),
        "f": Field(("f",), "Hz", decimals=2), "thd_u": Field(("thd", "u"), "ratio", 0.01, 1, optional=True),
    }),
    Kind("household-meter", "city/{zone}/grid/household/{device}/reading", "s", {
        "energy": Field(("kwh",), "kWh", decimals=2, integral_of="p"), "u": Field(("u",), "V", decimals=1),
        "p": Field(("p",), "kW"),
    }),
    Kind("transformer", "city/{zone}/grid/transformer/{device}/reading", "ms", {
        "s": Field(("s",), "kVA", decimals=2), **_listed("i", ("i_a", "i_b", "i_c"), "A"),
        **_listed("u", ("u_ab", "u_bc", "u_ca"), "V"), "oil": Field(("oil",), "Cel", decimals=1),
        "winding": Field(("winding",), "Cel", decimals=1, optional=True),
        "ambient": Field(("ambient",), "Cel", decimals=1, optional=True),
    }),
    Kind("water-flow", "city/{zone}/water/flow/{device}/reading", "rfc3339", {
        "flow": Field(("flow",), "m3/h", 3.6, 2), "volume": Field(("total",), "m3", decimals=2, integral_of="flow"),
    }, sequence="seq"),
    Kind("water-pressure", "city/{zone}/water/pressure/{device}/readings", "rfc3339", {
        "pressure": Field(("bar",), "kPa", 100.0, 3),
    }, records="readings", extra={"battery": 100}),
    Kind("reservoir-level", "city/{zone}/water/reservoir/{device}/level", "ms", {
        "level": Field(("level_mm",), "m", 0.001, 0),
    }, extra={"battery": 100}),
)  # fmt: skip
KINDS: dict[str, Kind] = {kind.profile: kind for kind in _ROWS}
"""By profile."""


def series(name: str, units: Mapping[str, str]) -> Kind:
    """A kind of one's own: `units` are the canonical unit of each quantity."""
    fields = {quantity: Field((quantity,), unit, decimals=6) for quantity, unit in units.items()}
    return Kind(name, f"city/{{zone}}/series/{name}/{{device}}", "ms", fields)


def kind_of(name: str, units: Mapping[str, str]) -> Kind:
    """The built-in kind, or the one of `series/NAME`.

    Raises:
        ValueError: there is no such kind, it hasn't such a quantity, or has it in another unit.
    """
    if re.fullmatch(r"series/[a-z0-9][a-z0-9-]*", name):
        return series(name.removeprefix("series/"), units)
    if name not in KINDS:
        raise ValueError(f"there is no kind {name!r}; there are {', '.join(KINDS)} and series/NAME of your own")
    kind = KINDS[name]
    for quantity, unit in units.items():
        if quantity not in kind.fields:
            raise ValueError(f"{name} has no {quantity!r}; it has {', '.join(kind.fields)}")
        if unit != kind.fields[quantity].unit:
            raise ValueError(f"{quantity} of {name} is stored in {kind.fields[quantity].unit}, which {unit} is not")
    return kind


class Voice:
    """One device. It counts its messages, and integrates what its registers count."""

    def __init__(self, device: str, number: int, zone: str, kind: Kind) -> None:
        self.device = device
        self.zone = zone
        self.kind = kind
        self._number = number
        self._topic = kind.topic.format(zone=zone, device=device)
        self._said = 0
        self._registers = {quantity: 0.0 for quantity, field in kind.fields.items() if field.integral_of}
        self._before = 0

    def say(self, ts: int, due: int, values: Mapping[str, float | None]) -> Message:
        """The message of what was measured at `ts` (UTC ns); `values` in canonical units, None: no value."""
        kind = self.kind
        stamp = ts - ts % (SECOND if kind.time == "s" else 1_000_000)
        values = {**values, **self._counted(ts, values)}
        body: dict[str, Any] = {"ts": _time(stamp, kind.time)}
        if kind.sequence:
            body[kind.sequence] = self._said % 65_536
        readings = []
        for quantity, field in kind.fields.items():
            if field.optional and quantity not in values:
                continue
            value = values.get(quantity)
            wired = None if value is None else round(value / field.factor, field.decimals) + 0.0
            _put(body, field.path, int(wired) if wired is not None and not field.decimals else wired)
            readings.append(Reading(quantity, stamp, None if wired is None else wired * field.factor))
        self._said += 1
        document = {kind.records: [body]} if kind.records else body
        payload = json.dumps({**document, **(kind.extra or {})}, separators=(",", ":")).encode()
        told = tuple(readings)
        return Message(
            due, self.device, self._number, self._topic, payload, told, "", told, self._said, kind.profile
        )  # fmt: skip

    def _counted(self, ts: int, values: Mapping[str, float | None]) -> dict[str, float | None]:
        hours = (ts - self._before) / HOUR if self._before else 0.0
        self._before = ts
        for register in self._registers:
            self._registers[register] += max(hours, 0.0) * (values.get(self.kind.fields[register].integral_of) or 0.0)
        return {register: total for register, total in self._registers.items() if register not in values}


def _time(stamp: int, form: str) -> int | str:
    return rfc3339(stamp, 3) if form == "rfc3339" else stamp // (SECOND if form == "s" else 1_000_000)


def _put(body: dict[str, Any], path: tuple[str | int, ...], value: float | None) -> None:
    """Objects by names, and lists by places that come in order."""
    head, *rest = path
    if not rest:
        body[str(head)] = value
    elif isinstance(rest[0], int):
        body.setdefault(str(head), []).append(value)
    else:
        _put(body.setdefault(str(head), {}), tuple(rest), value)
