"""The status in a terminal: quiet where all is normal, loud where it isn't, never longer than the screen."""

import io
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from gateway.cli.view import status_view

CITY = ZoneInfo("Asia/Shanghai")
FIXED = 18
"""Lines of everything but the rows of the two lists."""


def _source(**changes: Any) -> dict[str, Any]:
    normal = {"name": "main", "state": "subscribed", "address": "b:1883", "in_flight": 3, "reconnects": 0,
              "canary": "returning", "problem": ""}  # fmt: skip
    return normal | changes


def _status(**changes: Any) -> dict[str, Any]:
    normal: dict[str, Any] = {
        "version": "1.2.3", "running": True, "live": True, "data_dir": "data",
        "clock": {"now": 1_772_406_000_000_000_000, "speed": 1.0},
        "sources": [_source()],
        "rates": {"messages_per_s": 1234.5, "readings_per_s": 5.5},
        "latency_ms": {"ack_p50": 1.0, "ack_p99": 2.0, "stored_p50": None, "stored_p99": None},
        "inbox": {"waiting": 0, "bytes": 1000, "quota_bytes": 10_000, "full": False},
        "outbox": {"bytes": 1000, "quota_bytes": 10_000, "hours_left": 12.3, "marks": 0},
        "stores": {
            "duckdb": {"state": "writing", "problem": "", "remedy": "", "stored": 10, "refused": 0, "waiting": 0}
        },
        "records": {"state": "writing", "problem": "", "remedy": "", "behind": 0},
        "engine": {"devices": 1, "series": 2, "steps": 3, "clock_suspect": ""},
        "aggregates": {"written": 4, "revised": 0}, "city": [], "rejects": [], "alarms": {"states": {}, "urgent": []},
        "troubles": {},
        "ledger": {"balanced": True, "messages": {"received": 5, "decoded": 5}, "readings": {"decoded": 6}, "off": {}},
    }  # fmt: skip
    return normal | changes


def _shown(status: dict[str, Any], rows: int = 12, width: int = 120) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(status_view(status, CITY, rows))
    return out.getvalue()


def test_a_normal_state_shows_figures_and_no_warnings() -> None:
    shown = _shown(_status())

    assert "city time 2026-03-02 07:00:00 CST" in shown
    assert "1,234 messages/s" in shown
    assert "stored p50 - p99 -" in shown
    assert "room for 12 h at the current rate" in shown
    assert not any(word in shown for word in ("FULL", "OFF", "catching up", "reconnected", "refused", "wait for"))


def test_alarms_are_shown_with_what_is_urgent_first() -> None:
    alarm = {"since": 1_772_406_000_000_000_000, "priority": 1, "condition": "gas.lel", "asset": "gas-0001",
             "zone": "panyu", "value": 26.54321, "state": "unacknowledged"}  # fmt: skip
    shown = _shown(_status(alarms={"states": {"unacknowledged": 1, "shelved": 2}, "urgent": [alarm]}))

    assert "alarms: 2 shelved, 1 unacknowledged" in shown
    assert "07:00:00  critical  gas.lel  gas-0001  panyu  26.54  unacknowledged" in shown
    assert "alarms" not in _shown(_status())


def test_records_are_shown_only_when_something_is_wrong_with_them() -> None:
    wrong = {"state": "halted", "problem": "records.db is damaged.", "remedy": "Restore it.", "behind": 1234}

    assert "records" not in _shown(_status())
    shown = _shown(_status(records=wrong))
    assert "halted   1,234 blocks wait" in shown
    assert "records.db is damaged. Restore it." in shown


def test_what_is_not_normal_is_said() -> None:
    broken = {"state": "halted", "problem": "The token is refused.", "remedy": "Give one that may write. " * 8,
              "stored": 1, "refused": 2, "waiting": 30}  # fmt: skip
    shown = _shown(
        _status(
            live=False, clock={"now": 1, "speed": 120.0}, stores={"influxdb": broken},
            sources=[_source(state="waiting", reconnects=4, canary="refused", problem="refused: not authorized")],
            inbox={"waiting": 7, "bytes": 1, "quota_bytes": 1, "full": True},
            engine={"devices": 1, "series": 2, "steps": 3, "clock_suspect": "behind"},
            ledger=_status()["ledger"] | {"balanced": False, "off": {"messages": 3}},
        ),
        width=200,
    )  # fmt: skip

    for said in ("clock runs 120 times as fast", "OUR CLOCK LOOKS BEHIND", "main waiting", "reconnected 4 times",
                 "canary refused: not watched", "refused: not authorized",
                 "FULL", "influxdb halted", "2 refused", "The token is refused.", "OFF, messages by 3"):  # fmt: skip
        assert said in shown
    assert shown.split().count("write.") == 8, "a remedy is not cut"
    assert "catching up" not in shown, "it is the broker that is away"
    assert "catching up" in _shown(_status(live=False))


def test_files_without_a_gateway_show_no_rates() -> None:
    shown = _shown(_status(running=False, sources=[]))

    assert "no gateway runs on data" in shown
    assert "rates" not in shown
    assert "city time" not in shown


def test_the_lists_share_the_rows_there_are() -> None:
    city = [
        {"zone": f"zone-{zone}", "profile": profile, "series": zone, "good": 0.5 if zone == 49 else 1.0}
        for zone in range(50)
        for profile in ("loop-detector", "meter-3p")
    ]
    rejects = [
        {"received_at": k * 10**9, "reason": "unreadable", "topic": "\x1b[2J" + "t" * 300, "detail": "d" * 300}
        for k in range(50)
    ]
    shown = _shown(_status(city=city, rejects=rejects), rows=12)

    assert len(shown.splitlines()) == FIXED + 12
    assert "zone-49" in shown, "the busiest come first"
    assert "50% good" in shown
    assert "and 42 more" in shown
    assert shown.count("1,225") == 2, "the city's sums"
    assert shown.count("unreadable") == 4
    assert "\x1b[2J" not in shown
