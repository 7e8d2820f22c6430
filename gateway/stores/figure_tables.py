"""The figures that there are, in records.db: of each its newest value, its unit and zone. Their past is in the stores.

Functions run inside the caller's transaction. One row a (condition, asset, name): as many as there are of these.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from gateway.engine.figures import Figure
from gateway.stores.figures import figure_id, last_words

__all__ = ["FIGURE_SCHEMA", "FigureFilter", "add_figures", "find_figures"]

FIGURE_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS figures(condition TEXT NOT NULL, asset TEXT NOT NULL, zone TEXT NOT NULL, "
    "name TEXT NOT NULL, unit TEXT NOT NULL, ts INTEGER NOT NULL, value REAL NOT NULL, "
    "PRIMARY KEY (condition, asset, name)) WITHOUT ROWID",
)
_COLUMNS = ", ".join(Figure.__struct_fields__)


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which figures; what is empty doesn't narrow. `limit` takes the first."""

    condition: str = ""
    assets: Sequence[str] = ()
    name: str = ""
    zone: str = ""
    zones: Sequence[str] = ()
    after: Sequence[str] = ()
    """Behind this (condition, asset, name)."""
    limit: int = 1_000


def add_figures(db: sqlite3.Connection, figures: Iterable[Figure]) -> None:
    """The newest value stands; of the same time the later word."""
    newest: dict[tuple[str, ...], Figure] = {}
    for each in last_words(figures):
        key = figure_id(each)
        if key not in newest or each.ts >= newest[key].ts:
            newest[key] = each
    db.executemany(
        f"INSERT INTO figures({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
        "ON CONFLICT(condition, asset, name) DO UPDATE SET zone = excluded.zone, unit = excluded.unit, "
        "ts = excluded.ts, value = excluded.value WHERE excluded.ts >= ts",
        [msgspec.structs.astuple(each) for each in newest.values()],
    )


def find_figures(db: sqlite3.Connection, which: FigureFilter) -> list[Figure]:
    """The chosen figures with their newest values, by condition, asset and name."""
    terms, values = ["1"], list[object]()
    for column, value in (("condition", which.condition), ("name", which.name), ("zone", which.zone)):
        if value:
            terms.append(f"{column} = ?")
            values.append(value)
    if which.zones:
        terms.append("zone IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.zones)).decode())
    if which.after:
        terms.append("(condition, asset, name) > (?, ?, ?)")
        values += which.after
    if which.assets:
        terms.append("asset IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.assets)).decode())
    query = (
        f"SELECT {_COLUMNS} FROM figures WHERE {' AND '.join(terms)} "  # noqa: S608
        "ORDER BY condition, asset, name LIMIT ?"
    )
    return [Figure(*row) for row in db.execute(query, (*values, max(which.limit, 0)))]
