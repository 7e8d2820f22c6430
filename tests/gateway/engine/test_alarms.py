"""The life of an alarm: raised, its level, acknowledged, over, again; what closes it; what is configured anew."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.alarm_model import AlarmDefinition, Transition, alarm_id
from gateway.engine.alarms import Alarms
from processors.conditions.signals import Signals, step_levels
from tests.gateway.engine.alarm_support import Desk, S, by_key, definition, same_state, signals


def test_what_is_normal_says_nothing() -> None:
    desk = Desk()

    assert desk.say((1, 0), (2, 0)) == []
    assert desk.alarms.open == {}


def test_an_alarm_that_nobody_acknowledges_stays_after_it_is_over() -> None:
    desk = Desk()

    assert desk.say((10, 1)) == [("raised", "unacknowledged", 10)]
    assert desk.say((20, 0)) == [("returned", "returned", 20)]
    assert desk.alarms.standing() == 1
    assert desk.act("ack", 30) == [("acknowledged", "normal", 30)]
    assert desk.alarms.standing() == 0
    assert desk.alarms.open == {}


def test_an_acknowledged_alarm_closes_when_it_is_over() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.act("ack", 15) == [("acknowledged", "acknowledged", 15)]
    assert desk.say((20, 0)) == [("returned", "normal", 20)]
    assert desk.alarms.open == {}


def test_a_transition_carries_all_that_others_need() -> None:
    desk = Desk()
    desk.say((10, 2, 2, 31.5), now=12)

    assert desk.out == [
        Transition(
            alarm=alarm_id("gas.lel", "a", 10 * S), change="raised", state="unacknowledged", condition="gas.lel",
            asset="a", zone="old-town", domain="gas", level=2, priority=2, value=31.5, at=10 * S, now=12 * S,
            since=10 * S, historic=False,
        )
    ]  # fmt: skip
    desk.act("ack", 14, text="on my way")
    assert (desk.out[0].who, desk.out[0].text, desk.out[0].at) == ("li", "on my way", 14 * S)


def test_a_judgement_without_a_figure_has_no_value() -> None:
    desk = Desk()
    desk.say((10, 1, 1, float("nan")))

    assert desk.out[0].value is None


def test_what_comes_again_before_it_is_closed_is_the_same_alarm_repeated() -> None:
    desk = Desk()
    desk.say((10, 1), (20, 0))
    first = desk.out[0].alarm

    assert desk.say((30, 2)) == [("repeated", "unacknowledged", 30)]
    assert (desk.out[0].alarm, desk.out[0].since, desk.out[0].level) == (first, 10 * S, 2)


def test_what_comes_again_after_it_was_closed_is_a_new_alarm() -> None:
    desk = Desk()
    desk.say((10, 1), (20, 0))
    first = desk.out[0].alarm
    desk.act("ack", 25)

    assert desk.say((30, 1)) == [("raised", "unacknowledged", 30)]
    assert desk.out[0].alarm != first
    assert desk.out[0].since == 30 * S


def test_levels_are_told_with_their_priority_and_their_figure() -> None:
    desk = Desk()

    assert desk.say((10, 1), (11, 3), (12, 3), (13, 2)) == [
        ("raised", "unacknowledged", 10),
        ("level", "unacknowledged", 11),
        ("level", "unacknowledged", 13),
    ]
    assert [(t.level, t.priority, t.value) for t in desk.out] == [(1, 3, 10), (3, 1, 30), (2, 2, 20)]


def test_a_higher_level_than_the_one_acknowledged_asks_anew_and_a_lower_one_does_not() -> None:
    desk = Desk()
    desk.say((10, 2))
    desk.act("ack", 11)

    assert desk.say((12, 1), (13, 2)) == [("level", "acknowledged", 12), ("level", "acknowledged", 13)]
    assert desk.say((14, 3)) == [("level", "unacknowledged", 14)]
    assert desk.alarms.figures.in_ten_minutes(20 * S) == 2


def test_a_level_stands_within_the_deadband() -> None:
    value = np.array([26.0, 24.0, 22.0, 19.0, 17.0])
    level, held = step_levels(value, np.array([20.0, 25.0, 50.0]), 2.0)
    desk = Desk()

    assert desk.say(*zip(range(5), level.tolist(), held.tolist(), value.tolist(), strict=True)) == [
        ("raised", "unacknowledged", 0),
        ("level", "unacknowledged", 2),
        ("returned", "returned", 4),
    ]


def test_the_deadband_does_not_raise_what_never_reached_the_step() -> None:
    desk = Desk()

    assert desk.say((10, 0, 1), (11, 0, 2)) == []


def test_a_level_that_begins_and_ends_in_one_call_is_seen_whole() -> None:
    desk = Desk()

    assert desk.say((9, 0), (10, 1), (20, 0), (30, 1), (40, 0)) == [
        ("raised", "unacknowledged", 10),
        ("returned", "returned", 20),
        ("repeated", "unacknowledged", 30),
        ("returned", "returned", 40),
    ]


def test_a_burst_of_ten_thousand_bad_readings_is_one_alarm(rng: np.random.Generator) -> None:
    desk = Desk()
    level = rng.integers(1, 4, 10_000)
    told = desk.say(*((t, int(of)) for t, of in enumerate(level)))

    assert [what for what, _, _ in told if what != "level"] == ["raised"]
    assert len({t.alarm for t in desk.out}) == len(desk.alarms.open) == 1


def test_a_flickering_burst_of_ten_thousand_readings_is_one_alarm(rng: np.random.Generator) -> None:
    desk = Desk()
    desk.say(*((t / 20, int(of)) for t, of in enumerate(rng.integers(0, 4, 10_000))))

    assert len({t.alarm for t in desk.out}) == len(desk.alarms.open) == 1


def test_late_signals_change_nothing() -> None:
    desk = Desk()
    desk.say((100, 0))

    assert desk.say((50, 1)) == []
    assert desk.say((200, 1), (150, 0), (150, 3)) == [("raised", "unacknowledged", 200)]
    assert desk.say((199, 0)) == []
    assert desk.alarms.open[0].active


def test_a_signal_of_the_same_time_is_not_late() -> None:
    desk = Desk()

    assert desk.say((10, 0), (10, 1)) == [("raised", "unacknowledged", 10)]


def test_a_missing_judgement_is_not_normal() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.advance(100_000) == []
    assert desk.alarms.open[0].active


# ---- latching ----


def test_a_latching_alarm_is_kept_until_it_is_acknowledged_and_reset() -> None:
    desk = Desk(latching=True)
    desk.say((10, 1))

    assert desk.act("reset", 11) == []
    assert desk.say((20, 0)) == [("returned", "returned", 20)]
    assert desk.act("reset", 21) == []
    assert desk.act("ack", 22) == [("acknowledged", "latched", 22)]
    assert desk.alarms.standing() == 1
    assert desk.act("reset", 23) == [("reset", "normal", 23)]
    assert desk.alarms.open == {}


def test_an_acknowledged_latching_alarm_latches_when_it_is_over() -> None:
    desk = Desk(latching=True)
    desk.say((10, 1))
    desk.act("ack", 11)

    assert desk.say((20, 0)) == [("returned", "latched", 20)]
    assert desk.say((30, 1)) == [("repeated", "unacknowledged", 30)]


def test_nothing_else_can_be_reset() -> None:
    desk = Desk()
    desk.say((10, 1), (20, 0))

    assert desk.act("reset", 21) == []
    assert desk.alarms.open[0].state == "returned"


# ---- what is configured anew ----


def test_a_definition_with_the_same_name_keeps_its_key_and_its_open_alarm() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.alarms.define(definition(priorities=(4,), off=60)) == 0
    assert desk.say((20, 0), (79, 0)) == []
    assert desk.say((80, 0)) == [("returned", "returned", 20)]
    assert desk.out[0].priority == 4


def test_a_new_delay_holds_for_what_waits_already() -> None:
    desk = Desk(on=60)
    desk.say((10, 1))
    desk.alarms.define(definition(on=20))

    assert desk.say((29, 1)) == []
    assert desk.say((30, 1)) == [("raised", "unacknowledged", 10)]


def test_an_alarm_that_latched_is_not_forgotten_when_its_condition_no_longer_latches() -> None:
    desk = Desk(latching=True)
    desk.say((10, 1), (20, 0))
    desk.act("ack", 21)
    desk.alarms.define(definition(latching=False))

    assert desk.say((30, 0)) == []
    assert desk.act("reset", 31) == [("reset", "normal", 31)]


@pytest.mark.parametrize("acts", [[], ["ack"], ["shelve"], ["suppress", "out_of_service"]])
def test_a_condition_that_is_gone_closes_its_alarm_and_says_so(acts: list[str]) -> None:
    desk = Desk()
    desk.say((10, 1))
    for act in acts:
        desk.act(act, 11, until=1000)

    desk.alarms.retire([0], 50 * S, desk.out)
    assert desk.told()[-1] == ("retired", "normal", 50)
    assert desk.alarms.open == {}
    assert desk.say((60, 2)) == []
    assert desk.act("shelve", 61, until=1000) == []
    assert desk.advance(2000) == []


def test_a_condition_that_is_gone_while_nothing_is_wrong_says_nothing() -> None:
    desk = Desk(on=60)
    desk.say((10, 1))

    desk.alarms.retire([0, 0], 50 * S, desk.out)
    assert desk.out == []
    assert desk.advance(1000) == []


@pytest.mark.parametrize("restart", [False, True])
def test_a_condition_that_comes_back_begins_afresh_under_its_key(restart: bool) -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.alarms.retire([0], 50 * S, [])
    if restart:
        desk.restart()
    assert desk.say((55, 1)) == []

    assert desk.alarms.define(definition()) == 0
    assert desk.say((60, 0)) == []
    assert desk.say((70, 1)) == [("raised", "unacknowledged", 70)]


def test_other_keys_live_on_when_one_is_retired() -> None:
    alarms = Alarms()
    keys = [alarms.define(definition(asset)) for asset in "abc"]
    out: list[Transition] = []
    alarms.retire([keys[1]], 0, out)
    alarms.observe(signals((0, 1, 1), (1, 1, 1), (2, 1, 1)), S, out)

    assert [t.asset for t in out] == ["a", "c"]


def test_a_definition_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no priority"):
        definition(priorities=())
    with pytest.raises(ValueError, match="negative delay"):
        definition(on=-1)


# ---- calls ----


SIGNALS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 3), st.integers(0, 2), st.integers(0, 99)),
    max_size=40,
)


def _alarms() -> Alarms:
    alarms = Alarms()
    for asset, on, off in (("a", 0, 0), ("b", 3, 0), ("c", 2, 4)):
        alarms.define(definition(asset, on=on, off=off, latching=asset == "a"))
    return alarms


def _rows(drawn: list[tuple[int, int, int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    return [(key, ts, level, level + more, value) for key, ts, level, more, value in drawn]


@given(SIGNALS, st.lists(st.integers(0, 40)), st.booleans())
def test_how_signals_are_split_into_calls_does_not_show(
    drawn: list[tuple[int, int, int, int, int]], cuts: list[int], restart: bool
) -> None:
    rows = _rows(drawn)
    whole, split = _alarms(), _alarms()
    out_whole: list[Transition] = []
    out_split: list[Transition] = []
    whole.observe(signals(*rows), 50 * S, out_whole)
    edges = [0, *sorted(cuts), len(rows)]
    for start, end in pairwise(edges):
        split.observe(signals(*rows[start:end]), 50 * S, out_split)
        if restart:
            split = Alarms.restore(split.snapshot())
    whole.advance([45 * S], 51 * S, True, out_whole)
    split.advance([45 * S], 51 * S, True, out_split)

    assert by_key(out_whole) == by_key(out_split)
    assert same_state(whole.snapshot(), split.snapshot())


@given(SIGNALS)
def test_how_keys_are_interleaved_does_not_show(drawn: list[tuple[int, int, int, int, int]]) -> None:
    rows = _rows(drawn)
    mixed, sorted_ = _alarms(), _alarms()
    out_mixed: list[Transition] = []
    out_sorted: list[Transition] = []
    mixed.observe(signals(*rows), 50 * S, out_mixed)
    sorted_.observe(signals(*sorted(rows, key=lambda row: row[0])), 50 * S, out_sorted)

    assert out_mixed == out_sorted
    assert same_state(mixed.snapshot(), sorted_.snapshot())


def test_no_signals_are_no_trouble() -> None:
    alarms = Alarms()
    out: list[Transition] = []
    alarms.observe(Signals.empty(), 0, out)
    alarms.advance([], 0, True, out)
    alarms.advance(np.empty(0, np.int64), 0, True, out)

    assert out == []
    assert len(Alarms.restore(alarms.snapshot())) == 0


def test_many_keys_find_room() -> None:
    alarms = Alarms()
    keys = [alarms.define(AlarmDefinition("x", str(k), "z", "gas", (1,))) for k in range(1000)]
    out: list[Transition] = []
    alarms.observe(signals(*((k, 1, 1) for k in keys)), S, out)

    assert keys == list(range(1000))
    assert alarms.standing() == len(out) == len(alarms) == 1000
    assert same_state(Alarms.restore(alarms.snapshot()).snapshot(), alarms.snapshot())
