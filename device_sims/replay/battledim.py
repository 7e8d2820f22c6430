"""BattLeDIM's SCADA files: `Timestamp;p227;...` with decimal commas. Links p.. are m3/h, nodes n.. and tanks T.. are m.

Source: Vrachimis et al., Battle of the Leakage Detection and Isolation Methods (Zenodo 4017659). Of L-TOWN it is known
which meters stand where: p227 and p235 at its two reservoirs, T1 in the area, 16 m wide and 4 m deep (L-TOWN.inp).
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path

from device_sims.replay.delimited import Dialect, read_delimited
from device_sims.replay.table import Column, Spec, Table

__all__ = ["open_battledim"]

_ZONE, _INSIDE = "dma-ltown", "dma-pumps"
_INLETS = ("p227", "p235")
_TANKS = {"T1": {"m3": math.pi * 8.0**2 * 4.0, "height_m": 4.0}}
_FLOW, _LEVEL, _HEAD = r"(p\d+|pump_\d+)", r"t\d+", r"n\d+"


def open_battledim(path: Path, head: Sequence[Sequence[str]]) -> Table | None:
    """The table, or None where it is something else."""
    header = [name.strip() for name in head[0]] if head else []
    known = f"{_FLOW}|{_LEVEL}|{_HEAD}"
    if len(header) < 2 or header[0] != "Timestamp" or not all(re.fullmatch(known, h.lower()) for h in header[1:]):
        return None
    dialect = Dialect(";", (0,), tuple(range(1, len(header))), comma=True)
    devices = tuple(_device(name) for name in header[1:])
    return Table(path, "BattLeDIM", tuple(header[1:]), True, lambda: read_delimited(path, dialect), devices)


def _device(name: str) -> Spec:
    text = name.lower()
    device = text.replace("_", "-")
    if re.fullmatch(_FLOW, text):
        columns = {"flow": Column(name, "m3/h")}
        if name in _INLETS:
            return Spec(device, "water-flow", columns, _ZONE, "inlet")
        return Spec(device, "water-flow", columns, _INSIDE, "critical")  # else the balance would count it twice
    if re.fullmatch(_LEVEL, text):
        facts = _TANKS.get(name, {})
        return Spec(device, "reservoir-level", {"level": Column(name, "m")}, _ZONE, "tank" if facts else "", facts)
    return Spec(device, "water-pressure", {"pressure": Column(name, "mH2O")}, _ZONE)
