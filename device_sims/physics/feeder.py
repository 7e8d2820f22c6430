"""Three-phase power flow of the IEEE European low-voltage feeder by pandapower: 906 buses, 55 homes of one phase each.

Each home draws a day's shape at a power factor of 0.95: the feeder's own 1-minute shapes where they are given, or else
a curve of ours (a base, an evening hump, and minutes of kettles and ovens). Loads may be put on a phase for a time.
Source: IEEE PES AMPS, European Low Voltage Test Feeder; the network is pandapower's `ieee_european_lv_asymmetric`.
"""

import csv
import io
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device_sims.physics.extra import need
from device_sims.world.local_time import DAY, HOUR, MINUTE, LocalTime
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.signals import evening_load

__all__ = ["Feeder", "Flow", "Load", "read_shapes", "sequence_ratio"]

_EXTRA = "sim-grid"
_TAN = 0.3287  # of a power factor of 0.95
_SNAPSHOTS = ("on_peak_566", "off_peak_1", "off_peak_1440")
_LEAST = 0.5  # of nominal; what is called converged below is none, nor is NaN
MINUTES = 1440
PHASES = "abc"


@dataclass(frozen=True, slots=True)
class Load:
    """So many kW on a phase of a bus; times are UTC ns, `end` 0: it stays."""

    bus: int
    phase: str
    kw: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """A moment: phasors to neutral (buses, 3) V, currents (3,) A and power (3,) kW, kvar through the transformer."""

    ts: int
    volts: np.ndarray
    amperes: F64
    kw: F64
    kvar: F64
    drawn_kw: F64
    """(homes,)."""


def sequence_ratio(volts: np.ndarray) -> F64:
    """Negative over positive sequence (Fortescue 1918) of phasors (..., 3) in the order a, b, c."""
    turn = np.exp(2j * np.pi / 3.0)
    positive = volts @ np.array([1.0, turn, turn**2])
    negative = volts @ np.array([1.0, turn**2, turn])
    ratio: F64 = np.abs(negative) / np.abs(positive)
    return ratio


def read_shapes(path: Path) -> F64:
    """kW (shapes, 1440): a ZIP or folder with `Load_profile_N.csv` of `time,mult`, as IEEE publishes the feeder.

    Raises:
        ValueError: it holds no such files, or one of another length.
        OSError: it can't be read.
    """
    texts: dict[int, str] = {}
    if path.is_dir():
        found = ((each.name, each.read_text(encoding="utf-8")) for each in path.rglob("Load_profile_*.csv"))
        texts = {_number(name): text for name, text in found}
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if "Load_profile_" in name and name.endswith(".csv")]
                texts = {_number(name): archive.read(name).decode() for name in names}
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path} is neither a folder nor a ZIP file") from error
    if not texts:
        raise ValueError(f"{path} holds no Load_profile_N.csv")
    shapes = []
    for number in sorted(texts):
        lines = list(csv.reader(io.StringIO(texts[number])))[1:]
        if len(lines) != MINUTES:
            raise ValueError(f"Load_profile_{number}.csv of {path} has {len(lines)} minutes, a day has {MINUTES}")
        shapes.append([float(line[1]) for line in lines])
    return np.array(shapes)


