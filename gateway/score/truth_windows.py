"""Aggregates against what they must be, reckoned anew from the readings that were sent.

    want (+ the flag under which it is stored) --count, min, max, mean a window--> |x| stored windows --> off

A member is a reading with a value that is not flagged as failed: values are those that were sent, and only the verdict
is the gateway's. Windows of a reading that may or may not count (see truth_book.py) are left out, and so are those that
wait to be revised, and those that may not have closed yet: later than the last one of their profile and zone, or, of a
gateway that went on while it was read, than the last one of the device there that was read first.
"""

# ruff: noqa: S608 - what is put into SQL text are numbers and names of our own
from dataclasses import dataclass, field

from gateway.score.truth_book import TruthBook

__all__ = ["TOLERANCE", "OddWindow", "WindowScore", "score_windows"]

TOLERANCE = 1e-9
"""Relative to the largest value of the window: a mean may be summed up in another order. Counts are exact; least and
greatest within 1e-12."""
MOST = 10_000
_EXACT = 1e-12
_FAILED, _MISSING = 4, 9


@dataclass(frozen=True, slots=True)
class OddWindow:
    """One statistic of one window that is off. `start` UTC ns, `step` seconds."""

    device: str
    quantity: str
    step: int
    start: int
    statistic: str
    """count, min, max, mean; `missing`: there is no such window; `unexpected`: nothing was sent for it."""
    expected: float | None
    found: float | None


@dataclass(slots=True)
class WindowScore:
    """All of them."""

    compared: dict[int, int]
    """Windows by step in seconds."""
    left_out: int
    pending: int
    off: int
    odd: list[OddWindow] = field(default_factory=list)


def score_windows(book: TruthBook) -> WindowScore:
    """Compare every window that is stored, of every step."""
    book.db.execute(f"""
        CREATE TABLE members AS
        SELECT w.device, w.quantity, w.profile, w.ts, w.low AS value,
               w.low IS NOT NULL AND NOT w.nothing AND coalesce(s.flag, 1) NOT IN ({_FAILED}, {_MISSING}) AS counts,
               NOT w.must OR w.low IS DISTINCT FROM w.high OR (w.nothing AND w.low IS NOT NULL) AS fuzzy
        FROM want AS w LEFT JOIN stored AS s ON s.device = w.device AND s.quantity = w.quantity AND s.ts = w.ts
        WHERE NOT w.refused
    """)
    score = WindowScore({}, 0, book.number("SELECT count(*) FROM windows WHERE pending"), 0)
    for row in book.rows("SELECT DISTINCT step FROM windows ORDER BY step"):
        _of_step(book, int(row["step"]), score)
    book.db.execute("DROP TABLE members")
    return score


def _of_step(book: TruthBook, step: int, score: WindowScore) -> None:
    ns = step * 1_000_000_000
    first = "QUALIFY device = min(device) OVER (PARTITION BY d.profile, d.zone)" if book.going_on else ""
    scale = "greatest(abs(e.min), abs(e.max))"
    book.db.execute(f"""
        CREATE OR REPLACE TEMP TABLE compared AS
        WITH closed AS (
            SELECT profile, zone, max("start") AS last FROM (
                SELECT d.profile, d.zone, w."start" FROM windows AS w JOIN devices AS d USING (device)
                WHERE w.step = {step} {first}
            ) GROUP BY ALL
        ),
        e AS (
            SELECT device, quantity, ts - ts % {ns} AS "start", count(*) FILTER (counts) AS count,
                   min(value) FILTER (counts) AS min, max(value) FILTER (counts) AS max,
                   favg(value) FILTER (counts) AS mean, bool_or(fuzzy) AS fuzzy
            FROM members GROUP BY ALL
        ),
        f AS (FROM windows WHERE step = {step} AND device IN (SELECT device FROM devices))
        SELECT coalesce(e.device, f.device) AS device, coalesce(e.quantity, f.quantity) AS quantity,
               coalesce(e."start", f."start") AS "start", e.device IS NULL AS unasked, f.device IS NULL AS absent,
               coalesce(e.fuzzy, false) OR coalesce(f.pending, false) AS unsure, closed.last IS NULL
                   OR (f.device IS NULL AND e."start" > closed.last) AS open,
               e.count AS count, f.count AS f_count, e.min AS min, f.min AS f_min, e.max AS max, f.max AS f_max,
               e.mean AS mean, f.mean AS f_mean,
               e.count IS DISTINCT FROM f.count AS off_count,
               e.count > 0 AND NOT coalesce(abs(e.min - f.min) <= {_EXACT} * {scale}, false) AS off_min,
               e.count > 0 AND NOT coalesce(abs(e.max - f.max) <= {_EXACT} * {scale}, false) AS off_max,
               e.count > 0 AND NOT coalesce(abs(e.mean - f.mean) <= {TOLERANCE} * {scale}, false) AS off_mean
        FROM e FULL JOIN f ON e.device = f.device AND e.quantity = f.quantity AND e."start" = f."start"
        LEFT JOIN devices AS d ON d.device = coalesce(e.device, f.device)
        LEFT JOIN closed ON closed.profile = d.profile AND closed.zone = d.zone
    """)
    score.left_out += book.number("SELECT count(*) FROM compared WHERE unsure OR open")
    score.compared[step] = book.number("SELECT count(*) FROM compared WHERE NOT unsure AND NOT open")
    bad = "NOT unsure AND NOT open AND (unasked OR absent OR off_count OR off_min OR off_max OR off_mean)"
    score.off += book.number(f"SELECT count(*) FROM compared WHERE {bad}")
    for row in book.rows(f'SELECT * FROM compared WHERE {bad} ORDER BY device, quantity, "start" LIMIT {MOST}'):
        place = (row["device"], row["quantity"], step, row["start"])
        if row["absent"] or row["unasked"]:
            what = "missing" if row["absent"] else "unexpected"
            score.odd.append(OddWindow(*place, what, row["count"], row["f_count"]))
            continue
        score.odd += [
            OddWindow(*place, name, row[name], row[f"f_{name}"])
            for name in ("count", "min", "max", "mean") if row[f"off_{name}"]
        ]  # fmt: skip
