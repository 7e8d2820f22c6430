"""Electricity transformer data (ETDataset): `date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT`, hourly or quarter-hourly.

The publisher names the loads of three levels without a unit; oil temperature is degC (Zhou et al., Informer, 2021).
"""

from collections.abc import Sequence
from pathlib import Path

from device_sims.replay.delimited import Dialect, read_delimited
from device_sims.replay.table import Column, Spec, Table

__all__ = ["open_ett"]

HEADER = ("date", "HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def open_ett(path: Path, head: Sequence[Sequence[str]]) -> Table | None:
    """The table, or None where it is something else."""
    if not head or tuple(head[0]) != HEADER:
        return None
    columns = {name.lower(): Column(name, "1") for name in HEADER[1:-1]} | {"oil": Column("OT", "Cel")}
    device = Spec(path.name.partition(".")[0].lower(), "series/ett", columns)
    dialect = Dialect(",", (0,), tuple(range(1, len(HEADER))))
    return Table(path, "ETT", HEADER[1:], True, lambda: read_delimited(path, dialect), (device,))
