"""The words in the head of every page."""

from typing import Any

import pytest

from gateway.console.view.health import health_of


def status(**more: Any) -> dict[str, Any]:
    """Of a gateway that does well."""
    plain: dict[str, Any] = {
        "running": True, "live": True, "sources": [{"name": "main", "state": "subscribed"}], "inbox": {"full": False},
        "ledger": {"balanced": True}, "engine": {"clock_suspect": "", "flooding": []},
        "stores": {"duckdb": {"state": "writing"}}, "records": {"state": "writing"},
    }  # fmt: skip
    return plain | more


def test_all_is_well() -> None:
    assert health_of(status()).level == "ok"
    assert health_of(status()).problems == ()


def test_it_catches_up() -> None:
    assert health_of(status(live=False)).level == "catching"


@pytest.mark.parametrize(
    ("wrong", "level", "key"),
    [
        ({"running": False}, "bad", "health.stopped"),
        ({"sources": [{"name": "main", "state": "waiting"}]}, "bad", "health.source"),
        ({"inbox": {"full": True}}, "bad", "health.inbox_full"),
        ({"ledger": {"balanced": False}}, "bad", "health.ledger_off"),
        ({"engine": {"clock_suspect": "set back", "flooding": []}}, "bad", "health.clock"),
        ({"engine": {"clock_suspect": "", "flooding": ["x"]}}, "warn", "health.flooding"),
        ({"stores": {"duckdb": {"state": "retrying"}}}, "warn", "health.store"),
        ({"records": {"state": "halted"}}, "bad", "health.store"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], level: str, key: str) -> None:
    found = health_of(status(**wrong))
    assert found.level == level
    assert found.problems[0][0] == key


def test_nobody_answers() -> None:
    assert health_of(None, "gone").level == "away"
