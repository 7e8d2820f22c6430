"""When a demo counts as failed: the ledger is off, a message is missing, or a store has not got everything."""

from typing import Any

import pytest

from gateway.cli import demo as module
from tests.support.command import asked


def _shown(**changes: Any) -> dict[str, Any]:
    well: dict[str, Any] = {
        "messages": {"sent": 10, "received": 12, "redelivered": 2}, "readings": {"accepted": 30},
        "stores": {"duckdb": {"stored": 30, "refused": 0, "dropped": 0, "waiting": 0}},
        "aggregates": {"written": 5, "revised": 0}, "ledger": {"balanced": True},
    }  # fmt: skip
    return well | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"ledger": {"balanced": False}}, "the ledger does not balance"),
        ({"messages": {"sent": 11, "received": 12, "redelivered": 2}}, "11 messages were sent and 10 received"),
        ({"messages": {"sent": 9, "received": 12, "redelivered": 2}}, "9 messages were sent and 10 received"),
        ({"stores": {"duckdb": {"stored": 1, "waiting": 29}}}, "readings still wait for duckdb"),
    ],
)
def test_it_fails_where_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    class Session:
        def __init__(self, plan: object) -> None:
            pass

        async def run(self) -> dict[str, Any]:
            return _shown(**changes)

    monkeypatch.setattr(module, "DemoSession", Session)

    shown, parsed = asked("demo"), asked("demo", "--json")

    assert (shown.code, parsed.code) == ((1, 1) if said else (0, 0))
    assert parsed.json["stores"] == _shown(**changes)["stores"]
    assert (f"Not all is well: {said}." if said else "Every message is accounted for.") in shown.out


def test_one_that_was_left_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def __init__(self, plan: object) -> None:
            pass

        async def run(self) -> dict[str, Any]:
            return {}

    monkeypatch.setattr(module, "DemoSession", Session)

    left = asked("demo", "--json")

    assert (left.code, left.out) == (130, "")
