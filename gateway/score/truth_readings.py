"""Every reading that was sent against every one that is stored: lost, altered, duplicated, misplaced, unexpected.

    want |x| stored  -->  lost        it must be there and is not
                          altered     it is there with another value
                          unexpected  nobody sent it, or the clock gate ought to have refused it
    lost + unexpected -> misplaced    the same value stands under another device, quantity or time
    unexpected -> duplicated          a reading that is in its place stands somewhere else as well
    copies -> duplicated              the database holds it more often than it was sent

All joins are DuckDB's; only what is odd comes into Python, and of that at most `MOST` a kind. All are counted.
"""

# ruff: noqa: S608 - what is put into SQL text are numbers and names of our own
from dataclasses import dataclass, field
from typing import Any

from gateway.score.truth_book import TOLERANCE, TruthBook, same

__all__ = ["KINDS", "MOST", "Odd", "ReadingScore", "score_readings"]

KINDS = ("lost", "altered", "duplicated", "misplaced", "unexpected")
MOST = 10_000
"""Of a kind; what is beyond is counted, not named."""
_NEAR = 3600 * 1_000_000_000
"""A reading that was stored twice with another time: so far away at most."""


@dataclass(frozen=True, slots=True)
class Odd:
    """One reading that is not as it ought to be. `ts` UTC ns."""

    kind: str
    device: str
    quantity: str
    ts: int
    expected: float | None
    found: float | None
    detail: str = ""


@dataclass(slots=True)
class ReadingScore:
    """All of them."""

    expected: int
    """Distinct readings that must be stored."""
    stored: int
    right: int
    strange: int
    """Stored ones of devices that were only met because a message went astray."""
    counts: dict[str, int]
    """By kind; and `zone`: devices that the gateway has in another zone."""
    odd: list[Odd] = field(default_factory=list)


def score_readings(book: TruthBook) -> ReadingScore:
    """Compare; `book` has everything that is stored."""
    values = f"({same('s.value', 'w.low')} OR {same('s.value', 'w.high')} OR (s.value IS NULL AND w.nothing) " \
             "OR (w.various AND s.value BETWEEN w.low AND w.high))"  # fmt: skip
    book.db.execute(f"""
        CREATE TABLE odd AS
        SELECT CASE WHEN s.ts IS NULL THEN 'lost' WHEN w.ts IS NULL OR w.refused THEN 'unexpected' ELSE 'altered' END
                   AS kind,
               coalesce(w.device, s.device) AS device, coalesce(w.quantity, s.quantity) AS quantity,
               coalesce(w.ts, s.ts) AS ts, w.low AS expected, s.value AS found, coalesce(w.refused, false) AS refused
        FROM want AS w FULL JOIN stored AS s ON w.device = s.device AND w.quantity = s.quantity AND w.ts = s.ts
        WHERE (s.ts IS NULL AND w.must) OR (s.ts IS NOT NULL AND (w.ts IS NULL OR w.refused OR NOT {values}))
    """)
    astray = "kind = 'unexpected' AND device IN (FROM astray) AND device NOT IN (SELECT device FROM devices)"
    strange = book.number(f"SELECT count(*) FROM odd WHERE {astray}")
    book.db.execute(f"DELETE FROM odd WHERE {astray}")
    counts = dict.fromkeys(KINDS, 0) | {
        row["kind"]: row["n"] for row in book.rows("SELECT kind, count(*) AS n FROM odd GROUP BY kind")
    }
    lost, unexpected = _named(book, "lost"), _named(book, "unexpected")
    moved, lost, unexpected = _misplaced(lost, unexpected)
    again, unexpected = _again(book, unexpected)
    held = _copies(book)
    counts["lost"] -= len(moved)
    counts["unexpected"] -= len(moved) + len(again)
    counts["misplaced"], counts["duplicated"] = len(moved), len(again) + len(held)
    zones = _zones(book)
    counts["zone"] = len(zones)
    expected = book.number("SELECT count(*) FROM want WHERE must")
    stored = book.number("SELECT count(*) FROM stored")
    wrong = counts["altered"] + counts["misplaced"] + counts["unexpected"] + len(again) + strange
    odd = [*lost, *_named(book, "altered"), *again, *held, *moved, *unexpected, *zones]
    return ReadingScore(expected, stored, stored - wrong, strange, counts, odd)


def _named(book: TruthBook, kind: str) -> list[Odd]:
    rows = book.rows(
        f"SELECT device, quantity, ts, expected, found, refused FROM odd WHERE kind = '{kind}' "
        f"ORDER BY device, ts, quantity LIMIT {MOST}"
    )
    return [
        Odd(kind, row["device"], row["quantity"], row["ts"], row["expected"], row["found"],
            "the clock gate ought to have refused it" if row["refused"] else "")
        for row in rows
    ]  # fmt: skip


