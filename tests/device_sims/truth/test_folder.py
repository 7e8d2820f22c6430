"""The folder of truth: what a run writes, and what it refuses to write over."""

import json
import zlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from device_sims.city.devices import City, load_city
from device_sims.faults import FaultSpan
from device_sims.fleet.message import Message
from device_sims.kinds import Reading
from device_sims.scenarios.scenario import Scenario, load_scenario
from device_sims.truth.folder import RunFolder, RunStory
from tests.support.truth import measured_rows, sent_rows

S = 1_000_000_000
ORIGIN = 1_772_625_600 * S  # 2026-03-04T20:00:00+08:00
TOPIC = "city/tianhe/traffic/loop/loop-0001/reading"
COUNTS = {"messages": 2, "sent": 2, "readings": 3, "resent": 0}
TRUE = (Reading("speed", 5, 52.3), Reading("flow", 5, None))


def _message(payload: bytes, readings: tuple[Reading, ...], fault: str = "", sequence: int = 1) -> Message:
    return Message(7, "loop-0001", 0, TOPIC, payload, readings, fault, TRUE, sequence, "loop-detector")


def _story(**more: Any) -> RunStory:
    return RunStory(**{"seed": 1, "origin": ORIGIN, "start": ORIGIN, "speed": 60.0, "receipt": "city", **more})


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(20)


def _begun(folder: Path, city: City, number: int = 0, scenario: Scenario | None = None, **more: Any) -> RunFolder:
    run = RunFolder(folder, number)
    run.begin(_story(**more), city, scenario)
    return run


def _story_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def test_there_is_a_row_a_reading_and_one_for_a_spoilt_message(tmp_path: Path, city: City) -> None:
    run = _begun(tmp_path / "run", city)
    run.part.sent(_message(b"{}", TRUE, "late"), ORIGIN + 11, ORIGIN + 12)
    run.part.sent(_message(b'{"ts', (), "truncated", 2), ORIGIN + 13, None)
    run.finish(COUNTS, [], cleanly=True)

    common = {"device": "loop-0001", "profile": "loop-detector", "topic": TOPIC, "due": 7}
    first = {**common, "sequence": 1, "message": 0, "crc": zlib.crc32(b"{}"), "fault": "late", "ts": 5,
             "sent_at": ORIGIN + 11, "acked_at": ORIGIN + 12}  # fmt: skip
    assert sent_rows(tmp_path / "run") == [
        {**first, "quantity": "speed", "value": 52.3},
        {**first, "quantity": "flow", "value": None},
        {**common, "sequence": 2, "message": 1, "crc": zlib.crc32(b'{"ts'), "fault": "truncated", "quantity": None,
         "ts": None, "value": None, "sent_at": ORIGIN + 13, "acked_at": None},
    ]  # fmt: skip


def test_what_was_measured_is_noted_once_whatever_was_sent(tmp_path: Path, city: City) -> None:
    run = _begun(tmp_path / "run", city)
    message = _message(b"half", (), "duplicate+truncated")
    run.part.measured(message)
    run.part.measured(message._replace(sequence=2))
    run.finish(COUNTS, [], cleanly=True)

    names = {"device": "loop-0001", "profile": "loop-detector", "ts": 5}
    assert measured_rows(tmp_path / "run") == [
        {**names, "quantity": "speed", "value": 52.3},
        {**names, "quantity": "flow", "value": None},
    ]


def test_memory_holds_one_row_group(tmp_path: Path, city: City) -> None:
    run = _begun(tmp_path / "run", city)
    for number in range(20_000):
        run.part.sent(_message(b"{}", (Reading("speed", number, 1.0),)), ORIGIN + number, ORIGIN + number)
    run.finish(COUNTS, [], cleanly=True)

    file = pq.ParquetFile(tmp_path / "run" / "sent-0.parquet")
    assert file.metadata.num_rows == 20_000
    assert file.metadata.num_row_groups == 2
    assert file.metadata.row_group(0).column(0).has_dictionary_page


def test_the_story_says_what_ran_and_how_it_ended(tmp_path: Path, city: City) -> None:
    scenario = load_scenario("evening-of-trouble", load_city(), ORIGIN)
    run = _begun(tmp_path / "run", city, scenario=scenario, faults="late=0.1:60")
    before = _story_of(tmp_path / "run")
    run.finish(COUNTS, [], cleanly=False)
    after = _story_of(tmp_path / "run")

    assert (before["ended_at"], before["ended_cleanly"]) == (None, False)
    assert after["ended_at"] >= after["began_at"]
    assert after["ended_cleanly"] is False
    assert after["counts"] == COUNTS
    assert (after["seed"], after["speed"], after["faults"], after["devices"]) == (1, 60.0, "late=0.1:60", 20)
    assert after["scenario"] == {"name": scenario.name, "sentence": scenario.sentence}
    assert after["versions"]["python"]


def test_troubles_and_faults_have_their_times(tmp_path: Path, city: City) -> None:
    scenario = load_scenario("evening-of-trouble", load_city(), ORIGIN)
    run = _begun(tmp_path / "run", city, scenario=scenario)
    run.part.sent(_message(b"{}", TRUE, "late+outage"), ORIGIN, ORIGIN)
    run.finish(COUNTS, [FaultSpan("loop-0001", "outage", 3, 9, 6.0)], cleanly=True)

    troubles = pq.read_table(tmp_path / "run" / "troubles.parquet").to_pylist()
    assert [(each["kind"], each["start"], each["within"], tuple(each["also"])) for each in troubles] == [
        (each.kind, each.start, each.within, each.also) for each in scenario.troubles
    ]
    names = ("device", "fault", "start", "end", "size")
    assert pq.read_table(tmp_path / "run" / "faults.parquet").to_pylist() == [
        dict(zip(names, row, strict=True))
        for row in (("loop-0001", "late", 7, 8, None), ("loop-0001", "outage", 3, 9, 6.0))
    ]


def test_a_folder_of_another_run_is_left_alone(tmp_path: Path, city: City) -> None:
    _begun(tmp_path / "run", city).finish(COUNTS, [], cleanly=True)
    before = _story_of(tmp_path / "run")

    with pytest.raises(ValueError, match="holds the truth of another run"):
        _begun(tmp_path / "run", city)

    assert _story_of(tmp_path / "run") == before


def test_processes_share_a_folder_and_the_last_one_sums_up(tmp_path: Path, city: City) -> None:
    parts = [_begun(tmp_path / "run", city, number, processes=2) for number in range(2)]
    for number, part in enumerate(parts):
        part.part.sent(_message(b"{}", (Reading("speed", number, 1.0),)), ORIGIN, ORIGIN)
    parts[1].finish(COUNTS, [], cleanly=True)
    assert _story_of(tmp_path / "run")["ended_at"] is None
    parts[0].finish(COUNTS, [], cleanly=True)

    story = _story_of(tmp_path / "run")
    assert story["ended_cleanly"]
    assert story["counts"] == {name: 2 * count for name, count in COUNTS.items()}
    assert sorted(row["ts"] for row in sent_rows(tmp_path / "run")) == [0, 1]
    expected = json.loads((tmp_path / "run" / "expected.json").read_text())
    assert expected["messages"]["sent"] == 2
    assert not list((tmp_path / "run").glob("ended-*"))
