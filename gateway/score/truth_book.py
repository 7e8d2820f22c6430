"""What was sent beside what is stored, in a DuckDB file of its own: memory is bounded, however long the run was.

    sent-*.parquet --the rules of expected.json--> want      a row a (device, quantity, ts) that ought to be stored
    a store, in pieces ----------------------------> stored, windows, copies, registry

`want` says of each reading whether it surely must be there (`must`), surely not (`refused`), or may be: where the
broker's acknowledgement was lost, or the receipt at the edge of the clock gate isn't known to the millisecond.
"""

# ruff: noqa: S608 - what is put into SQL text are numbers and names of our own
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from gateway.score.truth_run import TruthRun

__all__ = ["TOLERANCE", "Gate", "TruthBook", "same"]

TOLERANCE = 1e-12
"""Relative: a value on the wire times its factor may differ in the last bits."""
_MEMORY = "1GB"
_DAY = 86_400_000_000_000


class Gate(NamedTuple):
    """Which times a gateway takes: ns ahead of receipt, and ns behind it."""

    max_ahead: int
    late_horizon: int


def same(one: str, other: str) -> str:
    """SQL: two values are equal within the tolerance, or neither is known."""
    close = f"abs({one} - {other}) <= {TOLERANCE} * greatest(abs({one}), abs({other}))"
    return f"(({one} IS NULL AND {other} IS NULL) OR coalesce({close}, false))"


class TruthBook:
    """Made for one score. `db` has the tables named above once everything was added."""

    going_on = False
    """The gateway was running while it was read, device by device in order of their names."""

    def __init__(self, run: TruthRun, gate: Gate) -> None:
        self.run = run
        self._folder = tempfile.TemporaryDirectory(prefix="score-")
        self.db = duckdb.connect(str(Path(self._folder.name) / "book.duckdb"))
        self.db.execute(f"SET memory_limit = '{_MEMORY}'")
        self.db.execute("SET preserve_insertion_order = false")
        self._want(gate)
        devices = run.table("devices")
        self._insert("CREATE TABLE devices AS FROM rows", devices)
        self.db.execute("""
            CREATE TABLE stored (device VARCHAR, quantity VARCHAR, ts BIGINT, value DOUBLE, flag UTINYINT);
            CREATE TABLE windows (device VARCHAR, quantity VARCHAR, step INTEGER, "start" BIGINT, count DOUBLE,
                                  min DOUBLE, max DOUBLE, mean DOUBLE, pending BOOLEAN);
            CREATE TABLE copies (device VARCHAR, quantity VARCHAR, ts BIGINT, copies BIGINT);
            CREATE TABLE registry (device VARCHAR, zone VARCHAR);
        """)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()
        self._folder.cleanup()

    def _want(self, gate: Gate) -> None:
        story, rules = self.run.story, self.run.rules
        origin, start, speed = int(story["origin"]), int(story["start"]), float(story["speed"])
        held = 0 if story["receipt"] == "recorded" else round(rules["held_secs"] * 1e9)
        earliest, latest, sure = "sent_at", f"coalesce(acked_at, sent_at) + {held}", "true"
        if story["receipt"] == "unknown":
            earliest, latest, sure = f"due - {_DAY}", f"due + {_DAY}", "false"
        elif story["receipt"] == "city":
            earliest, latest = (f"{origin} + (({each} - {start}) * {speed})::BIGINT" for each in (earliest, latest))
        rejecting = "[" + ", ".join(f"'{name}'" for name in rules["rejecting"]) + "]"
        files = str(self.run.folder / "sent-*.parquet").replace("'", "''")
        ahead, horizon = gate
        self.db.execute(f"CREATE VIEW sent AS SELECT *, string_split(fault, '+') AS faults FROM '{files}'")
        self.db.execute(f"""
            CREATE TABLE want AS
            WITH judged AS (
                SELECT *, {sure} AND (ts > {latest} + {ahead} OR ts < {earliest} - {horizon}) AS refused,
                       ts > {earliest} + {ahead} OR ts < {latest} - {horizon} AS unsure
                FROM sent WHERE quantity IS NOT NULL AND NOT list_has_any(faults, {rejecting})
            )
            SELECT device, quantity, ts, any_value(profile) AS profile, min(value) AS low, max(value) AS high,
                   bool_or(value IS NULL) AS nothing, count(DISTINCT value) > 2 AS various, count(*) AS times,
                   bool_and(refused) AS refused, NOT bool_or(unsure) AND NOT bool_and(acked_at IS NULL) AS must,
                   max(fault) AS fault
            FROM judged GROUP BY device, quantity, ts
        """)
        self.db.execute(f"CREATE TABLE astray AS SELECT DISTINCT unnest(string_split(topic, '/')) AS device FROM sent "
                        f"WHERE list_contains(faults, '{rules['astray']}')")  # fmt: skip

    def add_readings(self, rows: pa.Table) -> None:
        """Stored ones: device, quantity, ts, value (null or NaN: missing), flag."""
        self._insert("INSERT INTO stored SELECT device, quantity, ts, CASE WHEN isnan(value) THEN NULL ELSE value END, "
                     "flag FROM rows", rows)  # fmt: skip

    def add_windows(self, rows: pa.Table) -> None:
        """Stored aggregates: device, quantity, step (s), start, count, min, max, mean, pending."""
        self._insert('INSERT INTO windows SELECT device, quantity, step, "start", count, min, max, mean, pending '
                     "FROM rows", rows)  # fmt: skip

    def add_copies(self, rows: pa.Table) -> None:
        """Readings that the database holds more than once: device, quantity, ts, copies."""
        self._insert("INSERT INTO copies SELECT device, quantity, ts, copies FROM rows", rows)

    def add_registry(self, devices: Iterable[tuple[str, str]]) -> None:
        """Where the gateway believes its devices to be: device, zone."""
        every = list(devices)
        names, zones = ([pair[place] for pair in every] for place in (0, 1))
        table = pa.table({"device": pa.array(names, pa.string()), "zone": pa.array(zones, pa.string())})
        self._insert("INSERT INTO registry FROM rows", table)

    def _insert(self, sql: str, rows: pa.Table) -> None:
        self.db.register("rows", rows)
        try:
            self.db.execute(sql)
        finally:
            self.db.unregister("rows")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer as dictionaries."""
        cursor = self.db.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def number(self, sql: str) -> int:
        """The answer's one number."""
        row = self.db.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0