def _misplaced(lost: list[Odd], unexpected: list[Odd]) -> tuple[list[Odd], list[Odd], list[Odd]]:
    """Pairs of a lost one and an unexpected one that has its value; what is left of either."""
    moved: list[Odd] = []
    left = dict(enumerate(unexpected))
    rest: list[Odd] = []
    by_place: dict[Any, list[int]] = {}
    for place, each in left.items():
        for key in _keys(each):
            by_place.setdefault(key, []).append(place)
    for gone in lost:
        for key in _keys(gone):
            what = key[0]
            there = [
                place for place in by_place.get(key, ()) if place in left and _equal(left[place].found, gone.expected)
            ]
            if there:
                place = min(there, key=lambda each: abs(left[each].ts - gone.ts))
                found = left.pop(place)
                where = {"device": found.device, "quantity": found.quantity, "time": f"{found.ts} ns"}[what]
                moved.append(Odd("misplaced", gone.device, gone.quantity, gone.ts, gone.expected, found.found,
                                 f"wrong {what}: {where}"))  # fmt: skip
                break
        else:
            rest.append(gone)
    return moved, rest, list(left.values())


def _keys(each: Odd) -> tuple[tuple[Any, ...], ...]:
    """What a misplaced one still shares with where it belongs, after the name of what it doesn't."""
    return (
        ("device", each.quantity, each.ts), ("quantity", each.device, each.ts), ("time", each.device, each.quantity),
    )  # fmt: skip


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def _again(book: TruthBook, unexpected: list[Odd]) -> tuple[list[Odd], list[Odd]]:
    """Those of the unexpected that repeat a reading which is in its own place as well."""
    if not unexpected:
        return [], []
    found = book.rows(f"""
        WITH strays AS (
            SELECT * FROM odd WHERE kind = 'unexpected' AND NOT refused ORDER BY device, ts, quantity LIMIT {MOST}
        )
        SELECT u.device, u.quantity, u.ts, w.device AS of_device, w.ts AS of_ts
        FROM strays AS u JOIN want AS w ON w.quantity = u.quantity AND w.ts = u.ts AND {same("w.low", "u.found")}
        WHERE u.found IS NOT NULL
        UNION ALL
        SELECT u.device, u.quantity, u.ts, w.device, w.ts
        FROM strays AS u JOIN want AS w
            ON w.device = u.device AND w.quantity = u.quantity AND {same("w.low", "u.found")}
        WHERE abs(w.ts - u.ts) <= {_NEAR}
    """)
    origin: dict[tuple[str, str, int], tuple[str, int]] = {}
    for row in found:
        key, candidate = (row["device"], row["quantity"], row["ts"]), (row["of_device"], row["of_ts"])
        best = origin.get(key)
        if best is None or abs(candidate[1] - key[2]) < abs(best[1] - key[2]):
            origin[key] = candidate
    again, rest = [], []
    for each in unexpected:
        source = origin.get((each.device, each.quantity, each.ts))
        if source is None:
            rest.append(each)
            continue
        device, ts = source
        detail = f"of device {device}" if device != each.device else f"of the reading at {ts} ns"
        again.append(Odd("duplicated", each.device, each.quantity, each.ts, None, each.found, f"a copy {detail}"))
    return again, rest


def _copies(book: TruthBook) -> list[Odd]:
    """Readings that the database holds more often than they were sent; a resent publication may have come twice."""
    resent = int(book.run.story["counts"]["resent"])
    spare = 1 if resent else 0
    rows = book.rows(f"""
        SELECT c.device, c.quantity, c.ts, c.copies, w.times, w.low FROM copies AS c
        JOIN want AS w ON w.device = c.device AND w.quantity = c.quantity AND w.ts = c.ts
        WHERE c.copies > w.times + {spare} ORDER BY ALL LIMIT {MOST}
    """)
    return [
        Odd("duplicated", row["device"], row["quantity"], row["ts"], row["low"], row["low"],
            f"held {row['copies']} times, sent {row['times']}")
        for row in rows
    ]  # fmt: skip


def _zones(book: TruthBook) -> list[Odd]:
    rows = book.rows("""
        SELECT d.device, d.zone, r.zone AS found FROM devices AS d JOIN registry AS r ON r.device = d.device
        WHERE d.zone <> r.zone ORDER BY d.device
    """)
    return [
        Odd("zone", row["device"], "", 0, None, None, f"in zone {row['found']} and not in {row['zone']}")
        for row in rows
    ]  # fmt: skip
