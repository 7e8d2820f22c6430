"""How the ledger looks in a terminal: each equation as a line, then who and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.cli.text import clean

__all__ = ["MESSAGES", "READINGS", "STORED", "device_view", "equation", "ledger_view"]

MESSAGES = ("decoded", "ignored", "rejected", "redelivered", "lost", "shed", "waiting")
READINGS = ("accepted", "duplicate", "conflict", "quarantined", "expired", "invalid")
STORED = ("stored", "refused", "dropped", "waiting")
_ORDER = ("received", *(f"messages_{term}" for term in MESSAGES), "decoded", *READINGS)


def ledger_view(found: Mapping[str, Any]) -> RenderableType:
    """The answer of `cityloom ledger`, with `verify` where that was asked for."""
    messages, readings = found["messages"], found["readings"]
    books = Table.grid(padding=(0, 2))
    books.add_row(Text("messages", "bold"), equation(messages.get("received", 0), "received", messages, MESSAGES))
    books.add_row(Text("readings", "bold"), equation(readings.get("decoded", 0), "decoded", readings, READINGS))
    for name, terms in found["stores"].items():
        books.add_row(Text(clean(name), "bold"), equation(readings.get("accepted", 0), "accepted", terms, STORED))
    parts: list[RenderableType] = [books, Text()]
    for column in ("source", "profile"):
        rows = found[f"{column}s"]
        if rows:
            parts += [_table(column, rows), Text()]
    for name, reasons in found["reasons"].items():
        book, term = name.split(".")
        most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        facts = ", ".join(f"{amount:,} {reason}" for reason, amount in most_first)
        parts.append(Text.assemble((f"{book}s {term}: ", "bold"), facts))
    beside = ", ".join(f"{amount:,} {term.replace('_', ' ')}" for term, amount in found["beside"].items() if amount)
    if beside:
        parts.append(Text.assemble(("beside the sums: ", "bold"), beside))
    if found["balanced"]:
        parts.append(Text("balanced", "green"))
    else:
        parts += [Text(f"OFF BY {off:,}: {name}", "bold red") for name, off in found["off"].items()]
    return Group(*parts, *_verified(found.get("verify", {}).get("stores", {})))


def equation(amount: int, whole: str, terms: Mapping[str, int], parts: Sequence[str]) -> Text:
    """`12 received = 11 decoded + 1 rejected + ...`, what is 0 dimmed."""
    text = Text(f"{amount:,} {whole} = ")
    for place, part in enumerate(parts):
        amount = terms.get(part, 0)
        text.append(" + ", "" if amount else "dim") if place else None
        text.append(f"{amount:,} {part}", "" if amount else "dim")
    return text


def device_view(found: Mapping[str, Any], zone: tzinfo) -> RenderableType:
    """One device's record and counts."""
    record = dict(found["record"])
    table = Table.grid(padding=(0, 2))
    for name, value in record.items():
        if name == "since":
            shown = _moment(value, zone)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            shown = ", ".join(map(str, value))
        else:
            shown = "-" if value is None else str(value)
        table.add_row(Text(name, "dim"), clean(shown))
    table.add_row(Text("last heard", "dim"), _moment(found["heard"], zone))
    for name, amount in found["counts"].items():
        table.add_row(Text(name, "dim"), f"{amount:,}")
    return table


def _table(column: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    table = Table(
        box=None, padding=(0, 1), title=f"by {column}", title_justify="left", title_style="dim", header_style="dim"
    )
    table.add_column(column)
    there = {term for row in rows.values() for term, amount in row.items() if amount}
    terms = sorted(there, key=lambda term: (_ORDER.index(term) if term in _ORDER else len(_ORDER), term))
    for term in terms:
        table.add_column(term.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(clean(name), *(f"{row[term]:,}" if row.get(term) else "" for term in terms))
    return table


def _verified(stores: Mapping[str, Mapping[str, Any]]) -> list[RenderableType]:
    out: list[RenderableType] = []
    for name, check in stores.items():
        good = Text("agrees", "green") if check["agrees"] else Text("DISAGREES", "bold red")
        facts = check["problem"] if "problem" in check else _facts(check)
        out.append(Text.assemble((f"{clean(name)}: ", "bold"), clean(facts, 400), "  ", good))
        if check.get("days_off"):
            days = ", ".join(f"{number:,} on {day}" for day, number in check["days_off"].items())
            out.append(Text(f"  missing, or too many: {days} (UTC)", "red"))
        if check.get("since"):
            out.append(Text(f"  compared from {check['since']} (UTC) on: what is older ages out by itself", "dim"))
        if check.get("tolerance"):
            out.append(Text(f"  not exact by {check['tolerance']:,}: {check['tolerance_why']}", "dim"))
    return out


def _facts(check: Mapping[str, Any]) -> str:
    """How the readings that the books call stored are accounted for."""
    facts = f"{check['stored']:,} stored by the books, {check['distinct']:,} in the database"
    terms = (("written_over", "written over or repeated by later ones"), ("aged_out", "aged out"),
             ("undated", "stored before days were counted"))  # fmt: skip
    for term, words in terms:
        if check.get(term):
            facts += f", {check[term]:,} {words}"
    if missing := check["missing"]:
        facts += f", {missing:,} missing" if missing > 0 else f", {-missing:,} too many"
    return facts


def _moment(ns: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(ns / 1e9, zone):%Y-%m-%d %H:%M:%S %Z}" if ns > 0 else "never"
