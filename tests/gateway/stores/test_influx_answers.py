"""Reading what InfluxDB says. The messages are those of 2.9.1 and, where noted, of earlier versions."""

import pytest

from gateway.errors import Retry
from gateway.stores.influx_answers import Conflict, OutsideRetention, judge, message_of, partial_write


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        (
            "failure writing points to database: partial write: dropped 3 points outside retention policy of duration"
            " 1h0m0s - oldest point a,device=x at 2023-11-14T22:13:20Z dropped because it violates a Retention Policy"
            " Lower Bound at 2026-11-23T20:07:53.29Z dropped=3 for database: ca2d for retention policy: autogen",
            OutsideRetention(3),
        ),
        # 2.0 to 2.6
        ("failure: partial write: points beyond retention policy dropped=7", OutsideRetention(7)),
        (
            'failure writing points to database: partial write: field type conflict: input field "speed" on measurement'
            ' "a" is type float, already exists as type integer dropped=12',
            Conflict("speed", "a", 12),
        ),
        (
            "partial write: dropped 1 points outside retention policy of duration 1h0m0s - newest point a,device=x at"
            " 2100-01-01T00:00:00Z dropped because it violates a Write Window Upper Bound at X dropped=1",
            None,
        ),
        ('partial write: invalid field name: input field "time" on measurement "a" is invalid dropped=1', None),
        ("unable to parse 'a,device=x speed=NaN 1': invalid number", None),
        ("points outside retention policy, said a device name dropped=5", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_a_refusal_is_about(message: str, meaning: object) -> None:
    assert partial_write(message) == meaning


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"code":"invalid","message":"no"}', "no"),
        (b'{"error":"old style"}', "old style"),
        (b"<html>Bad gateway</html>\n", "<html>Bad gateway</html>"),
        (b"\xff\xfe", "��"),
        (b"[1]", "[1]"),
        (b"", ""),
        (b"x" * 10_000, "x" * 300),
    ],
)
def test_what_an_answer_says(body: bytes, message: str) -> None:
    assert message_of(body) == message


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("write x/_series/00/0000: no space left on device", "Make room on the disk of the InfluxDB server."),
        (
            "not attempting to open shard 3; opening shard previously failed with: write x: no space left on device",
            "Make room on the disk of the InfluxDB server, then restart InfluxDB.",
        ),
        ("not attempting to open shard 3; opening shard previously failed with: x", "Restart InfluxDB, and look at"),
        ("timeout", ""),
    ],
)
def test_what_somebody_may_have_to_do_before_it_passes_is_said(message: str, remedy: str) -> None:
    verdict = judge(500, message, {}, "bucket 'a'", "city")
    assert isinstance(verdict, Retry)
    assert verdict.remedy.startswith(remedy)
    assert bool(verdict.remedy) == bool(remedy)