class Feeder:
    """The network. Not for several threads at once."""

    def __init__(self, shapes: F64 | None, loads: Sequence[Load], local: LocalTime, seed: int) -> None:
        """Read the network.

        Raises:
            MissingExtraError: pandapower isn't installed.
            ValueError: a load is at no bus or phase of it, or there are fewer shapes than homes.
        """
        networks = need("pandapower.networks", _EXTRA)
        self._solve = need("pandapower", _EXTRA).runpp_3ph
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = [networks.ieee_european_lv_asymmetric(name) for name in _SNAPSHOTS]
        self._net: Any = known[0]
        drawn = sum(_phases(net.asymmetric_load, "p") for net in known)
        self.phase: I64 = np.argmax(drawn, axis=1)
        self.bus: I64 = self._net.asymmetric_load["bus"].to_numpy(np.int64)
        self.buses = len(self._net.bus)
        self.volts = self._net.bus["vn_kv"].to_numpy(float) * 1000.0 / np.sqrt(3.0)
        self.head = int(self._net.trafo["lv_bus"].iloc[0])
        self.kva = float(self._net.trafo["sn_mva"].iloc[0]) * 1000.0
        self._local, self._shapes = local, shapes
        self._noise = Noise(seed, [f"home-{k}" for k in range(len(self.bus))])
        if shapes is not None and len(shapes) < len(self.bus):
            raise ValueError(f"there are {len(shapes)} shapes for {len(self.bus)} homes")
        for load in loads:
            if not self.head <= load.bus < self.buses or load.phase not in PHASES:
                raise ValueError(
                    f"there is no phase {load.phase!r} at bus {load.bus}: buses are {self.head} to {self.buses - 1}, "
                    "phases a, b, c"
                )
        self._loads = tuple(loads)
        self._put_loads()

    def at(self, ts: int) -> Flow:
        """The network at a time.

        Raises:
            ValueError: it has no solution, as when too much is drawn.
        """
        table, homes = self._net.asymmetric_load, len(self.bus)
        drawn = self._drawn(ts)
        power = np.zeros((homes + len(self._loads), 3))
        power[np.arange(homes), self.phase] = drawn / 1000.0
        for k, load in enumerate(self._loads, homes):
            on = ts >= load.start and (not load.end or ts < load.end)
            power[k, PHASES.index(load.phase)] = load.kw / 1000.0 if on else 0.0
        for k, phase in enumerate(PHASES):
            table[f"p_{phase}_mw"] = power[:, k]
            table[f"q_{phase}_mvar"] = power[:, k] * _TAN
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._solve(self._net, numba=False)
            except Exception as error:  # pandapower raises its own and those of numpy
                raise ValueError(f"the feeder has no solution: {type(error).__name__} {error}".rstrip()) from error
        bus, trafo = self._net.res_bus_3ph, self._net.res_trafo_3ph
        size, turned = _each(bus, "vm_{}_pu"), np.exp(1j * np.deg2rad(_each(bus, "va_{}_degree")))
        if not (size > _LEAST).all():
            raise ValueError("the feeder has no solution: more is drawn than it can carry")
        return Flow(
            ts, size * self.volts[:, None] * turned, _each(trafo, "i_{}_lv_ka")[0] * 1000.0,
            -_each(trafo, "p_{}_lv_mw")[0] * 1000.0, -_each(trafo, "q_{}_lv_mvar")[0] * 1000.0, drawn,
        )  # fmt: skip

    def _put_loads(self) -> None:
        create = need("pandapower", _EXTRA).create_asymmetric_load
        for k, load in enumerate(self._loads):
            create(self._net, load.bus, p_a_mw=0.0, p_b_mw=0.0, p_c_mw=0.0, name=f"put-{k}")

    def _drawn(self, ts: int) -> F64:
        """kW of each home in the minute of `ts`."""
        moment = np.array([ts])
        if self._shapes is not None:
            minute = int((self._local.of(moment)[0] % DAY) // MINUTE)
            return self._shapes[: len(self.bus), minute]
        homes = np.arange(len(self.bus))
        times = np.full(len(homes), ts)
        size = 0.5 + 2.0 * self._noise.fixed("size")
        steady = size * evening_load(self._local.hour(times), np.ones(len(homes)))
        kettle = self._noise.uniform("kettle", homes, times // (5 * MINUTE)) < 0.03
        oven = self._noise.uniform("oven", homes, times // HOUR) < 0.04
        drawn: F64 = steady + 2.2 * kettle + 3.0 * oven
        return drawn


def _phases(table: Any, letter: str) -> F64:
    values: F64 = table[[f"{letter}_{phase}_mw" for phase in PHASES]].to_numpy(float)
    return values


def _each(table: Any, template: str) -> F64:
    """(rows, 3) of the columns of the phases."""
    values: F64 = table[[template.format(phase) for phase in PHASES]].to_numpy(float)
    return values


def _number(name: str) -> int:
    text = name.rsplit("_", 1)[-1].removesuffix(".csv")
    if not text.isdigit():
        raise ValueError(f"{name} is no Load_profile_N.csv")
    return int(text)
