"""The BattLeDIM 2019 year: what the meters of L-TOWN said, which leaks there were, and how much each let out.

    battledim_2019_flows.csv       Timestamp;p227;p235;PUMP_1      two inlets, and the pump to tank T1: m3/h
    battledim_2019_levels.csv      Timestamp;T1                    its level: m
    battledim_leakages_info.csv.txt   pipe, start, end, diameter, abrupt|incipient, peak
    battledim_2019_leak_flow_truth.npz   leak_flow (samples, leaks) m3/h, pipes

5-minute samples, ';' between columns, decimal comma; times are L-TOWN's local time without a zone. Source: Vrachimis et
al., BattLeDIM (Zenodo 4017659). Truth and measurements leave this file apart, so that a detector is shown one only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gateway.errors import CommandError
from processors.columns import F64

__all__ = ["DAY", "SAMPLE", "TANK_AREA", "Leak", "Year", "read_year"]

SAMPLE = 5
"""Minutes."""
DAY = 24 * 60 // SAMPLE
TANK_AREA = float(np.pi * 8.0**2)
"""m2; T1 is 16 m wide (L-TOWN.inp)."""
BEHIND_TANK = frozenset({"p257", "p277", "p280"})
"""Pipes with a leak in the part of the network that only PUMP_1 and T1 feed, by the links of L-TOWN.inp."""

_FLOWS, _LEVELS = "battledim_2019_flows.csv", "battledim_2019_levels.csv"
_TRUTH, _LEAKS = "battledim_2019_leak_flow_truth.npz", "battledim_leakages_info.csv.txt"
_REMEDY = "The folder's SOURCES.md says where these files come from."


@dataclass(frozen=True, slots=True)
class Leak:
    """One leak: days are counted from the year's first midnight, fractions included."""

    pipe: str
    kind: str
    start: float
    end: float
    behind_tank: bool
    flow: F64
    """(samples,) m3/h: the truth."""


@dataclass(frozen=True, slots=True)
class Year:
    """Measurements (samples,) from midnight of `first` on, whole days; and the truth about them in `leaks`."""

    first: datetime
    net_inflow: F64
    pump: F64
    level: F64
    leaks: tuple[Leak, ...]

    @property
    def days(self) -> int:
        """Whole days."""
        return len(self.level) // DAY

    def date(self, day: int) -> str:
        """The date of a day counted from the first."""
        return f"{self.first + timedelta(days=day):%Y-%m-%d}"


def read_year(directory: Path) -> Year:
    """Read the four files of `directory`; what is missing or different is a CommandError."""
    first, flows = _read_columns(directory / _FLOWS, ("p227", "p235", "PUMP_1"))
    _, levels = _read_columns(directory / _LEVELS, ("T1",))
    samples = len(flows["p227"])
    if samples % DAY or not samples:
        raise CommandError(f"{_FLOWS} has {samples} samples, which are no whole days.", _REMEDY)
    if len(levels["T1"]) != samples:
        raise CommandError(f"{_LEVELS} has {len(levels['T1'])} samples, {_FLOWS} {samples}.", _REMEDY)
    inflow = flows["p227"] + flows["p235"] - flows["PUMP_1"]
    return Year(first, inflow, flows["PUMP_1"], levels["T1"], _read_leaks(directory, first, samples))


def _read_columns(path: Path, names: tuple[str, ...]) -> tuple[datetime, dict[str, F64]]:
    types = {"Timestamp": pa.timestamp("s"), **dict.fromkeys(names, pa.float64())}
    try:
        table = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=";"),
            convert_options=csv.ConvertOptions(decimal_point=",", column_types=types, include_columns=list(types)),
        )
    except OSError as error:
        raise CommandError(f"Can't read {path}: {error.strerror or error}.", _REMEDY) from error
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise CommandError(f"{path.name} is not as expected: {error}", _REMEDY) from error
    times = table["Timestamp"].to_numpy().astype("datetime64[s]").astype(np.int64)
    if len(times) and (times[0] % 86_400 or np.any(np.diff(times) != SAMPLE * 60)):
        raise CommandError(f"{path.name} does not begin at midnight, or skips: one sample each 5 minutes.", _REMEDY)
    begins = datetime.fromtimestamp(int(times[0]), UTC) if len(times) else datetime.fromtimestamp(0, UTC)
    return begins, {name: table[name].to_numpy().astype(np.float64) for name in names}


def _read_leaks(directory: Path, first: datetime, samples: int) -> tuple[Leak, ...]:
    try:
        with np.load(directory / _TRUTH) as truth:
            flow, pipes = truth["leak_flow"].astype(np.float64), [str(pipe) for pipe in truth["pipes"]]
        lines = (directory / _LEAKS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"Can't read the truth: {error}.", _REMEDY) from error
    except (KeyError, ValueError) as error:
        raise CommandError(f"{_TRUTH} is not as expected: {error}.", _REMEDY) from error
    if flow.shape != (samples, len(pipes)):
        raise CommandError(f"{_TRUTH} has leak_flow {flow.shape}, expected {(samples, len(pipes))}.", _REMEDY)
    found = []
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        try:
            pipe, start, end, _, kind, _ = (cell.strip() for cell in line.split(","))
            days = [(datetime.strptime(t, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - first) for t in (start, end)]
            at = pipes.index(pipe)
        except ValueError as error:
            raise CommandError(f"{_LEAKS}: {line!r} is not as expected: {error}.", _REMEDY) from error
        one_day = timedelta(days=1)
        found.append(
            Leak(
                pipe, kind, days[0] / one_day, days[1] / one_day, pipe in BEHIND_TANK, np.ascontiguousarray(flow[:, at])
            )
        )
    return tuple(found)
