"""The expected ledger: what a gateway ought to count, from what was sent and the rules of `truth_rules.py`.

A figure is a pair [least, most]: the two are equal unless something outside decides, such as what a broker made of a
publication whose acknowledgement was lost, or when a gateway received a reading at the edge of its clock gate.

    publications    sent = decoded + ignored + rejected; ignored: no reading and no fault, so none by design
    readings        carried by decoded ones = stored once + repeated + quarantined + expired;  beside them: invalid

DuckDB groups the rows, and spills what does not fit: memory is bounded however long the run was.
"""

# ruff: noqa: S608 - what is put into SQL text are numbers and names of our own
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from device_sims.truth.rules import (
    ASTRAY,
    DOMAINS,
    EXPLAINS,
    LATE,
    LATE_HORIZON_SECS,
    MAX_AHEAD_SECS,
    REJECTING,
    RULES,
    SPOILS_ONE,
)

__all__ = ["write_expected"]

HELD_SECS = 60.0
"""Real seconds that a broker may keep a message before a gateway has it."""
_MEMORY = "512MB"
_DAY = 86_400_000_000_000


def write_expected(folder: Path, run: dict[str, Any]) -> dict[str, Any]:
    """Write `expected.json` and `faults.parquet` beside the complete parts of a run; gives the former.

    Args:
        run: what `run.json` says.
    """
    with tempfile.TemporaryDirectory(prefix="truth-") as spill, duckdb.connect() as db:
        db.execute(f"SET memory_limit = '{_MEMORY}'")
        db.execute("SET temp_directory = ?", [spill])
        db.execute("SET preserve_insertion_order = false")
        _view(db, folder, run)
        _write_faults(db, folder)
        expected = {
            "rules": {
                "max_ahead_secs": MAX_AHEAD_SECS, "late_horizon_secs": LATE_HORIZON_SECS, "held_secs": HELD_SECS,
                "rejecting": {name: list(reasons) for name, reasons in REJECTING.items()}, "astray": ASTRAY,
                "explains": {
                    name: {"conditions": list(conditions), "after_secs": after}
                    for name, (conditions, after) in EXPLAINS.items()
                },
                "domains": {profile: list(beginnings) for profile, beginnings in DOMAINS.items()},
            },
            "messages": _messages(db, int(run["counts"]["resent"])),
            "readings": _readings(db, int(run["counts"]["resent"])),
            "by_fault": _by_fault(db),
        }  # fmt: skip
        if "sessions" in run:
            expected["sessions"] = run["sessions"]
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    return expected


def _view(db: duckdb.DuckDBPyConnection, folder: Path, run: dict[str, Any]) -> None:
    """`sent`: each row with its outcome; `judged`: decoded readings, with what the clock gate makes of them."""
    origin, start, speed = int(run["origin"]), int(run["start"]), float(run["speed"])
    held = 0 if run["receipt"] == "recorded" else round(HELD_SECS * 1e9)
    earliest, latest = "sent_at", f"coalesce(acked_at, sent_at) + {held}"
    if run["receipt"] == "unknown":
        earliest, latest = f"due - {_DAY}", f"due + {_DAY}"
    elif run["receipt"] == "city":
        earliest, latest = (f"{origin} + (({each} - {start}) * {speed})::BIGINT" for each in (earliest, latest))
    db.execute(f"""
        CREATE VIEW sent AS
        SELECT device, quantity, ts, value, fault, due, message, filename AS file, acked_at,
               string_split(fault, '+') AS faults,
               list_has_any(string_split(fault, '+'), {_texts(REJECTING)}) AS rejected,
               list_contains(string_split(fault, '+'), '{ASTRAY}') AND NOT rejected AS astray,
               {earliest} AS earliest, {latest} AS latest
        FROM read_parquet('{_quoted(folder / "sent-*.parquet")}', filename = true)
    """)
    ahead, horizon = round(MAX_AHEAD_SECS * 1e9), round(LATE_HORIZON_SECS * 1e9)
    sure = "false" if run["receipt"] == "unknown" else "true"
    db.execute(f"""
        CREATE VIEW judged AS
        SELECT *, {sure} AND ts > latest + {ahead} AS surely_ahead, ts > earliest + {ahead} AS maybe_ahead,
               {sure} AND ts < earliest - {horizon} AS surely_old, ts < latest - {horizon} AS maybe_old
        FROM sent WHERE NOT rejected AND quantity IS NOT NULL
    """)


