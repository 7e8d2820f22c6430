"""A day on which everything goes wrong once, by a script: each trouble raised once, in its place, in time, and cleared.

    simulated day --recording--> cityloom replay ------------------------------------> alarms  ==  script
                     |                                                                   ||
                     +-- every message twice, shuffled --> replay, killed five times --> alarms

The gateway sees topics and payloads only; what was expected of it is compared afterwards.
"""

import base64
import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from device_sims.publisher import Endpoint
from device_sims.run import Plan, record
from gateway.cli.door import ask, settings_of
from gateway.runtime.control import socket_path
from gateway.score.troubles import Expected, Raised, alarms_of, score_troubles

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("CITYLOOM_TEST_DAY"), reason="takes a quarter of an hour: set CITYLOOM_TEST_DAY=1"
    ),
]

SECOND = 1_000_000_000
MIDNIGHT = datetime(2026, 3, 4, tzinfo=timezone(timedelta(hours=8)))
DISORDER_SECS = 8.0
"""Less than any profile waits for readings out of order."""
KILLS = 5
DEADLINE_SECS = 900.0


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recording and the script of the day."""
    folder = tmp_path_factory.mktemp("day")
    origin = int(MIDNIGHT.timestamp()) * SECOND
    plan = Plan(
        Endpoint("127.0.0.1", 1), origin, origin, 1.0, until=origin + 25 * 3600 * SECOND, scenario="day-of-trouble",
        troubles=folder / "troubles.json", record=folder / "day.jsonl.gz", recordings=False,
    )  # fmt: skip
    record(plan, lambda _: None)
    return folder


def _start(recording: Path, data: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "gateway.cli", "replay", str(recording), "--data-dir", str(data), "--resume"]
    with (data.parent / f"{data.name}.log").open("ab") as log:
        return subprocess.Popen([*words, "--json"], stdout=log, stderr=log)


def _alarms(data: Path) -> list[Raised]:
    changes = ask(settings_of(None, data), "alarm_history", limit=10_000)
    return alarms_of(reversed(changes))


def _expected(day: Path) -> list[Expected]:
    tables: list[dict[str, Any]] = json.loads((day / "troubles.json").read_text())
    names = Expected.__dataclass_fields__
    return [Expected(**{name: value for name, value in table.items() if name in names}) for table in tables]


@pytest.fixture(scope="module")
def undisturbed(day: Path) -> list[Raised]:
    """Alarms of the day as it was."""
    data = day / "undisturbed"
    assert _start(day / "day.jsonl.gz", data).wait(DEADLINE_SECS) == 0, (day / "undisturbed.log").read_text()
    return _alarms(data)


def test_each_trouble_is_raised_once_in_its_place_in_time_and_clears(day: Path, undisturbed: list[Raised]) -> None:
    expected = _expected(day)

    score = score_troubles(expected, undisturbed)

    assert [(v.expected.kind, v.expected.at, v.alarms) for v in score.wrong] == []
    assert len(score.verdicts) == len([trouble for trouble in expected if trouble.expect])
    assert len(score.unexplained) <= 3, score.unexplained


def _twice_and_shuffled(recording: Path) -> Iterator[tuple[int, str, bytes]]:
    """Every message twice, each up to `DISORDER_SECS` late, in their new order."""
    rng = random.Random(20260304)
    waiting: list[tuple[int, int, str, str]] = []
    number = 0
    with gzip.open(recording, "rt", encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            for _ in range(2):
                number += 1
                due = message["received_at"] + round(rng.uniform(0.0, DISORDER_SECS) * SECOND)
                waiting.append((due, number, message["topic"], message["payload_base64"]))
            if number % 20_000 == 0:
                waiting.sort()
                ready = next(k for k, each in enumerate(waiting) if each[0] >= message["received_at"])
                yield from ((due, topic, base64.b64decode(body)) for due, _, topic, body in waiting[:ready])
                del waiting[:ready]
    waiting.sort()
    yield from ((due, topic, base64.b64decode(body)) for due, _, topic, body in waiting)


def _received(data: Path) -> int | None:
    """Messages that a replay has taken so far; None: it is not there (yet, or any more)."""
    try:
        with (
            socket_path(data) as path,
            httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=60.0) as client,
        ):
            status = client.post("http://gateway/status", json={}).raise_for_status().json()
            return int(status["ledger"]["messages"].get("received", 0))
    except (httpx.TransportError, OSError):
        return None


def test_the_same_alarms_after_five_kills_with_every_message_twice_and_shuffled(
    day: Path, undisturbed: list[Raised]
) -> None:
    recording, data = day / "twice.jsonl.gz", day / "disturbed"
    total = 0
    with gzip.open(recording, "wb", 1) as out:
        for due, topic, payload in _twice_and_shuffled(day / "day.jsonl.gz"):
            line = {"received_at": due, "topic": topic, "payload_base64": base64.b64encode(payload).decode()}
            out.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            total += 1
    places = sorted(random.Random(7).sample(range(total // 20, total - total // 20), KILLS))
    deadline = time.monotonic() + 2 * DEADLINE_SECS

    killed = 0
    for place in places:
        replay = _start(recording, data)
        while replay.poll() is None and (_received(data) or 0) < place:
            assert time.monotonic() < deadline
        replay.kill()
        replay.wait()
        killed += 1
    assert killed == KILLS
    assert _start(recording, data).wait(DEADLINE_SECS) == 0, (day / "disturbed.log").read_text()[-2000:]

    def told(alarms: list[Raised]) -> set[tuple[object, ...]]:
        # who falls silent is judged by receipts, and those were moved
        exact = (alarm for alarm in alarms if alarm.condition != "device.silent")
        return {(alarm.condition, alarm.asset, alarm.zone, alarm.at, alarm.over) for alarm in exact}

    alarms = _alarms(data)
    assert told(alarms) == told(undisturbed)
    assert score_troubles(_expected(day), alarms).wrong == []
    assert len(alarms) == len(undisturbed)
