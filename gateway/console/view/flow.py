"""The pipeline as stages with their figures, by a gateway's status: what the page of the flow draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.console.view.format import count, size

__all__ = ["Equation", "Fact", "Stage", "equations", "stages", "totals_of"]

Level = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure of a stage: key of its label (`flow.<key>`), and what it says; `level` where that is not normal."""

    key: str
    value: str
    level: Level = "ok"


@dataclass(frozen=True, slots=True)
class Stage:
    """A box. `kind`: source, inbox, engine, outbox, store, records, hub."""

    kind: str
    name: str
    state: str
    level: Level
    facts: Sequence[Fact]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Equation:
    """What came, and where it went: `terms` (key, amount); `off` where they don't add up."""

    name: str
    came_key: str
    came: int
    terms: Sequence[tuple[str, int]]
    off: int = 0


def totals_of(status: Mapping[str, Any]) -> dict[str, float]:
    """The counters that rates are shown of."""
    out = {f"store.{name}": float(store["stored"]) for name, store in status["stores"].items()}
    out["received"] = float(status["ledger"]["messages"].get("received", 0))
    out["accepted"] = float(status["ledger"]["readings"].get("accepted", 0))
    out["aggregates"] = float(status["aggregates"]["written"] or 0)
    return out


def stages(status: Mapping[str, Any]) -> list[Stage]:
    """All boxes, in the order of the flow."""
    latency, inbox, outbox, engine = status["latency_ms"], status["inbox"], status["outbox"], status["engine"]
    out = [_source(source) for source in status["sources"]]
    out.append(
        Stage(
            "inbox",
            "",
            "full" if inbox["full"] else "taking",
            "bad" if inbox["full"] else "ok",
            [
                Fact("waiting", count(inbox["waiting"])),
                Fact(
                    "used",
                    f"{size(inbox['bytes'])} / {size(inbox['quota_bytes'])}",
                    _used(inbox["bytes"], inbox["quota_bytes"]),
                ),
                Fact("fsync", _ms(inbox["fsync_ms"])),
                Fact("ack", f"{_ms(latency['ack_p50'])}, {_ms(latency['ack_p99'])}"),
            ],
        )
    )
    busy = engine["busy"]
    out.append(Stage("engine", "", "live" if status["live"] else "catching", "ok", [
        Fact("devices", count(engine["devices"])), Fact("series", count(engine["series"])),
        Fact("busy", f"{busy * 100:.0f} %", "warn" if busy > 0.8 else "ok"), Fact("calls", count(engine["steps"])),
        *([Fact("flooding", str(len(engine["flooding"])), "warn")] if engine["flooding"] else []),
    ]))  # fmt: skip
    hours = outbox["hours_left"]
    out.append(
        Stage(
            "outbox",
            "",
            "holding",
            "ok",
            [
                Fact(
                    "used",
                    f"{size(outbox['bytes'])} / {size(outbox['quota_bytes'])}",
                    _used(outbox["bytes"], outbox["quota_bytes"]),
                ),
                Fact(
                    "hours",
                    "–" if hours is None else f"{hours:,.0f} h",
                    "warn" if hours is not None and hours < 4 else "ok",
                ),
                Fact("marks", count(outbox["marks"])),
            ],
        )
    )
    for name, store in status["stores"].items():
        level: Level = "ok" if store["state"] == "writing" else "bad" if store["state"] == "halted" else "warn"
        facts = [Fact("stored", count(store["stored"])), Fact("waiting", count(store["waiting"])),
                 Fact("behind", count(store["behind"]), "warn" if store["behind"] > 100 else "ok")]  # fmt: skip
        facts += [Fact(key, count(store[key]), "warn") for key in ("refused", "dropped") if store[key]]
        facts.append(Fact("stored_after", f"{_ms(latency['stored_p50'])}, {_ms(latency['stored_p99'])}"))
        out.append(Stage("store", name, store["state"], level, facts, f"{store['problem']} {store['remedy']}".strip()))
    records = status["records"]
    if records is not None:
        out.append(Stage(
            "records", "records.db", records["state"], "ok" if records["state"] == "writing" else "bad",
            [Fact("behind", count(records["behind"]))], f"{records['problem']} {records['remedy']}".strip(),
        ))  # fmt: skip
    out += _hub(status)
    return out


def _source(source: Mapping[str, Any]) -> Stage:
    good = source["state"] == "subscribed"
    canary = str(source["canary"])
    facts = [Fact("address", source["address"]), Fact("received", count(source["received"])),
             Fact("in_flight", count(source["in_flight"])),
             Fact("reconnects", count(source["reconnects"]), "warn" if source["reconnects"] else "ok"),
             Fact("canary", canary, "warn" if canary in ("unproven", "refused") else "ok")]  # fmt: skip
    return Stage("source", source["name"], source["state"], "ok" if good else "bad", facts, source["problem"])


def _hub(status: Mapping[str, Any]) -> list[Stage]:
    hub = status.get("live_hub")
    if hub is None:
        return []
    facts, problem, level = (
        [Fact("readers", count(hub["subscribers"])), Fact("events", count(hub["newest_id"]))],
        "",
        "ok",
    )
    mqtt = hub.get("mqtt")
    if mqtt is not None:
        facts.append(Fact("published", count(mqtt["published"])))
        problem = mqtt["problem"]
        level = "warn" if problem else "ok"
    return [Stage("hub", "", "telling", "warn" if level == "warn" else "ok", facts, problem)]


def _used(used: float, quota: float) -> Level:
    share = used / quota if quota else 0.0
    return "bad" if share > 0.95 else "warn" if share > 0.8 else "ok"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


_MESSAGES = ("redelivered", "decoded", "ignored", "rejected", "shed", "lost", "waiting")
_READINGS = ("accepted", "duplicate", "conflict", "quarantined", "expired", "invalid")
_STORED = ("stored", "refused", "dropped", "waiting")


def equations(ledger: Mapping[str, Any]) -> list[Equation]:
    """The books: of each what came, and where it went. Terms that are 0 stay: it is an equation."""
    messages, readings = ledger["messages"], ledger["readings"]
    out = [
        _equation("messages", "received", messages.get("received", 0), messages, _MESSAGES),
        _equation("readings", "decoded", readings.get("decoded", 0), readings, _READINGS),
    ]
    return out + [
        _equation(name, "accepted", readings.get("accepted", 0), store, _STORED)
        for name, store in ledger["stores"].items()
    ]


def _equation(name: str, came_key: str, came: int, terms: Mapping[str, int], keys: Sequence[str]) -> Equation:
    shown = [(key, int(terms.get(key, 0))) for key in keys]
    return Equation(name, came_key, int(came), shown, int(came) - sum(amount for _, amount in shown))
