"""UCI's household power (data set 235): one home a minute, d/m/yyyy, `;` between cells, `?` where nothing was measured.

Excerpts with other separators and a column of row numbers are read too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from device_sims.replay.delimited import Dialect, read_delimited, separator_of
from device_sims.replay.table import Column, Spec, Table, whole_ns

__all__ = ["open_uci"]

_UNITS = {"global_active_power": ("p", "kW"), "voltage": ("u", "V")}


def open_uci(path: Path, head: Sequence[Sequence[str]]) -> Table | None:
    """The table, or None where it is something else."""
    header = [name.strip().lower() for name in head[0]] if head else []
    if not {"date", "time", *_UNITS} <= set(header):
        return None
    names = tuple(name for name in header if name and name not in {"date", "time"})
    values = tuple(header.index(name) for name in names)
    dialect = Dialect(separator_of(path), (header.index("date"), header.index("time")), values, when=_when)
    columns = {quantity: Column(name, unit) for name, (quantity, unit) in _UNITS.items()}
    return Table(
        path, "UCI household", names, True, lambda: read_delimited(path, dialect),
        (Spec("household", "household-meter", columns),),
    )  # fmt: skip


def _when(text: str) -> tuple[int, bool]:
    return whole_ns(datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)), True
