"""A water network's meters, loggers and gauges, driven by its hydraulics.

Flow meters at the inlets (links of reservoirs) and at pumps, pressure loggers at junctions spread over the list, gauges
of all tanks. They speak once a step. Instruments scatter: 0.5 % of a flow, 0.01 bar; seeded.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from device_sims.fleet.message import Message
from device_sims.physics.hydraulics import Hydraulics, Leak, Piece
from device_sims.sources.payloads import KINDS, Voice
from device_sims.sources.site import Area, Place, Site
from device_sims.sources.source import ahead
from device_sims.world.local_time import SECOND
from device_sims.world.noise import F64, Noise

__all__ = ["WaterNetwork"]

ZONE, INSIDE = "dma-network", "dma-pumps"
"""Meters at pumps stand in a zone of their own: the balance of the area is that of its border."""
KPA_A_METRE = 9.80665
_FLOW_SCATTER, _PRESSURE_SCATTER = 0.005, 1.0  # ratio, kPa
_PIECES_AHEAD = 4
_DN_MM = 300.0  # of no effect; a metered area's inlets have one


class WaterNetwork:
    """A source of `run.simulate`. `truth`: a CSV of leaks' flows and of what came in, before instruments scatter."""

    def __init__(
        self, network: str | Path, *, origin: int, midnight: int, step_secs: int = 60, leaks: Sequence[Leak] = (),
        pressures: int = 33, seed: int = 1, truth: Path | None = None,
    ) -> None:  # fmt: skip
        """Read the network; raises as `Hydraulics`."""
        self._hydraulics = made = Hydraulics(
            network, origin=origin, midnight=midnight, step_secs=step_secs, leaks=leaks
        )
        self._links = [*made.inlets, *(pump for pump in made.pumps if pump not in made.inlets)]
        count = min(pressures, len(made.junctions))
        self._nodes = [made.junctions[(2 * k + 1) * len(made.junctions) // (2 * count)] for k in range(count)]
        self._truth = truth
        self._step = step_secs
        self.places = self._placed()
        self.devices = len(self.places)
        self._noise = Noise(seed, [place.id for place in self.places])
        self._voices = [Voice(place.id, k, place.zone, place.kind) for k, place in enumerate(self.places)]

    def site(self, name: str, timezone: str) -> Site:
        """What a gateway has to know: one metered area, and its pumps."""
        facts = {"connections": max(len(self._hydraulics.junctions), 1), "mains_km": self._hydraulics.mains_km}
        zones = dict.fromkeys(place.zone for place in self.places)
        return Site(name, timezone, self._step, [Area(zone, "dma", facts) for zone in zones], self.places)

    def messages(self) -> Iterator[Message]:
        """Without end."""
        pieces = ahead(self._hydraulics.pieces(self._links, self._nodes), _PIECES_AHEAD)
        if self._truth is None:
            yield from (message for piece in pieces for message in self._said(piece))
            return
        with self._truth.open("w", encoding="utf-8", newline="") as file:
            names = [f"leak_{leak.place}" for leak in self._hydraulics.leaks]
            csv.writer(file, lineterminator="\n").writerow(["ts", *names, *(f"flow_{link}" for link in self._links)])
            for piece in pieces:
                self._note(file, piece)
                yield from self._said(piece)

    def _said(self, piece: Piece) -> Iterator[Message]:
        values = self._measured(piece)
        quantities = [next(iter(place.kind.fields)) for place in self.places]
        for k, at in enumerate(piece.ts.tolist()):
            for voice, quantity, value in zip(self._voices, quantities, values[k].tolist(), strict=True):
                yield voice.say(at, at, {quantity: value})

    def _measured(self, piece: Piece) -> F64:
        """(n, devices) in canonical units."""
        columns = np.column_stack([piece.flow, piece.pressure * KPA_A_METRE, piece.level])
        which = np.tile(np.arange(self.devices), len(piece.ts))
        scatter = self._noise.normal("meter", which, np.repeat(piece.ts // SECOND, self.devices)).reshape(columns.shape)
        flows, nodes = len(self._links), len(self._nodes)
        columns[:, :flows] *= 1.0 + _FLOW_SCATTER * scatter[:, :flows]
        columns[:, flows : flows + nodes] += _PRESSURE_SCATTER * scatter[:, flows : flows + nodes]
        return columns

    def _note(self, file: IO[str], piece: Piece) -> None:
        for ts, leaks, flows in zip(piece.ts.tolist(), piece.leak.tolist(), piece.flow.tolist(), strict=True):
            file.write(",".join([str(ts), *(f"{value:.6f}" for value in (*leaks, *flows))]) + "\n")
        file.flush()

    def _placed(self) -> list[Place]:
        flow, pressure, level = (KINDS[name] for name in ("water-flow", "water-pressure", "reservoir-level"))
        inlets = self._hydraulics.inlets
        out = [
            Place(f"flow-{_slug(link)}", flow, ZONE, "inlet", {"dn_mm": _DN_MM})
            if link in inlets
            else Place(f"flow-{_slug(link)}", flow, INSIDE, "critical", {"elevation_m": 0.0})
            for link in self._links
        ]
        out += [Place(f"press-{_slug(node)}", pressure, ZONE) for node in self._nodes]
        for tank in self._hydraulics.tanks:
            facts = {"m3": tank.m3, "height_m": tank.height_m}
            out.append(Place(f"tank-{_slug(tank.name)}", level, ZONE, "tank", facts))
        names = [place.id for place in out]
        if len(set(names)) < len(names):
            raise ValueError("names of the network differ only in letters that names of devices can't have")
        return out


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
