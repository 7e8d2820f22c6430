"""`cityloom trace`: the way of one reading, from its message to its windows and alarms."""

import json
from pathlib import Path

import pytest

from tests.support.command import Result, asked

NOON = 1_772_366_400_000
TOPIC = "city/panyu/gas/detector/gas-0001/reading"


def _message(k: int, lel: float) -> dict[str, object]:
    ts = NOON + k * 10_000
    return {
        "received_at": (ts + 40) * 1_000_000, "topic": TOPIC,
        "payload": {"ts": ts / 1000, "lel": lel, "co": 1, "o2": 20.9, "h2s": 0},
    }  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gas that rises for a minute in an hour of calm; the value at the 20th reading can't be read."""
    folder = tmp_path_factory.mktemp("trace")
    lines = [_message(k, 30.0 if 100 <= k < 106 else 1.0) for k in range(360)]
    lines[20]["payload"] = {"ts": NOON / 1000 + 200, "lel": "none"}
    (folder / "r.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = asked("replay", folder / "r.jsonl", "--data-dir", folder / "data", "--json")
    assert done.code == 0, done.err
    assert done.json["ledger"]["messages"]["rejected"] == 0, done.json["ledger"]
    return folder / "data"


def _traced(data: Path, time: str, *words: str) -> Result:
    return asked("trace", "gas-0001", time, "--data-dir", data, *words)


def test_it_tells_everything_about_the_nearest_reading(data: Path) -> None:
    found = _traced(data, "2026-03-01T20:17:03", "--json")  # 12:17:03 UTC; the nearest one came at 12:17:00

    assert found.code == 0, found.err
    told = found.json
    assert told["ts"] == (NOON + 102 * 10_000) * 1_000_000
    assert told["record"]["zone"] == "panyu"
    values = {row["quantity"]: (row["value"], row["flag"]) for row in told["stores"]["duckdb"]}
    assert values["lel"] == (30.0, 1)
    steps = {(row["quantity"], row["step"]) for row in told["windows"]}
    assert {("lel", 60), ("lel", 900), ("lel", 3600), ("lel", 86400)} <= steps
    changes = [(change["condition"], change["change"], change["level"]) for change in told["alarms"]]
    assert ("gas.lel", "raised", 2) in changes
    assert ("gas.lel", "returned", 2) in changes
    [letter] = told["dead_letters"]
    assert letter["reason"] == "wrong_type"


def test_people_see_it_as_a_tree_in_city_time(data: Path) -> None:
    shown = _traced(data, "2026-03-01T20:17:03")

    assert shown.code == 0, shown.err
    assert shown.out.startswith("gas-0001  2026-03-01 20:17:00")
    assert "gas.lel at gas-0001: raised, critical" in shown.out
    assert "stored in duckdb" in shown.out
    assert "dead letter" in shown.out


def test_the_message_is_shown_while_the_journal_holds_it(data: Path) -> None:
    last = _traced(data, "2026-03-01T20:59:50", "--json").json  # a clean stop keeps what the older snapshot needs
    first = _traced(data, "2026-03-01T20:00:00", "--json").json

    for told in (first, last):
        assert all(message["topic"] == TOPIC for message in told["messages"])
        assert len(told["messages"]) <= 1


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("nobody", "2026-03-01T20:17"), 1, "No series of device 'nobody' is known."),
        (("gas-0001", "2026-03-05T20:17"), 1, "No store has a reading of 'gas-0001' within an hour"),
        (("gas-0001", "noon"), 2, "'noon' is no time."),
    ],
)
def test_what_is_not_there_is_a_sentence(data: Path, words: tuple[str, str], code: int, sentence: str) -> None:
    done = asked("trace", *words, "--data-dir", data)

    assert done.code == code
    assert sentence in done.err
    assert "Traceback" not in done.err
