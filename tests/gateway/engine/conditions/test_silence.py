"""Silent devices: only what was heard falls silent, and only while we listen."""

import msgspec
import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import RETAIN, Row, RowKind
from tests.support.conditions import SILENT, Seen, device, feed, judging, made_of, says, seen, tick
from tests.support.engine import SECOND, START, config_row

# gas sends each 10 s: five intervals are 50 s, so the least of 60 s holds


def _ticks(made: ZoneEngine, first: int, last: int, live: bool = True) -> list[Seen]:
    """A tick a second."""
    return seen(tick(made, secs, live) for secs in range(first, last))


def _heard(**changed: object) -> ZoneEngine:
    made = judging(SILENT | changed, devices=[device("never", "gas")])
    feed(made, [says("gas", "g1", 0, lel=1)])
    return made


def test_a_device_is_silent_when_nothing_came_for_its_time() -> None:
    made = _heard()

    assert _ticks(made, 1, 60) == []
    assert _ticks(made, 60, 200) == [("raised", "g1", 1, 60)]


def test_the_time_is_some_intervals_of_the_profile() -> None:
    made = _heard(intervals=20)

    assert _ticks(made, 1, 400) == [("raised", "g1", 1, 200)]


def test_it_is_over_with_the_message_that_breaks_it() -> None:
    made = _heard()
    _ticks(made, 1, 125)

    made.step([says("gas", "g1", 125, lel=1)], START + 125 * SECOND, True)

    assert _ticks(made, 126, 180) == [("returned", "g1", 1, 125)]
    assert _ticks(made, 180, 300) == [("repeated", "g1", 1, 185)]


def test_late_and_wrong_messages_are_signs_of_life_too() -> None:
    made = _heard()

    for secs in range(10, 200, 10):
        stale = says("gas", "g1", -5, received=secs, lel=10**9)
        assert seen(made.step([stale], stale.received_at, True)) == []


def test_a_device_that_was_never_heard_is_absent_and_not_silent() -> None:
    assert {change.asset for change in _ticks(_heard(), 1, 1000)} == {"g1"}


def test_nothing_is_silent_while_we_are_not_live() -> None:
    assert _ticks(_heard(), 1, 1000, live=False) == []


def test_an_outage_of_ours_makes_nobody_silent() -> None:
    made = _heard()
    _ticks(made, 1, 30)
    _ticks(made, 30, 600, live=False)

    assert _ticks(made, 600, 650) == []
    assert _ticks(made, 650, 700) == [("raised", "g1", 1, 660)]


def test_an_outage_of_ours_ends_nobodys_silence() -> None:
    made = _heard()
    _ticks(made, 1, 100)
    _ticks(made, 100, 200, live=False)

    assert _ticks(made, 200, 400) == []


def test_a_device_heard_in_our_backlog_is_silent_no_more() -> None:
    made = _heard()
    _ticks(made, 1, 100)
    made.step([says("gas", "g1", 110, lel=1)], START + 200 * SECOND, False)

    assert _ticks(made, 200, 240) == [("returned", "g1", 1, 110)]


def test_what_the_broker_kept_is_no_sign_of_life() -> None:
    made = _heard()
    kept = says("gas", "g1", 0, received=100, lel=1)
    kept = Row(kept.received_at, kept.kind, kept.source, kept.flags | RETAIN, kept.topic, kept.payload)

    assert _ticks(made, 1, 100) == [("raised", "g1", 1, 60)]
    assert seen(made.step([kept], kept.received_at, True)) + _ticks(made, 101, 200) == []


def test_what_came_back_from_the_dead_letters_is_no_sign_of_life() -> None:
    made = _heard()
    first = says("gas", "g1", 5, lel=1)
    again = Row(START + 100 * SECOND, RowKind.REPLAY, 255, 0, first.topic,
                msgspec.msgpack.encode((first.received_at, first.payload)))  # fmt: skip

    assert _ticks(made, 1, 100) == [("raised", "g1", 1, 60)]
    assert seen(made.step([again], again.received_at, True)) + _ticks(made, 101, 200) == []


def test_delays_of_its_alarm_run_though_nothing_comes() -> None:
    made = _heard(on_delay_secs=100, off_delay_secs=50)

    assert _ticks(made, 1, 160) == []
    assert _ticks(made, 160, 200) == [("raised", "g1", 1, 60)]
    feed(made, [says("gas", "g1", secs, lel=1) for secs in range(200, 300, 10)])
    assert seen(tick(made, 300)) == []  # was said with a message, which is a call too
    assert made.judge.alarms.standing() == 1
    assert [alarm.active for alarm in made.judge.alarms.open.values()] == [False]


def test_a_restart_in_between_changes_nothing() -> None:
    straight, broken = _heard(), _heard()
    found = []
    for secs in range(1, 300, 7):
        broken = ZoneEngine.restore(broken.snapshot())
        found += seen(tick(broken, secs, live=secs % 50 > 10))

    assert found == seen(tick(straight, secs, live=secs % 50 > 10) for secs in range(1, 300, 7))


@pytest.mark.parametrize("devices", [[device("g1", "gas")], [device("g1", "gas"), device("a0", "gas")]])
def test_a_configuration_that_leaves_it_alone_changes_nothing(devices: list[object]) -> None:
    made = judging(SILENT, devices=[device("g1", "gas")])
    feed(made, [says("gas", "g1", 0, lel=1)])
    _ticks(made, 1, 100)

    made.step([config_row(made_of(SILENT, devices=devices), made.now)], made.now, True)  # type: ignore[arg-type]

    assert _ticks(made, 100, 300) == []


def test_a_device_that_was_taken_off_the_list_is_not_silent() -> None:
    made = judging(SILENT, devices=[device("g1", "gas")])
    feed(made, [says("gas", "g1", 0, lel=1)])

    closed = made.step([config_row(made_of(SILENT, devices=[]), made.now)], made.now, True)

    assert seen(closed) + _ticks(made, 1, 300) == []
