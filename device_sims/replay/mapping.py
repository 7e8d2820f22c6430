"""Which column is which device and quantity: by a TOML file, by options, or as the format says itself.

kind = "water-flow"              # for all devices that name none; a built-in kind, or series/NAME of your own
zone = "dma-north"

[[devices]]
id = "flow-17"
file = "flows.csv"               # may be left out where the column is in one file only
at = "inlet"                     # inlet, outlet, tank of a metered area; critical: inside it; may be left out
columns = { flow = { column = "F17", unit = "l/s" } }
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from device_sims.replay.table import Column, Spec, Table
from device_sims.sources.payloads import Kind, kind_of
from device_sims.sources.units import canonical

__all__ = ["Mapped", "map_tables", "read_mapping"]

_TOP = {"kind", "zone", "devices"}
_DEVICE = {"id", "file", "kind", "zone", "at", "columns", "facts"}
_PLACES = ("", "inlet", "outlet", "tank", "critical")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A device with its kind: for each quantity the column's place in the table, and canonical units a unit of it."""

    spec: Spec
    kind: Kind
    places: Mapping[str, tuple[int, float]]


def read_mapping(path: Path) -> tuple[list[tuple[str, Spec]], str]:
    """Devices of a TOML file with the name of the file that each is in ("": any), and the zone of all.

    Raises:
        ValueError: something is wrong in it; says where.
        OSError: it can't be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    _known(document, _TOP, str(path))
    zone = str(document.get("zone", ""))
    devices = document.get("devices", [])
    if not isinstance(devices, list) or not devices:
        raise ValueError(f"{path}: there are no [[devices]]")
    return [_device(table, document, f"{path}: devices[{k}]") for k, table in enumerate(devices)], zone


def from_option(table: Table, kind: str, quantity: str, unit: str) -> list[Spec]:
    """A device for each column of a table."""
    only = len(table.columns) == 1
    stem = table.path.name.partition(".")[0]
    return [Spec(_slug(stem if only else name), kind, {quantity: Column(name, unit)}) for name in table.columns]


def map_tables(
    tables: Sequence[Table], listed: Sequence[tuple[str, Spec]], zone: str,
    option: tuple[str, str, str] | None = None,
) -> list[list[Mapped]]:  # fmt: skip
    """The devices of each table. `listed` go before `option` (kind, quantity, unit), and this before the format's own.

    Raises:
        ValueError: a table has no devices, a column isn't there, a unit doesn't fit, two devices have one name.
    """
    for file, spec in listed:
        if not any(_holds(table, file, spec) for table in tables):
            where = file or " or ".join(str(table.path) for table in tables)
            raise ValueError(f"device {spec.id}: {where} has no {', '.join(c.name for c in spec.columns.values())}")
    out, seen = [], set[str]()
    for table in tables:
        specs = [spec for file, spec in listed if _holds(table, file, spec)]
        if not listed:
            specs = list(table.devices) if option is None else from_option(table, *option)
        if not specs and not listed:
            raise ValueError(
                f"{table.path} is {table.format} with the columns {', '.join(table.columns)}: say what they are by "
                "--map FILE.toml, or by --kind, --quantity and --unit where all are the same"
            )
        mapped = [_mapped(table, spec if spec.zone else replace(spec, zone=zone)) for spec in specs]
        for each in mapped:
            if each.spec.id in seen:
                raise ValueError(f"two devices are called {each.spec.id}; give them names by --map FILE.toml")
            seen.add(each.spec.id)
        out.append(mapped)
    return out


def _holds(table: Table, file: str, spec: Spec) -> bool:
    there = {column.name for column in spec.columns.values()} <= set(table.columns)
    return there and file in ("", table.path.name, str(table.path))


def _mapped(table: Table, spec: Spec) -> Mapped:
    units: dict[str, str] = {}
    places: dict[str, tuple[int, float]] = {}
    try:
        for quantity, column in spec.columns.items():
            units[quantity], factor = canonical(column.unit)
            places[quantity] = (table.columns.index(column.name), factor)
        return Mapped(spec, kind_of(spec.kind, units), places)
    except ValueError as error:
        raise ValueError(f"device {spec.id}: {error}") from error


def _device(table: Any, document: Mapping[str, Any], where: str) -> tuple[str, Spec]:
    if not isinstance(table, dict):
        raise ValueError(f"{where} is no table")
    _known(table, _DEVICE, where)
    kind = str(table.get("kind", document.get("kind", "")))
    if not kind or "id" not in table:
        raise ValueError(f"{where} has no {'kind' if 'id' in table else 'id'}")
    columns = table.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise ValueError(
            f'{where}.columns says which column is which quantity: {{ flow = {{ column = "F", unit = "l/s" }} }}'
        )
    if (at := str(table.get("at", ""))) not in _PLACES:
        raise ValueError(f"{where}.at {at!r} is none of inlet, outlet, tank, critical")
    read: dict[str, Column] = {}
    for quantity, column in columns.items():
        if not isinstance(column, dict) or set(column) != {"column", "unit"}:
            raise ValueError(f"{where}.columns.{quantity} must have `column` and `unit`")
        read[quantity] = Column(str(column["column"]), str(column["unit"]))
    facts = {str(name): float(value) for name, value in dict(table.get("facts", {})).items()}
    return str(table.get("file", "")), Spec(_slug(str(table["id"])), kind, read, str(table.get("zone", "")), at, facts)


def _known(table: Mapping[str, Any], keys: set[str], where: str) -> None:
    if unknown := table.keys() - keys:
        raise ValueError(f"{where}: {min(unknown)} is not known; there are {', '.join(sorted(keys))}")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "device"
