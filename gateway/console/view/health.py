"""Whether data flows, by a gateway's status: the words in the head of every page. Quiet where all is well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Health", "health_of"]

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Health:
    """`problems`: (key of a text, what goes into it). `level`: ok, catching (up), warn, bad or away."""

    level: str
    problems: tuple[tuple[str, Mapping[str, str]], ...] = ()


def health_of(status: Status | None, problem: str = "") -> Health:
    """None: the gateway doesn't answer."""
    if status is None:
        return Health("away", (("health.away", {"problem": problem}),))
    bad, warn = list[tuple[str, Mapping[str, str]]](), list[tuple[str, Mapping[str, str]]]()
    if not status["running"]:
        bad.append(("health.stopped", {}))
    for source in status["sources"]:
        if source["state"] != "subscribed":
            bad.append(("health.source", {"name": source["name"], "state": source["state"]}))
    if status["inbox"]["full"]:
        bad.append(("health.inbox_full", {}))
    if not status["ledger"]["balanced"]:
        bad.append(("health.ledger_off", {}))
    if status["engine"]["clock_suspect"]:
        bad.append(("health.clock", {"why": str(status["engine"]["clock_suspect"])}))
    stores = dict(status["stores"]) | ({"records.db": status["records"]} if status["records"] else {})
    for name, store in stores.items():
        if store["state"] != "writing" and status["running"]:
            (bad if name == "records.db" else warn).append(("health.store", {"name": name, "state": store["state"]}))
    if status["engine"]["flooding"]:
        warn.append(("health.flooding", {"n": str(len(status["engine"]["flooding"]))}))
    level = "bad" if bad else "warn" if warn else "ok" if status["live"] else "catching"
    return Health(level, (*bad, *warn))
