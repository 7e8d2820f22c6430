"""A page of columns as the web process holds it: an Arrow table, the names of its series, and where the next begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from gateway.runtime.wire import METADATA

__all__ = ["ColumnPage", "Named", "page_of", "page_of_table"]


class Named(msgspec.Struct, frozen=True, array_like=True):
    """A series and what is known of it."""

    device: str
    quantity: str
    profile: str
    unit: str


class _About(msgspec.Struct, frozen=True):
    store: str
    start: int
    end: int
    next: int | None
    names: list[Named]


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """Readings (series, ts, value, flag, why) or windows (series, step, start, revision, statistics, pending).

    By series and time; `series` indexes `names`. Times are UTC ns.
    """

    table: pa.Table
    names: Sequence[Any]
    """What `series` means: `Named`, or what stands in its place."""
    store: str
    start: int
    end: int
    next: int | None
    """From when on there is more; None: this is all."""

    def __len__(self) -> int:
        return int(self.table.num_rows)


def page_of(body: bytes) -> ColumnPage:
    """Read an Arrow stream of the control door."""
    with pa.ipc.open_stream(body) as reader:
        return page_of_table(reader.read_all())


def page_of_table(table: pa.Table) -> ColumnPage:
    """The same of what the desk gives."""
    about = msgspec.json.decode(table.schema.metadata[METADATA], type=_About)
    return ColumnPage(table.replace_schema_metadata(None), about.names, about.store, about.start, about.end, about.next)
