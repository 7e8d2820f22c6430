"""What all kinds of devices share: when they measure, and the shape in which a measurement travels here."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from device_sims.city.devices import Device
from device_sims.troubles.trouble import Bound, Trouble, effects_on, silences_on
from device_sims.world.local_time import LocalTime
from device_sims.world.noise import F64, I64, Noise

__all__ = ["Group", "Reading", "Row", "quantise", "whole"]

Row = tuple[Any, ...]
"""What one device measured at one moment, as plain values on the wire's scale; each kind knows its order."""

MILLISECOND = 1_000_000


class Reading(NamedTuple):
    """What a device really said: `value` in the canonical unit, None where it said that it has none."""

    quantity: str
    ts: int
    value: float | None


class Group(ABC):
    """All devices of one profile. `which` (indices of devices) and `ts` (UTC ns) are arrays of shape (n,)."""

    profile: ClassVar[str]
    grain: ClassVar[int] = MILLISECOND
    """Measurements happen at multiples of this, counted from the epoch."""
    delay: ClassVar[int] = 0
    """A device needs up to this long to send (ns); how long is fixed for each."""
    on_the_dot: ClassVar[bool] = False
    """All measure at multiples of the interval; otherwise each has its own phase."""
    holds_many: ClassVar[bool] = False
    """A message may carry several measurements."""
    between: ClassVar[bytes] = b""
    """What parts records of which each can be read by itself; nothing: half of a message is none."""
    breakable: ClassVar[tuple[bytes, str] | None] = None
    """JSON key of a number, and its quantity: what a device with a wrong type in it writes as text. None: it writes
    no JSON, or nothing that could be one."""

    wire: ClassVar[Mapping[str, tuple[int, float, int]]] = {}
    """Numbers that a trouble or a fault may change: place in the row, canonical units a unit of the wire, decimals on
    it. The first is what the kind is there for."""
    counter: ClassVar[int | None] = None
    """Place in the row of the messages' number, which begins with 0 when a device starts again."""
    named_by_topic: ClassVar[bool] = True
    """Whose message it is stands in the topic, as the key; otherwise in the payload."""
    causes: ClassVar[frozenset[str]] = frozenset()
    """Others that it may change, which `_measure` itself looks up in `_effects`, for much follows from them."""

    def __init__(
        self, devices: Sequence[Device], interval: int, noise: Noise, local: LocalTime,
        troubles: Sequence[Trouble] = (),
    ) -> None:  # fmt: skip
        self.devices = tuple(devices)
        self.troubles = troubles
        self._effects = effects_on(self.profile, self.devices, troubles)
        self.interval = interval
        self.noise = noise
        self.local = local
        steps = interval // self.grain
        phase = np.floor(noise.fixed("phase") * (1 if self.on_the_dot else steps)).astype(np.int64)
        self.phase: I64 = phase * self.grain
        self.delays: I64 = (noise.fixed("delay") * self.delay).astype(np.int64)
        self.topics = tuple(self._topic(device) for device in self.devices)
        self._silences = silences_on(self.devices, troubles)
        self._prepare()

    def heard(self, which: I64, ts: I64) -> NDArray[np.bool_]:
        """Which of the moments anybody hears of: a trouble may silence devices."""
        out = np.ones(len(ts), np.bool_)
        for start, end, hit in self._silences:
            out &= ~(hit[which] & (ts >= start) & (ts < end))
        return out

    def measure(self, which: I64, ts: I64) -> list[Row]:
        """What the devices `which` measure at `ts`."""
        rows = self._measure(which, ts)
        return self._changed(rows, which, ts) if self._effects and rows else rows

    def _changed(self, rows: list[Row], which: I64, ts: I64) -> list[Row]:
        """The rows with what troubles do to them."""
        for quantity in self._effects.keys() - self.causes:
            effects = self._effects[quantity]
            rows = self.changed(rows, quantity, partial(_all_of, effects, which, ts))
        return rows

    def changed(self, rows: Sequence[Row], quantity: str, change: Callable[[F64], F64]) -> list[Row]:
        """Rows (n,) with `change` of the canonical values (n,); what a device has no value of, it still has none of."""
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        place, factor, decimals = self.wire[quantity]
        before = np.array(columns[place], np.float64) * factor
        after = change(before)
        moved = after != before
        wired = after / factor
        told: Sequence[Any] = quantise(wired, decimals) if decimals else whole(np.nan_to_num(wired))
        columns[place] = [
            new if hit and old is not None else old
            for old, new, hit in zip(columns[place], told, moved.tolist(), strict=True)
        ]
        return list(zip(*columns, strict=True))

    def restarted(self, row: Row, count: int) -> Row:
        """A row of a device that started again `count` messages ago."""
        place = self.counter
        return row if place is None else (*row[:place], count, *row[place + 1 :])

    def wrong_topic(self, which: int) -> str:
        """Where its messages are not its own: the topic of a device that nobody knows, or one that nobody hears."""
        topic, key = self.topics[which], self.devices[which].key
        if self.named_by_topic and f"/{key}/" in topic:
            return topic.replace(f"/{key}/", f"/{key}-unknown/")
        return f"misrouted/{topic}"

    def readings(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        """What a row says under the time stamp `stamp`, in canonical units."""
        return self._say(stamp, row)

    def payload(self, which: int, records: Sequence[tuple[int, Row]]) -> bytes:
        """The message with `records` of (time stamp, row): one, or more where `holds_many`."""
        ((stamp, row),) = records
        return self._encode(which, stamp, row)

    def cut(self, payload: bytes) -> bytes:
        """The half of a message that came through before the connection broke: nothing of it can be used."""
        first = payload.partition(self.between)[0] if self.between else payload
        return first[: len(first) // 2]

    def wrap(self, which: int, payload: bytes) -> bytes:
        """The bytes that leave the device."""
        return payload

    @abstractmethod
    def _topic(self, device: Device) -> str: ...

    def _prepare(self) -> None:  # noqa: B027 - not every kind computes something once for each device
        ...

    @abstractmethod
    def _measure(self, which: I64, ts: I64) -> list[Row]: ...

    @abstractmethod
    def _encode(self, which: int, stamp: int, row: Row) -> bytes: ...

    @abstractmethod
    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]: ...

    def number(self, name: str, default: float = 0.0) -> F64:
        """A number of devices.csv for each device."""
        return np.array([float(device.extra.get(name, default)) for device in self.devices])


def _all_of(effects: Sequence[Bound], which: I64, ts: I64, value: F64) -> F64:
    for effect in effects:
        value = effect.change(value, which, ts)
    return value


def quantise(values: F64, decimals: int) -> list[float | None]:
    """Plain numbers with so many decimals, exactly those that the decimal text reads back as; NaN becomes None."""
    scale = 10.0**decimals
    rounded = (np.rint(values * scale) / scale + 0.0).tolist()
    if np.isnan(values).any():
        return [None if value != value else value for value in rounded]  # noqa: PLR0124 - NaN only differs from itself
    return list(rounded)


def whole(values: F64) -> list[int]:
    """Plain whole numbers, nearest."""
    return list(np.rint(values).astype(np.int64).tolist())
