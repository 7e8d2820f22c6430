"""Numenta Anomaly Benchmark: `timestamp,value`. The file's name says what was measured (data/README.md of NAB)."""

import re
from collections.abc import Sequence
from pathlib import Path

from device_sims.replay.delimited import Dialect, read_delimited
from device_sims.replay.table import Column, Spec, Table

__all__ = ["open_nab"]

_KINDS = {
    "speed": ("segment-speed", "speed", "mph"),
    "occupancy": ("loop-detector", "occupancy", "%"),
    "traveltime": ("series/travel-time", "travel_time", "s"),
}


def open_nab(path: Path, head: Sequence[Sequence[str]]) -> Table | None:
    """The table, or None where it is something else; a file of another subject is left to who maps it."""
    if not head or [name.strip().lower() for name in head[0]] != ["timestamp", "value"]:
        return None
    stem = path.name.partition(".")[0].lower()
    found = _KINDS.get(stem.partition("_")[0])
    devices: tuple[Spec, ...] = ()
    if found is not None:
        kind, quantity, unit = found
        devices = (Spec(re.sub(r"[^a-z0-9]+", "-", stem), kind, {quantity: Column("value", unit)}),)
    return Table(path, "NAB", ("value",), True, lambda: read_delimited(path, Dialect(",", (0,), (1,))), devices)
