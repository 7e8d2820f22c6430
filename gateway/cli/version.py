"""`cityloom version`: which versions run here, for bug reports."""

import platform
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from gateway.cli.output import console, print_json

__all__ = ["version", "versions"]

_PARTS = (
    "cityloom", "numpy", "pyarrow", "duckdb", "influxdb-client", "mqtt5", "iotcore", "msgspec", "pydantic", "h3",
    "uvloop", "cyclopts",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions by part; a part that is not installed has none."""
    found = {"python": platform.python_version(), "system": f"{sys.platform} {platform.machine()}"}
    for part in _PARTS:
        try:
            found[part] = installed(part)
        except PackageNotFoundError:
            found[part] = "not installed"
    return found


def version(*, json: Annotated[bool, Parameter(negative="", show_default=False)] = False) -> None:
    """Show the versions of CityLoom and of what it stands on.

    Parameters
    ----------
    json
        One JSON object as the last line.
    """
    found = versions()
    if json:
        print_json(found)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for part, number in found.items():
        table.add_row(part, number)
    console().print(table)
