"""The file of truth."""

import json
import zlib
from pathlib import Path

from device_sims.fleet import Message
from device_sims.kinds import Reading
from device_sims.truth import TruthFile


def _message(payload: bytes, readings: tuple[Reading, ...], fault: str = "") -> Message:
    return Message(7, "loop-0001", 0, "city/tianhe/traffic/loop/loop-0001/reading", payload, readings, fault)


def test_there_is_a_line_a_reading_and_one_for_a_spoilt_message(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    with TruthFile(path) as truth:
        truth.write(_message(b"{}", (Reading("speed", 5, 52.3), Reading("flow", 5, None)), "late"))
        truth.write(_message(b'{"ts', (), "invalid"))
    common = {"device": "loop-0001", "topic": "city/tianhe/traffic/loop/loop-0001/reading"}
    first = {**common, "crc": zlib.crc32(b"{}"), "fault": "late", "ts": 5}
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {**first, "quantity": "speed", "value": 52.3},
        {**first, "quantity": "flow", "value": None},
        {**common, "crc": zlib.crc32(b'{"ts'), "fault": "invalid", "quantity": None, "ts": None, "value": None},
    ]