def _write_faults(db: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Faults that last, from their spans; those of single messages from the messages, which are their own moments."""
    db.execute(f"""
        COPY (
            WITH lasting AS (FROM read_parquet('{_quoted(folder / "spans-*.parquet")}')),
            single AS (
                SELECT device, unnest(faults) AS fault, message, file, any_value(due) AS due
                FROM sent WHERE fault <> '' GROUP BY device, faults, message, file
            )
            FROM lasting UNION ALL BY NAME
            SELECT device, fault, due AS "start", due + 1 AS "end", NULL::DOUBLE AS size FROM single
            WHERE (device, fault) NOT IN (SELECT (device, fault) FROM lasting)
            ORDER BY device, fault, "start"
        ) TO '{_quoted(folder / "faults.parquet")}' (FORMAT parquet, COMPRESSION zstd)
    """)


def _messages(db: duckdb.DuckDBPyConnection, resent: int) -> dict[str, Any]:
    publications = """
        SELECT file, message, any_value(faults) AS faults, bool_or(acked_at IS NULL OR astray) AS open,
               any_value(rejected) AS rejected, any_value(fault) = '' AND count(quantity) = 0 AS silent
        FROM sent GROUP BY file, message
    """
    sent, unsure = _row(db, f"SELECT count(*), count(*) FILTER (open) FROM ({publications})")
    # one that was sent again may have come twice, and one that was not acknowledged, or went astray, not at all
    least, spare = sent - unsure, resent
    by_reason: dict[tuple[str, ...], list[int]] = {}
    for name, reasons in REJECTING.items():
        before = list(REJECTING)[: list(REJECTING).index(name)]
        first = f"AND NOT list_has_any(faults, {_texts(before)})" if before else ""
        mine, open_ = _row(
            db,
            f"SELECT count(*), count(*) FILTER (open) FROM ({publications}) "
            f"WHERE list_contains(faults, '{name}') {first}",
        )
        span = by_reason.setdefault(reasons, [0, 0])
        span[0] += mine - open_
        span[1] += mine + (spare if mine else 0)
    decoded, open_, ignored, ignored_open = _row(
        db,
        "SELECT count(*) FILTER (NOT silent), count(*) FILTER (NOT silent AND open), count(*) FILTER (silent), "
        f"count(*) FILTER (silent AND open) FROM ({publications}) WHERE NOT rejected",
    )
    return {
        "sent": sent, "unsure": unsure, "received": [least, sent + spare],
        "decoded": [decoded - open_, decoded + (spare if decoded else 0)],
        "ignored": [ignored - ignored_open, ignored + (spare if ignored else 0)],
        "rejected": [{"reasons": list(reasons), "count": span} for reasons, span in by_reason.items() if span[1]],
    }  # fmt: skip


def _readings(db: duckdb.DuckDBPyConnection, resent: int) -> dict[str, Any]:
    """Of what was acknowledged; a reading of a publication that was not may be there or not."""
    (astray,) = _row(db, "SELECT count(*) FROM sent WHERE astray")
    (widest,) = _row(db, "SELECT max(n) FROM (SELECT count(*) AS n FROM sent GROUP BY file, message)")
    again, strange = resent * widest, astray * widest
    keys = """
        SELECT device, quantity, ts, count(*) AS times, count(DISTINCT value) AS says,
               bool_and(acked_at IS NULL) AS open, bool_and(surely_ahead OR surely_old) AS refused,
               bool_or(maybe_ahead OR maybe_old) AS unsure
        FROM judged GROUP BY device, quantity, ts
    """
    most, least, contradicted = _row(
        db,
        f"SELECT count(*) FILTER (NOT refused), count(*) FILTER (NOT unsure AND NOT open), "
        f"count(*) FILTER (says > 1 AND NOT refused) FROM ({keys})",
    )
    carried, open_, ahead, maybe_ahead, old, maybe_old = _row(
        db,
        "SELECT count(*), count(*) FILTER (acked_at IS NULL), count(*) FILTER (surely_ahead AND acked_at IS NOT NULL), "
        "count(*) FILTER (maybe_ahead), count(*) FILTER (surely_old AND acked_at IS NOT NULL), "
        "count(*) FILTER (maybe_old) FROM judged",
    )
    spoilt, spoilt_open = _row(
        db,
        "SELECT count(DISTINCT (file, message)), count(DISTINCT (file, message)) FILTER (acked_at IS NULL) "
        f"FROM sent WHERE NOT rejected AND list_has_any(faults, {_texts(SPOILS_ONE)})",
    )
    (held,) = _row(db, f"SELECT count(*) FROM judged WHERE list_has_any(faults, {_texts(LATE)}) AND NOT maybe_old")
    least_again = max(carried - open_ - maybe_ahead - maybe_old - most, 0)
    return {
        "carried": [carried - open_, carried + again + strange], "stored_once": [least, most + strange],
        "repeated": [least_again, carried - ahead - old - least + again + strange],
        "contradicted": contradicted, "late_within": held,
        "late_beyond": [old, maybe_old + (again if maybe_old else 0)],
        "quarantined": [ahead, maybe_ahead + (again if maybe_ahead else 0)],
        "invalid": [spoilt - spoilt_open, spoilt + (again if spoilt else 0)], "widest_message": widest,
    }  # fmt: skip


def _by_fault(db: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = db.execute("""
        SELECT each, count(DISTINCT (file, message)), count(quantity)
        FROM (SELECT *, unnest(faults) AS each FROM sent) GROUP BY each ORDER BY each
    """).fetchall()
    return [
        {
            "fault": name, "messages": messages, "readings": readings,
            "ought": RULES[name].ought if name else "stored once",
        }
        for name, messages, readings in rows
    ]  # fmt: skip


def _row(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = db.execute(sql).fetchone()
    assert row is not None
    return tuple(int(each or 0) for each in row)


def _texts(names: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
