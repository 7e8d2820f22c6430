"""The pipeline as boxes, and the books."""

import copy
from typing import Any

import pytest

from gateway.console.texts.words import TEXTS
from gateway.console.view.flow import equations, stages, totals_of

STATUS: dict[str, Any] = {
    "live": True,
    "sources": [
        {
            "name": "main",
            "state": "subscribed",
            "problem": "",
            "address": "127.0.0.1:1883",
            "canary": "returning",
            "in_flight": 4,
            "reconnects": 0,
            "received": 100,
        }
    ],
    "latency_ms": {"ack_p50": 1.234, "ack_p99": 40.0, "stored_p50": None, "stored_p99": None},
    "inbox": {"waiting": 3, "bytes": 10, "quota_bytes": 100, "full": False, "fsync_ms": 0.4, "commits": 9},
    "outbox": {"bytes": 90, "quota_bytes": 100, "on_full": "block", "hours_left": 2.0, "marks": 0},
    "stores": {
        "duckdb": {
            "state": "writing",
            "problem": "",
            "remedy": "",
            "position": 9,
            "behind": 1,
            "stored": 90,
            "refused": 2,
            "dropped": 0,
            "waiting": 8,
        }
    },
    "records": {"state": "writing", "problem": "", "remedy": "", "behind": 0},
    "engine": {"devices": 5, "series": 10, "lanes": 2, "steps": 7, "busy": 0.1, "clock_suspect": "", "flooding": []},
    "aggregates": {"written": 4, "revised": 0},
    "live_hub": {"subscribers": 1, "newest_id": 9, "mqtt": None},
    "ledger": {
        "messages": {"received": 100, "decoded": 97, "waiting": 3},
        "readings": {"decoded": 100, "accepted": 100},
        "stores": {"duckdb": {"stored": 90, "refused": 2, "dropped": 0, "waiting": 8}},
    },
}


def test_a_box_a_part_in_the_order_of_the_flow() -> None:
    kinds = [stage.kind for stage in stages(STATUS)]
    assert kinds == ["source", "inbox", "engine", "outbox", "store", "records", "hub"]
    assert all(f"flow.{stage.kind}" in TEXTS for stage in stages(STATUS))
    assert all(f"flow.{fact.key}" in TEXTS for stage in stages(STATUS) for fact in stage.facts)


def test_what_is_not_normal_stands_out() -> None:
    facts = {(stage.kind, fact.key): fact.level for stage in stages(STATUS) for fact in stage.facts}
    assert facts["outbox", "used"] == "warn"
    assert facts["outbox", "hours"] == "warn"
    assert facts["store", "refused"] == "warn"
    assert facts["inbox", "used"] == "ok"


@pytest.mark.parametrize(
    ("path", "value", "kind"),
    [
        (("inbox", "full"), True, "inbox"),
        (("sources", 0, "state"), "waiting", "source"),
        (("records", "state"), "halted", "records"),
        (("stores", "duckdb", "state"), "halted", "store"),
    ],
)
def test_trouble_marks_its_box(path: tuple[Any, ...], value: Any, kind: str) -> None:
    status = copy.deepcopy(STATUS)
    inner: Any = status
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert {stage.kind for stage in stages(status) if stage.level == "bad"} == {kind}


def test_the_books_add_up_or_say_by_how_much_they_dont() -> None:
    messages, readings, store = equations(STATUS["ledger"])
    assert (messages.off, readings.off, store.off) == (0, 0, 0)
    wrong = copy.deepcopy(STATUS["ledger"])
    wrong["messages"]["decoded"] -= 5
    assert equations(wrong)[0].off == 5


def test_totals_for_rates() -> None:
    assert totals_of(STATUS) == {"store.duckdb": 90.0, "received": 100.0, "accepted": 100.0, "aggregates": 4.0}
