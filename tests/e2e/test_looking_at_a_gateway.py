"""status, ledger, series, read, dead-letters: through the control door while a gateway runs, on its files after.

One gateway for all of them: every question is asked while it runs and again once it has ended; the answers are equal.
"""

import csv
import io
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import running_embedded
from tests.support.command import Result, asked, door, eventually, gateway_on, publish

pytestmark = pytest.mark.xdist_group("looking")

MINUTE = 60_000
QUESTIONS: dict[str, tuple[str, ...]] = {
    "ledger": ("ledger",),
    "ledger verified": ("ledger", "--verify"),
    "ledger json": ("ledger", "--verify", "--json"),
    "device": ("ledger", "--device", "loop-0001"),
    "device json": ("ledger", "--device", "loop-0001", "--json"),
    "no device": ("ledger", "--device", "nobody"),
    "series": ("series", "loop-0001"),
    "series json": ("series", "speed", "--json"),
    "no series": ("series", "nothing"),
    "few series": ("series", "-n", "1"),
    "read": ("read", "loop-0001", "speed"),
    "read all": ("read", "loop-0001", "--last", "1d"),
    "read csv": ("read", "loop-0001", "speed", "--format", "csv"),
    "read json": ("read", "loop-0001", "speed", "--json"),
    "read format json": ("read", "loop-0001", "speed", "--format", "json"),
    "read minutes": ("read", "loop-0001", "speed", "--step", "1m", "--last", "3m", "--format", "csv"),
    "read nothing": ("read", "loop-0001", "--from", "2020-01-01", "--to", "2020-01-02T08:00"),
    "read some": ("read", "loop-0001", "-n", "7"),
    "read some csv": ("read", "loop-0001", "-n", "7", "--format", "csv"),
    "read some json": ("read", "loop-0001", "-n", "7", "--json"),
    "read nobody": ("read", "nobody"),
    "read no quantity": ("read", "loop-0001", "weight"),
    "read no store": ("read", "loop-0001", "--store", "paper"),
    "figures": ("figures",),
    "figures json": ("figures", "--json"),
    "figures of nobody": ("figures", "traffic.congestion", "--asset", "nobody", "--last", "1h"),
    "dead letters": ("dead-letters", "list"),
    "dead letters json": ("dead-letters", "list", "--json"),
    "unreadable": ("dead-letters", "list", "--reason", "unreadable", "-n", "1", "--json"),
    "none of that kind": ("dead-letters", "list", "--reason", "time_missing"),
    "no letter": ("dead-letters", "show", "nothing"),
    "status json": ("status", "--json"),
    "status": ("status",),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """To the same questions, with the gateway up and down."""

    up: dict[str, Result]
    down: dict[str, Result]
    start: int
    """Unix milliseconds of the first reading."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("looking")
    data_dir = folder / "data"
    config = folder / "c.toml"
    topic = "city/tianhe/traffic/loop/{}/reading"
    start = (int(time.time() * 1000) - 10 * MINUTE) // MINUTE * MINUTE
    messages = [
        (topic.format(device), _reading(start + k * MINUTE, 50.5 + k))
        for k in range(9)
        for device in ("loop-0001", "loop-0002")
    ]  # fmt: skip
    messages += [
        (topic.format("loop-0002"), b"{"),
        (topic.format("loop-0002"), b"\x1b[2J"),
        ("nobody/listens/here", b"{}"),
        (topic.format("loop-0002"), _reading(start + 8 * MINUTE, 58.5)),
        (topic.format("loop-0003"), _reading(start, "fast")),
    ]
    with running_embedded() as broker:
        config.write_text(
            f'[mqtt]\nport = {broker.port}\nwatch_sys = "off"\nfilters = ["city/#", "nobody/#"]\n[http]\nport = 0\n'
            "[engine]\nclock_bound_secs = 3600\nmax_ahead_secs = 3600\n",
            encoding="utf-8",
        )
        with gateway_on(folder, data_dir, "-c", config) as gateway:
            eventually(lambda: _status(data_dir)["sources"][0]["state"] == "subscribed", "it subscribes")
            publish(broker.port, messages)
            eventually(lambda: _at_rest(data_dir, len(messages)), "everything is stored")
            up = {name: asked(*words, "--data-dir", data_dir, "-c", config) for name, words in QUESTIONS.items()}
            letter = up["unreadable"].json["dead_letters"][0]["id"]
            up["letter"] = asked("dead-letters", "show", letter, "--data-dir", data_dir, "-c", config)
            gateway.interrupt()
            assert gateway.ended() == 0, gateway.said
    down = {name: asked(*words, "--data-dir", data_dir, "-c", config) for name, words in QUESTIONS.items()}
    down["letter"] = asked("dead-letters", "show", letter, "--data-dir", data_dir, "-c", config)
    return Answers(up, down, start)


def _reading(ts: int, speed: float | str) -> bytes:
    return json.dumps({"ts": ts, "speed": speed, "flow": 20, "occ": 0.1}).encode()


def _status(data_dir: Path) -> dict[str, Any]:
    found = door(data_dir)
    assert found is not None
    return found


def _at_rest(data_dir: Path, messages: int) -> bool:
    status = _status(data_dir)
    if status["ledger"]["messages"]["received"] != messages or status["ledger"]["messages"]["waiting"]:
        return False
    minutes = door(data_dir, "read", device="loop-0001", quantity="speed", step=60, last=7200)
    assert minutes is not None
    return not status["stores"]["duckdb"]["behind"] and len(minutes["rows"]) >= 7


@pytest.mark.parametrize("question", [name for name in QUESTIONS if not name.startswith("status")] + ["letter"])
def test_answers_are_the_same_with_the_gateway_up_and_down(answers: Answers, question: str) -> None:
    assert answers.down[question] == answers.up[question]


def test_the_ledger_names_every_message(answers: Answers) -> None:
    found = answers.up["ledger json"].json

    assert answers.up["ledger json"].code == 0
    assert found["balanced"] is True
    assert found["messages"]["received"] == found["sources"]["main"]["received"] == 23
    assert (found["messages"]["decoded"], found["messages"]["rejected"]) == (20, 3)
    assert found["readings"]["duplicate"] == 3
    assert found["reasons"]["message.rejected"] == {"unreadable": 2, "topic_unknown": 1}
    assert found["reasons"]["reading.invalid"] == {"wrong_type": 1}
    assert found["stores"]["duckdb"]["stored"] == found["readings"]["accepted"] == 9 * 2 * 3 + 2
    assert found["verify"]["agrees"] is True
    shown = answers.up["ledger verified"].out
    assert "23 received = 20 decoded + 0 ignored + 3 rejected" in shown
    assert "56 stored by the books, 56 in the database" in shown
    assert "2 unreadable, 1 topic_unknown" in shown


def test_a_devices_account_is_read_as_a_person_reads_it(answers: Answers) -> None:
    shown = answers.up["device"].out

    assert "tianhe-road-1" in shown
    assert "113.31061" in shown
    assert answers.up["device json"].json["counts"]["accepted"] == 27
    since = answers.up["device json"].json["record"]["since"]
    assert str(since) not in shown, "times are shown as times"


def test_series_are_listed_in_order_of_their_names(answers: Answers) -> None:
    lines = answers.up["series"].out.splitlines()

    assert [line.split()[1] for line in lines[1:]] == ["flow", "occupancy", "speed"]
    assert {one["device"] for one in answers.up["series json"].json["series"]} == {"loop-0001", "loop-0002"}
    assert "and more" in answers.up["few series"].out
    assert answers.up["no series"].code == 0
    assert "nothing matches" in answers.up["no series"].out


def test_readings_come_as_table_csv_and_json(answers: Answers) -> None:
    start = answers.start * 1_000_000
    rows = answers.up["read json"].json["rows"]
    table = answers.up["read"].out.splitlines()
    listed = list(csv.DictReader(io.StringIO(answers.up["read csv"].out)))

    assert [row[:5] for row in rows] == [
        ["speed", "km/h", start + k * MINUTE * 1_000_000, 50.5 + k, 1] for k in range(9)
    ]
    assert [float(row["value"]) for row in listed] == [50.5 + k for k in range(9)]
    assert listed[0]["time"].endswith(":00.000000000Z")
    assert len(table) == 11
    assert "good" in table[1]
    assert answers.up["read format json"] == answers.up["read json"]
    assert "nothing is stored in that time" in answers.up["read nothing"].out


def test_of_too_many_rows_the_first_are_shown_and_where_to_go_on(answers: Answers) -> None:
    some = answers.up["read some json"].json
    second = (answers.start + 2 * MINUTE) * 1_000_000

    assert [row[0] for row in some["rows"]] == ["flow", "occupancy", "speed"] * 2, "by time, none of its rows parted"
    assert (some["truncated"], some["next"]) == (True, second)
    assert answers.up["read some"].out.splitlines()[-1].startswith("there is more: go on with --from ")
    assert len(answers.up["read some"].out.splitlines()) == 1 + 6 + 1 + 1
    assert len(answers.up["read some csv"].out.splitlines()) == 1 + 6
    assert "there is more" in answers.up["read some csv"].err
    whole = answers.up["read json"].json
    assert (whole["truncated"], whole["next"]) == (False, None)
    assert "there is more" not in answers.up["read"].out + answers.up["read csv"].err


def test_aggregates_are_read_by_their_step(answers: Answers) -> None:
    listed = list(csv.DictReader(io.StringIO(answers.up["read minutes"].out)))

    assert [row["count"] for row in listed] == ["1"] * len(listed)
    assert [row["mean"] for row in listed] == [row["max"] for row in listed]
    assert len(listed) >= 2


def test_dead_letters_are_shown_whole_and_harmless(answers: Answers) -> None:
    listed = answers.up["dead letters json"].json["dead_letters"]

    assert sorted(letter["reason"] for letter in listed) == ["topic_unknown", "unreadable", "unreadable", "wrong_type"]
    assert len(answers.up["unreadable"].json["dead_letters"]) == 1
    assert "\x1b" not in answers.up["dead letters"].out + answers.up["letter"].out
    assert "[2J" in answers.up["letter"].out
    assert "none of that kind" in answers.up["none of that kind"].out


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("no device", 1, "No device 'nobody' is known."),
        ("read nobody", 1, "No series of device 'nobody' is known."),
        ("read no quantity", 1, "Device 'loop-0001' has no quantity 'weight'.\n       It has flow, occupancy, speed."),
        ("read no store", 2, "No store 'paper' is open."),
        ("no letter", 1, "There is no dead letter 'nothing'."),
        ("figures of nobody", 1, "No figure of condition 'traffic.congestion' and asset 'nobody' is known."),
    ],
)
def test_what_is_not_there_is_a_sentence_and_a_remedy(answers: Answers, question: str, code: int, said: str) -> None:
    result = answers.up[question]

    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {said}")
    assert result.err.count("\n") == 2
    assert "Traceback" not in result.err


def test_status_tells_the_same_ledger_and_who_it_asked(answers: Answers) -> None:
    up, down = answers.up["status json"].json, answers.down["status json"].json

    assert up["ledger"] == down["ledger"]
    assert (up["running"], down["running"]) == (True, False)
    assert up["stores"]["duckdb"]["stored"] == down["stores"]["duckdb"]["stored"]
    assert up["engine"]["series"] == down["engine"]["series"]
    assert {"rates", "latency_ms", "inbox", "outbox", "stores", "engine"} <= up.keys() & down.keys()
    assert up["outbox"]["hours_left"] > 0
    assert "ledger: balanced" in answers.up["status"].out
    assert "room for" in answers.up["status"].out
    assert "no gateway runs on" in answers.down["status"].out
