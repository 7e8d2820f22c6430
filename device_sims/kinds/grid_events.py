"""Power-quality monitors: a record of each voltage event, and every hour one that says that there was none."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row
from device_sims.world.local_time import SECOND
from device_sims.world.noise import I64

__all__ = ["GridEvents"]

_PHASES = ("a", "b", "ab", "c", "ac", "bc", "abc")
_EVENTS = {"none": 1.0, "sag": 2.0, "swell": 3.0, "interruption": 4.0}


class GridEvents(Group):
    """`sags` of devices.csv: how many of a thousand hours end with one; none where it is not given.

    Of what a trouble does to the voltage, the last event of each hour is told at its end.
    """

    profile = "grid-event"
    wire: ClassVar = {"residual": (2, 0.01, 1), "duration": (1, 1.0, 3)}
    causes = frozenset({"residual"})

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/grid/event/{device.id}/record"

    def _prepare(self) -> None:
        self._sags = self.number("sags") / 1000.0

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        hour = ts // self.interval
        chance, depth, length, phases = (
            self.noise.uniform(channel, which, hour).tolist() for channel in ("sag", "depth", "length", "phases")
        )
        sags = (self._sags[which]).tolist()
        rows: list[Row] = [
            ("sag", round(0.02 * 50.0 ** length[k], 3), round(40.0 + 49.0 * depth[k], 1), _PHASES[int(7 * phases[k])])
            if chance[k] < sags[k] else ("none", None, None, None)
            for k in range(len(which))
        ]  # fmt: skip
        for bound in self._effects.get("residual", ()):
            share = bound.effect.times
            name = "interruption" if share < 0.1 else "sag" if share < 1.0 else "swell"
            spans = [bound.spans(device) for device in range(len(self.devices))]
            for k, (device, now) in enumerate(zip(which.tolist(), ts.tolist(), strict=True)):
                starts, ends = spans[device]
                over = np.flatnonzero((ends > now - self.interval) & (ends <= now))
                if len(over):
                    duration = round(float(ends[over[-1]] - starts[over[-1]]) / SECOND, 3)
                    rows[k] = (name, duration, round(100.0 * share, 1), "abc")
        return rows

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.grid_event(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        event, duration, residual, phases = row
        told = (Reading("event", stamp, _EVENTS[event]),)
        if event == "none":
            return told
        bits = float(1 + _PHASES.index(phases))
        return (
            *told, Reading("duration", stamp, duration), Reading("residual", stamp, residual / 100.0),
            Reading("phases", stamp, bits),
        )  # fmt: skip
