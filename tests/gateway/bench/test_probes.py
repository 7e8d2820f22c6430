"""Probes and who saw them: what stands for what, and how times are told."""

import pytest

from gateway.bench.probes import Probes, summary


def test_a_newer_value_stands_for_those_that_it_overtook() -> None:
    probes = Probes()
    probes.latest = {("a", 1000): 1, ("a", 2000): 2, ("a", 3000): 3, ("b", 1000): 4}

    probes.see_latest({"device": "a", "quantities": {"lel": {"time": "1970-01-01T00:00:02.000000000Z"}}}, 70)
    probes.see_latest({"device": "a", "quantities": {"lel": {"time": "1970-01-01T00:00:02.000000000Z"}}}, 90)

    assert probes.seen_latest == {("a", 1000): 70, ("a", 2000): 70}
    assert not probes.complete


def test_a_notification_tells_of_each_alarm_the_first_time() -> None:
    probes = Probes()
    probes.alarms = {"probe-alarm-00001": 1, "probe-alarm-00002": 2}

    probes.see_http(b'{"items":["probe-alarm-00001","probe-alarm-00002"]}')
    first = dict(probes.seen_http)
    probes.see_http(b'{"items":["probe-alarm-00001"]}')

    assert probes.seen_http == first
    assert first.keys() == probes.alarms.keys()


def test_times_are_told_in_ms_and_what_nobody_saw_is_counted() -> None:
    said = {k: k * 1_000_000 for k in range(101)}
    seen = {k: said[k] + k * 1_000_000 for k in range(100)}

    told = summary(said, seen)

    assert (told["probes"], told["missing"]) == (101, 1)
    assert [told["p50"], told["p99"], told["max"]] == pytest.approx([49.5, 98.01, 99.0])
    assert summary({}, {}) == {"probes": 0, "missing": 0}
