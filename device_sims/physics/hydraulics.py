"""Hydraulics of an EPANET network by wntr's simulator, in pieces of time, with leaks that begin and end.

Model time 0 is the local midnight before the origin, so that demand patterns, which begin at midnight, fall on their
hours; what lies before the origin is computed and thrown away, and leaves tanks and pumps as a day leaves them.

A leak is wntr's: flow = 0.75 * area * sqrt(2 * pressure head * g), at a node, or in the middle of a pipe that is split
there. Its flow is computed with everything else, and is the truth about it.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device_sims.physics.extra import need
from device_sims.world.local_time import SECOND
from device_sims.world.noise import F64, I64

__all__ = ["Hydraulics", "Leak", "Piece", "Tank"]

_DISCHARGE = 0.75  # of a sharp edge; wntr's own default
_EXTRA = "sim-water"


@dataclass(frozen=True, slots=True)
class Leak:
    """A hole of `diameter_m` in a pipe or at a node; times are UTC ns, `end` 0: it stays."""

    place: str
    diameter_m: float
    start: int
    end: int = 0


@dataclass(frozen=True, slots=True)
class Tank:
    """Upright walls: `m3` of water at a level of `height_m`."""

    name: str
    m3: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time.

    ts (n,) is UTC ns; flow (n, links) and leak (n, leaks) are m3/h, pressure (n, nodes) and level (n, tanks) m.
    """

    ts: I64
    flow: F64
    pressure: F64
    level: F64
    leak: F64


class Hydraulics:
    """One network. `pieces` may be asked for once."""

    def __init__(
        self,
        network: str | Path,
        *,
        origin: int,
        midnight: int,
        step_secs: int,
        leaks: Sequence[Leak] = (),
        piece_steps: int = 60,
    ) -> None:
        """Read the network.

        Raises:
            MissingExtraError: wntr isn't installed.
            ValueError: the file is no network, or a leak is at no place of it.
            OSError: it can't be read.
        """
        self._wntr = need("wntr", _EXTRA)
        path = self._found(network)
        path.open("rb").close()  # wntr's own words for a file that isn't there are many
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of curves of pumps that are fitted exactly
            try:
                self._network: Any = self._wntr.network.WaterNetworkModel(str(path))
            except Exception as error:  # wntr raises whatever its reader meets
                raise ValueError(f"{path} is no EPANET network that wntr can read: {error}") from error
        if not self._network.reservoir_name_list and not self._network.tank_name_list:
            raise ValueError(f"{path} is no whole EPANET network: it has neither reservoir nor tank")
        self._origin, self._midnight, self._step, self._piece = origin, midnight, step_secs, piece_steps
        self.junctions: list[str] = list(self._network.junction_name_list)
        self.tanks = [self._tank(name) for name in self._network.tank_name_list]
        self.inlets = self._inlets()
        self.pumps: list[str] = list(self._network.pump_name_list)
        self.mains_km = float(sum(pipe.length for _, pipe in self._network.pipes()) / 1000.0)
        times = self._network.options.time
        times.hydraulic_timestep = times.report_timestep = step_secs
        times.rule_timestep = min(times.rule_timestep, step_secs)
        times.report_start = 0
        self.leaks = tuple(leaks)
        self._holes = [self._open(k, leak) for k, leak in enumerate(self.leaks)]

    def pieces(self, links: Sequence[str], nodes: Sequence[str]) -> Iterator[Piece]:
        """Without end from the origin on, `step` apart; links, nodes and tanks in the order in which they are named.

        Raises:
            ValueError: the network has no solution at some time.
        """
        times = self._network.options.time
        end = 0
        while True:
            times.duration = end * self._step
            piece = self._solve(list(links), list(nodes))
            keep = piece.ts >= self._origin
            if keep.any():
                yield Piece(piece.ts[keep], piece.flow[keep], piece.pressure[keep], piece.level[keep], piece.leak[keep])
            end += self._piece

    def _solve(self, links: list[str], nodes: list[str]) -> Piece:
        until = self._network.options.time.duration
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = self._wntr.sim.WNTRSimulator(self._network).run_sim()
            except Exception as error:  # wntr raises whatever its solver does
                raise ValueError(f"the network has no solution up to {until / 3600:.1f} h: {error}") from error
        pressure = found.node["pressure"]
        if found.error_code is not None or pressure.empty:
            raise ValueError(f"the network has no solution up to {until / 3600:.1f} h")
        seconds = pressure.index.to_numpy(np.int64)
        even = seconds % self._step == 0  # controls act between the steps too
        tanks = [tank.name for tank in self.tanks]
        return Piece(
            self._midnight + seconds[even] * SECOND,
            found.link["flowrate"][links].to_numpy(float)[even] * self._signs(links) * 3600.0,
            pressure[nodes].to_numpy(float)[even],
            pressure[tanks].to_numpy(float)[even],
            found.node["leak_demand"][self._holes].to_numpy(float)[even] * 3600.0,
        )

    def _signs(self, links: list[str]) -> F64:
        """A meter at an inlet counts what comes in, whichever way its link is drawn."""
        return np.array([self.inlets.get(link, 1.0) for link in links])

    def _inlets(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for reservoir in self._network.reservoir_name_list:
            for link in self._network.get_links_for_node(reservoir):
                found[link] = 1.0 if self._network.get_link(link).start_node_name == reservoir else -1.0
        return found

    def _found(self, network: str | Path) -> Path:
        """The file, or the one of that name which wntr brings."""
        path = Path(network)
        if not path.suffix and not path.exists():
            brought = Path(self._wntr.__file__).parent / "library" / "networks"
            names = sorted(each.stem for each in brought.glob("*.inp"))
            if path.name not in names:
                raise ValueError(f"there is no file {str(path)!r}, and wntr brings {', '.join(names)} only")
            return brought / f"{path.name}.inp"
        return path

    def _tank(self, name: str) -> Tank:
        tank = self._network.get_node(name)
        height = float(tank.max_level)
        return Tank(name, math.pi * float(tank.diameter) ** 2 / 4.0 * height, height)

    def _open(self, k: int, leak: Leak) -> str:
        """Name of the node at which the leak is."""
        name = leak.place
        if name in self._network.pipe_name_list:
            name = f"leak-{k}"
            self._network = self._wntr.morph.split_pipe(self._network, leak.place, f"{leak.place}-{k}", name)
        elif name not in self.junctions:
            raise ValueError(f"there is no pipe or junction {leak.place!r} to leak")
        start = max((leak.start - self._midnight) // SECOND, 0)
        if leak.end and leak.end <= leak.start:
            raise ValueError(f"the leak of {leak.place} ends before it starts")
        self._network.get_node(name).add_leak(
            self._network, area=math.pi * leak.diameter_m**2 / 4.0, discharge_coeff=_DISCHARGE, start_time=start,
            end_time=(leak.end - self._midnight) // SECOND if leak.end else None,
        )  # fmt: skip
        return name
