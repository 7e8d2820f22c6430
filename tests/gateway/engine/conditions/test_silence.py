"""Silent devices: only what was heard falls silent, and only while we listen."""

import msgspec
import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import RETAIN, Row, RowKind
from tests.support.conditions import SILENT, Seen, device, feed, judging, made_of, says, seen, tick
from tests.support.engine import SECOND, START, config_row, message

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


# -- the device's own interval, and its own word -----------------------------------------------------------------------


def _every(secs: int, count: int, **changed: object) -> tuple[ZoneEngine, int]:
    """A device that sends each `secs`, with a tick a second; gives when it sent last."""
    made = judging(SILENT | changed)
    for at in range(secs * (count - 1) + 1):
        feed(made, [says("gas", "g1", at, lel=1)]) if at % secs == 0 else tick(made, at)
    return made, secs * (count - 1)


def test_the_time_is_some_intervals_of_the_device_once_five_are_known() -> None:
    made, last = _every(60, 6)
    assert [when.secs - last for when in _ticks(made, last + 1, last + 600)] == [300]

    few, last = _every(60, 5)  # of its profile, whose 50 s are less than the least
    assert [when.secs - last for when in _ticks(few, last + 1, last + 600)] == [60]


def test_the_profile_counts_where_the_own_interval_is_not_wanted() -> None:
    made, last = _every(60, 12, own_interval=False, least_secs=70)

    assert [when.secs - last for when in _ticks(made, last + 1, last + 600)] == [70]


def test_one_long_gap_does_not_show_in_the_usual_interval() -> None:
    made, last = _every(60, 10)
    feed(made, [says("gas", "g1", last + 290, lel=1)])
    for k in range(1, 6):
        feed(made, [says("gas", "g1", last + 290 + 60 * k, lel=1)])
    last += 290 + 300

    assert [when.secs - last for when in _ticks(made, last + 1, last + 600)] == [300]


def test_intervals_while_we_did_not_listen_are_not_its_own() -> None:
    made = judging(SILENT)
    for at in range(0, 1200, 60):
        made.step([says("gas", "g1", at, lel=1)], START + at * SECOND, live=False)

    assert [when.secs for when in _ticks(made, 1200, 1800)] == [1260]


def test_a_copy_is_a_sign_of_life_but_no_interval() -> None:
    made, last = judging(SILENT), 300
    for at in range(0, last + 1, 60):
        feed(made, [says("gas", "g1", at, lel=1), says("gas", "g1", at, received=at + 15, lel=1)])
        feed(made, [says("gas", "g1", at - 60, received=at + 30, lel=1)])  # one that was overtaken

    assert [when.secs - last for when in _ticks(made, last + 31, last + 600)] == [330]


def test_what_was_learned_outlives_a_restart() -> None:
    made, last = _every(60, 12)
    again = ZoneEngine.restore(made.snapshot())

    assert _ticks(again, last + 1, last + 600) == _ticks(made, last + 1, last + 600) != []


SENML = {
    "name": "senml", "topic": "city/{zone}/senml/{device}", "codec": "senml", "interval_secs": 10,
    "identity": {"topic": "{device}"}, "provisioning": {"policy": "open", "zone_from": "zone"},
    "fields": {"level": {"path": "level", "unit": "m"}, "battery": {"path": "battery", "unit": "%EL"}},
}  # fmt: skip


def _promising(*words: tuple[int, list[object]]) -> ZoneEngine:
    """(second, `ut` of level and battery) a message."""
    made = judging(SILENT, profiles=[SENML])
    for at, (level, battery) in words:
        level_record: dict[str, object] = {"bn": "d", "bt": START // SECOND + at, "n": "level", "u": "m", "v": 1.5}
        pack = [level_record, {"n": "battery", "u": "%EL", "v": 9}]
        for record, ut in zip(pack, (level, battery), strict=True):
            if ut is not None:
                record["ut"] = ut
        row = message("city/a/senml/d", pack, START + at * SECOND)
        made.step([row], row.received_at, True)
    return made


@pytest.mark.parametrize(
    ("words", "silent"),
    [
        ([(0, [200, None])], 200), ([(0, [200, 120])], 120), ([(0, [None, None])], 60), ([(0, [5, None])], 60),
        ([(0, [200, None]), (10, [None, 300])], 310),  # the newest message counts
        ([(0, [200, None]), (10, [None, None])], 70),  # which may promise nothing
        ([(0, [0, -1])], 60), ([(0, ["soon", True])], 60),  # what is no time is no promise
    ],
)  # fmt: skip
def test_a_device_that_says_when_it_sends_again_is_taken_at_its_word(
    words: list[tuple[int, list[object]]], silent: int
) -> None:
    made = _promising(*words)
    again = ZoneEngine.restore(made.snapshot())

    found = _ticks(made, words[-1][0] + 1, 400)
    assert [when.secs for when in found] == [silent]
    assert _ticks(again, words[-1][0] + 1, 400) == found
