"""The feeder's devices, driven by its power flow: the transformer's unit, a meter at its head, monitors, homes' meters.

| device | kind | what it says |
|---|---|---|
| tx-lv | transformer | apparent power, currents, voltages between lines, oil that follows the load |
| meter-lv | meter-3p | phase voltages, currents and power at the transformer's low-voltage side |
| monitor-BUS | series/lv-monitor | voltages between lines (u_ab, u_bc, u_ca) and to neutral along the feeder |
| home-NN | household-meter | voltage of its phase, power, register |
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from device_sims.fleet.message import Message
from device_sims.physics.feeder import Feeder, Flow, Load, sequence_ratio
from device_sims.sources.payloads import KINDS, Voice, series
from device_sims.sources.site import Area, Place, Site
from device_sims.sources.source import ahead
from device_sims.world.local_time import HOUR, SECOND, LocalTime
from device_sims.world.noise import F64

__all__ = ["GridFeeder"]

ZONE = "feeder-lv"
LINES = ("u_ab", "u_bc", "u_ca")
_AMBIENT, _RISE, _LAG = 25.0, 45.0, 2.5 * HOUR  # Cel, K at full load, ns: IEC 60076-7 in the simplest form
_FLOWS_AHEAD = 120
_CONDITIONS = """\
# Written by `cityloom sim grid`: a network of 230 V (EN 50160), and unbalance along it.
schema = 1

[[conditions]]
name = "grid.voltage"
title = "Voltage of a home"
kind = "steps"
profile = "household-meter"
quantity = "u"
window_secs = 600
low = [207, 195.5]       # V: 230 V less 10 %, 15 %
high = [253]             # V: 230 V and 10 %
deadband = 2
priorities = [3, 2]
off_delay_secs = 600

[[conditions]]
name = "grid.unbalance"
title = "Unbalance"
kind = "unbalance"
profile = "lv-monitor"
lines = ["u_ab", "u_bc", "u_ca"]
high = [0.02, 0.04]      # ratio
deadband = 0.002
priorities = [4, 3]
off_delay_secs = 600
"""


class GridFeeder:
    """A source of `run.simulate`. `truth`: a CSV of the ratio of negative to positive sequence at each monitor."""

    def __init__(
        self, *, origin: int, timezone: str, step_secs: int = 60, shapes: F64 | None = None,
        loads: Sequence[Load] = (), monitors: int = 8, seed: int = 1, truth: Path | None = None,
    ) -> None:  # fmt: skip
        """Read the network; raises as `Feeder`."""
        self._feeder = Feeder(shapes, loads, LocalTime(timezone), seed)
        self._origin, self._step, self._truth = origin, step_secs, truth
        homes = self._feeder.bus
        wanted = min(monitors, len(homes))
        spread = [int(homes[(2 * k + 1) * len(homes) // (2 * wanted)]) for k in range(wanted)]
        self.monitored = sorted({self._feeder.head, *spread, *(load.bus for load in loads)})
        monitor = series("lv-monitor", dict.fromkeys((*LINES, "u_a", "u_b", "u_c"), "V"))
        self.places = [
            Place("tx-lv", KINDS["transformer"], ZONE, "transformer", {"kva": self._feeder.kva}),
            Place("meter-lv", KINDS["meter-3p"], ZONE),
            *(Place(f"monitor-{bus}", monitor, ZONE) for bus in self.monitored),
            *(Place(f"home-{k + 1:02d}", KINDS["household-meter"], ZONE) for k in range(len(homes))),
        ]
        self.devices = len(self.places)
        self._voices = [Voice(place.id, k, ZONE, place.kind) for k, place in enumerate(self.places)]
        self._oil: float | None = None

    def site(self, name: str, timezone: str) -> Site:
        """What a gateway has to know: one feeder, and limits for 230 V."""
        facts = {"kv": 0.4, "capacity_kva": self._feeder.kva}
        return Site(name, timezone, self._step, [Area(ZONE, "feeder", facts)], self.places, _CONDITIONS)

    def messages(self) -> Iterator[Message]:
        """Without end."""
        flows = ahead(self._flows(), _FLOWS_AHEAD)
        if self._truth is None:
            yield from (message for flow in flows for message in self._said(flow))
            return
        with self._truth.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(["ts", *(f"vuf_{bus}" for bus in self.monitored)])
            for flow in flows:
                self._note(file, flow)
                yield from self._said(flow)

    def _flows(self) -> Iterator[Flow]:
        step = self._step * SECOND
        ts = -(-self._origin // step) * step
        while True:
            yield self._feeder.at(ts)
            ts += step

    def _said(self, flow: Flow) -> Iterator[Message]:
        homes = np.abs(flow.volts[self._feeder.bus, self._feeder.phase]).tolist()
        values = [
            self._transformer(flow),
            self._meter(flow),
            *(_lines(flow.volts[bus]) | _to_neutral(flow.volts[bus]) for bus in self.monitored),
            *({"u": u, "p": p} for u, p in zip(homes, flow.drawn_kw.tolist(), strict=True)),
        ]
        for voice, said in zip(self._voices, values, strict=True):
            yield voice.say(flow.ts, flow.ts, said)

    def _transformer(self, flow: Flow) -> dict[str, float | None]:
        kva = float(np.hypot(flow.kw.sum(), flow.kvar.sum()))
        final = _AMBIENT + _RISE * (kva / self._feeder.kva) ** 1.6
        before = final if self._oil is None else self._oil
        self._oil = final + (before - final) * float(np.exp(-self._step * SECOND / _LAG))
        currents = dict(zip(("i_a", "i_b", "i_c"), flow.amperes.tolist(), strict=True))
        return {"s": kva, **currents, **_lines(flow.volts[self._feeder.head]), "oil": self._oil, "ambient": _AMBIENT}

    def _meter(self, flow: Flow) -> dict[str, float | None]:
        p, q = float(flow.kw.sum()), float(flow.kvar.sum())
        currents = dict(zip(("i_a", "i_b", "i_c"), flow.amperes.tolist(), strict=True))
        volts = _to_neutral(flow.volts[self._feeder.head])
        return {**volts, **currents, "p": p, "q": q, "pf": p / max(float(np.hypot(p, q)), 1e-9), "f": 50.0}

    def _note(self, file: IO[str], flow: Flow) -> None:
        ratios = sequence_ratio(flow.volts[self.monitored]).tolist()
        file.write(",".join([str(flow.ts), *(f"{ratio:.8f}" for ratio in ratios)]) + "\n")
        file.flush()


def _lines(volts: np.ndarray) -> dict[str, float | None]:
    between = np.abs(volts - np.roll(volts, -1))
    return dict(zip(LINES, between.tolist(), strict=True))


def _to_neutral(volts: np.ndarray) -> dict[str, float | None]:
    return dict(zip(("u_a", "u_b", "u_c"), np.abs(volts).tolist(), strict=True))
