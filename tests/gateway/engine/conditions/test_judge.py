"""Conditions together: any cut, restart and company gives the same; acts; configurations that take things away.

Here calls are minutes apart, and conditions few; test_judge_any_cut.py and test_judge_any_snapshot.py have every kind.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.engine.alarm_model import Transition
from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.rows import Row, RowKind
from tests.support.conditions import (
    BURST,
    CONGESTION,
    LEL,
    METER,
    PROFILES,
    SILENT,
    VOLTAGE,
    device,
    feed,
    judging,
    made_of,
    says,
    seen,
    tick,
    transitions,
)
from tests.support.engine import SECOND, START, config_row

# -- any cut, any restart, any company --------------------------------------------------------------------------------

EVERYTHING = (
    LEL | {"on_delay_secs": 7}, VOLTAGE, VOLTAGE | {"name": "grid.dip", "window_secs": None},
    CONGESTION | {"window_secs": 60, "profile": "gas", "quantity": "co", "least": 3}, BURST | {"size": 4}, SILENT,
)  # fmt: skip
CALLS = 8
"""Times at which calls come: each takes the rows up to it, then a tick."""


Drawn = tuple[int, list[list[int]]]
"""Seed of the rows, and where each call's rows are cut."""
_CUTS = st.lists(st.integers(0, 40), max_size=3).map(sorted)
DRAWN = st.tuples(st.integers(0, 2**32), st.lists(_CUTS, min_size=CALLS, max_size=CALLS))


def _city(seed: int) -> list[list[Row]]:
    """Rows of two zones by call, up to 4 s out of order."""
    rng = np.random.default_rng(seed)
    calls: list[list[Row]] = []
    for call in range(CALLS):
        rows: list[tuple[float, Row]] = []
        for _ in range(int(rng.integers(0, 40))):
            secs = 200 * call + float(rng.integers(0, 200))
            zone = "ab"[int(rng.integers(2))]
            kind, values = (
                ("gas", {"lel": float(rng.choice([1, 21, 23, 60])), "co": float(rng.choice([5, 80, 100]))}),
                ("meter", {phase: float(rng.choice([180, 197, 199, 220])) for phase in ("u_a", "u_b", "u_c")}),
                ("flow", {"flow": 100.0 + 60 * (call > 4)}),
                ("pressure", {"pressure": 400.0 - 60 * (call > 4)}),
            )[int(rng.integers(4))]
            kept = {key: value for key, value in values.items() if rng.random() < 0.8}
            name = f"{kind}-{zone}{rng.integers(2)}"
            rows.append((secs + rng.random() * 4, says(kind, name, secs, zone, 200.0 * call + 205, **kept)))
        calls.append([row for _, row in sorted(rows, key=lambda pair: pair[0])])
    return calls


def _played(
    calls: Sequence[Sequence[Row]], cuts: Sequence[Sequence[int]], zones: str = "ab", *, restarts: bool = False
) -> list[Transition]:
    made = judging(*EVERYTHING)
    found: list[Transition] = []
    for number, rows in enumerate(calls):
        now = START + (200 * number + 205) * SECOND
        mine = [row for row in rows if row.topic.split("/")[1] in zones]
        edges = [0, *(min(cut, len(mine)) for cut in cuts[number]), len(mine)]
        for a, b in pairwise(edges):
            if b > a or not mine:  # every engine is called
                found += made.step(mine[a:b], now, False).transitions
                if restarts:
                    made = ZoneEngine.restore(made.snapshot())
        found += made.step([], now, number % 3 > 0).transitions
    found += tick(made, 200 * CALLS + 400).transitions
    return found


def _by_alarm(changes: Sequence[Transition]) -> dict[tuple[str, str], list[Transition]]:
    found: dict[tuple[str, str], list[Transition]] = {}
    for change in changes:
        found.setdefault((change.condition, change.asset), []).append(change)
    return found


def _whole(calls: Sequence[Sequence[Row]]) -> list[list[int]]:
    return [[] for _ in calls]


@settings(max_examples=40, deadline=None)
@given(DRAWN)
@example((372, [[], [], [], [], [], [1], [], []]))  # phases of equal level: which one's figure is told
@example((29, [[], [33], [], [], [], [], [], []]))  # two messages of one meter and second: each is judged by itself
@example((1079198817, [[], [12], [], [], [], [], [], []]))  # flows before the first pressure: part of a burst's base
def test_any_cut_of_the_rows_gives_the_same_alarms(drawn: Drawn) -> None:
    calls, cuts = _city(drawn[0]), drawn[1]

    assert _by_alarm(_played(calls, cuts)) == _by_alarm(_played(calls, _whole(calls)))


@settings(max_examples=30, deadline=None)
@given(DRAWN)
def test_a_restart_after_every_call_gives_the_same_to_the_order(drawn: Drawn) -> None:
    calls, cuts = _city(drawn[0]), drawn[1]

    assert _played(calls, cuts, restarts=True) == _played(calls, cuts)


@settings(max_examples=30, deadline=None)
@given(DRAWN)
def test_an_alarm_is_the_same_whatever_other_zones_are_hosted(drawn: Drawn) -> None:
    calls = _city(drawn[0])
    apart = [_by_alarm(_played(calls, _whole(calls), zone)) for zone in "ab"]

    assert _by_alarm(_played(calls, _whole(calls))) == apart[0] | apart[1]


def test_what_is_drawn_here_does_raise_alarms_of_every_kind() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for k in range(0, 1600, 10):
        for zone in "ab":
            rows += [says("gas", f"gas-{zone}0", k, zone, lel=float(rng.choice([1, 23])), co=80.0 if k < 800 else 5.0)]
            rows += [says("meter", f"meter-{zone}0", k, zone, u_a=190.0)]
            rows += [says("flow", f"f-{zone}", k, zone, flow=100.0 + 60 * (k > 900))]
            rows += [says("pressure", f"p-{zone}", k, zone, pressure=400.0 - 60 * (k > 900))]
    made = judging(*EVERYTHING)
    changes = transitions(feed(made, rows)) + [t for k in range(1600, 2200, 10) for t in tick(made, k).transitions]

    assert {change.condition for change in changes if change.change == "raised"} == {c["name"] for c in EVERYTHING}


# -- acts -------------------------------------------------------------------------------------------------------------


def _act(act: str, secs: float, **more: Any) -> Row:
    body = {"act": act, "condition": "gas.lel", "asset": "g1", "who": "li", **more}
    return Row(START + round(secs * SECOND), RowKind.ACT, 254, 0, "alarm", json.dumps(body).encode())


def _alarmed() -> ZoneEngine:
    made = judging(LEL)
    feed(made, [says("gas", "g1", 1, lel=30)])
    return made


def _without_effect(made: ZoneEngine, row: Row) -> bool:
    result = made.step([row], row.received_at, True)
    return [n for key, n in result.counts.items() if key.term == "acts_without_effect"] == [1] and not len(
        result.transitions
    )


def test_an_act_is_carried_out_with_who_and_when() -> None:
    made = _alarmed()

    (change,) = transitions(feed(made, [_act("ack", 5, id="1")]))

    assert (change.change, change.state, change.who) == ("acknowledged", "acknowledged", "li")
    assert change.at == START + 5 * SECOND


def test_an_act_that_comes_twice_changes_nothing_the_second_time() -> None:
    made = _alarmed()
    feed(made, [_act("comment", 5, id="1", text="on our way")])

    assert _without_effect(made, _act("comment", 6, id="1", text="on our way"))
    made = ZoneEngine.restore(made.snapshot())
    assert _without_effect(made, _act("comment", 7, id="1", text="again"))


def test_a_shelved_alarm_comes_back_when_its_time_is_over() -> None:
    made = _alarmed()
    until = START + 60 * SECOND

    feed(made, [_act("shelve", 5, until=until, text="works")])

    assert seen(tick(made, 59)) == []
    (back,) = tick(made, 61).transitions
    assert (back.change, back.state, back.at) == ("unshelved", "unacknowledged", until)


def test_an_act_on_what_nobody_judges_is_without_effect() -> None:
    made = judging()
    feed(made, [says("gas", "g1", 1, lel=30)])

    assert _without_effect(made, _act("shelve", 5, until=START + 60 * SECOND))


def test_rows_around_an_act_are_judged_in_one_call_and_the_act_before_them() -> None:
    made = _alarmed()
    rows = [says("gas", "g1", 2, lel=1), _act("ack", 3), says("gas", "g1", 4, lel=30)]

    result = made.step(rows, START + 4 * SECOND, True)

    # readings of a call are judged after its acts, wherever these stand
    assert [t.change for t in result.transitions] == ["acknowledged", "returned", "raised"]


@pytest.mark.parametrize("payload", [
    b"", b"{", b"[]", b"null", b"3", b'"ack"', b"\xff\xfe", b"{}", b'{"act": "ack"}', b'{"act": ["ack"]}',
    b'{"act": "explode", "condition": "gas.lel", "asset": "g1"}',
    b'{"act": "ack", "condition": "gas.lel", "asset": "nowhere"}',
    b'{"act": "ack", "condition": 1, "asset": {}}',
    b'{"act": "ack", "condition": "gas.lel", "asset": "g1", "who": 7}',
    b'{"act": "comment", "condition": "gas.lel", "asset": "g1", "text": "\\ud800"}',
    b'{"act": "shelve", "condition": "gas.lel", "asset": "g1"}',
    b'{"act": "shelve", "condition": "gas.lel", "asset": "g1", "until": "soon"}',
    b'{"act": "shelve", "condition": "gas.lel", "asset": "g1", "until": -5}',
    b'{"act": "shelve", "condition": "gas.lel", "asset": "g1", "until": 1e400}',
    b'{"act": "shelve", "condition": "gas.lel", "asset": "g1", "until": 99999999999999999999999}',
    b"[" * 100_000,
], ids=range(21))  # fmt: skip
def test_garbage_is_counted_and_changes_nothing(payload: bytes) -> None:
    made = _alarmed()
    before = encode_snapshot(made)

    assert _without_effect(made, Row(START + 5 * SECOND, RowKind.ACT, 254, 0, "alarm", payload))

    assert encode_snapshot(made) == before


def encode_snapshot(made: ZoneEngine) -> bytes:
    """Alarms as bytes."""
    state = made.snapshot()["judge"]["alarms"]
    return msgspec.msgpack.encode(state, enc_hook=lambda array: array.tolist())


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["act", "condition", "asset", "who", "text", "until", "id", "alarm"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=5),
            st.lists(st.integers()),
            st.sampled_from(["ack", "shelve", "reset", "comment", "suppress", "out_of_service", "gas.lel", "g1"]),
        ),
    )
)
def test_no_act_whatever_it_says_stops_the_engine(body: dict[str, Any]) -> None:
    made = _alarmed()
    whole = {"act": "comment", "condition": "gas.lel", "asset": "g1"} | body
    row = Row(START + 5 * SECOND, RowKind.ACT, 254, 0, "alarm", json.dumps(whole).encode())

    encode(made.step([row], row.received_at, True))

    ZoneEngine.restore(made.snapshot())


def test_an_act_before_any_configuration_is_without_effect() -> None:
    assert _without_effect(ZoneEngine(), _act("ack", 1))


# -- configurations that take something away --------------------------------------------------------------------------

LISTED = [device("g1", "gas"), device("g2", "gas", "b"), device("m1", "meter", "b")]


def _two_alarms() -> ZoneEngine:
    made = judging(LEL, VOLTAGE | {"window_secs": None}, devices=LISTED)
    rows = [says("gas", "g1", 1, lel=30), says("gas", "g2", 1, "b", lel=30), says("meter", "m1", 1, "b", u_a=180)]
    feed(made, rows)
    return made


def _configured(made: ZoneEngine, *conditions: Any, **more: Any) -> list[tuple[str, str, str, str]]:
    row = config_row(made_of(*conditions, **more), made.now)
    changes = made.step([row], made.now, True).transitions
    return [(t.change, t.state, t.condition, t.asset) for t in changes]


def test_a_configuration_that_leaves_everything_changes_nothing() -> None:
    assert _configured(_two_alarms(), VOLTAGE | {"window_secs": None}, LEL, devices=LISTED) == []


def test_alarms_of_a_condition_that_is_gone_are_closed() -> None:
    made = _two_alarms()

    assert _configured(made, LEL, devices=LISTED) == [("retired", "normal", "grid.voltage-low", "m1")]
    assert seen(feed(made, [says("meter", "m1", 2, "b", u_a=180)])) == []
    assert seen(feed(made, [says("gas", "g1", 2, lel=3)])) == [("returned", "g1", 2, 2)]


def test_without_any_condition_all_are_closed() -> None:
    made = _two_alarms()

    assert [closed[0] for closed in _configured(made, devices=LISTED)] == ["retired"] * 3
    assert made.judge.alarms.open == {}
    assert seen([*feed(made, [says("gas", "g1", 2, lel=90)]), tick(made, 600)]) == []


def test_alarms_of_a_device_that_is_gone_are_closed() -> None:
    made = _two_alarms()

    assert _configured(made, LEL, VOLTAGE | {"window_secs": None}, devices=LISTED[1:]) == [
        ("retired", "normal", "gas.lel", "g1")
    ]
    assert seen(feed(made, [says("gas", "g1", 2, lel=90)])) == []


def test_alarms_of_a_profile_that_is_gone_are_closed() -> None:
    made = _two_alarms()
    left = [each for each in PROFILES if each is not METER]

    assert _configured(made, LEL, devices=LISTED[:2], profiles=left) == [
        ("retired", "normal", "grid.voltage-low", "m1")
    ]


def test_alarms_of_strangers_in_a_zone_that_is_gone_are_closed() -> None:
    made = judging(LEL, BURST)
    feed(made, [says("gas", "x1", 1, "a", lel=30), says("gas", "x2", 1, "b", lel=30)])

    assert _configured(made, LEL, BURST, zones=["a"]) == [("retired", "normal", "gas.lel", "x2")]


def test_an_alarm_goes_with_its_device_to_another_zone() -> None:
    made = _two_alarms()
    moved = [device("g1", "gas", "b"), *LISTED[1:]]

    assert _configured(made, LEL, VOLTAGE | {"window_secs": None}, devices=moved) == []
    (change,) = transitions(feed(made, [says("gas", "g1", 2, "b", lel=3)]))
    assert (change.change, change.zone) == ("returned", "b")


def test_what_comes_back_is_judged_anew_and_restarts_agree() -> None:
    made = _two_alarms()
    _configured(made, devices=LISTED)
    made = ZoneEngine.restore(made.snapshot())

    assert _configured(made, LEL, devices=LISTED) == []
    made = ZoneEngine.restore(made.snapshot())
    assert seen(feed(made, [says("gas", "g1", 3, lel=30)])) == [("raised", "g1", 2, 3)]


def test_steps_that_change_hold_from_the_next_reading() -> None:
    made = _two_alarms()

    assert _configured(made, LEL | {"high": [40]}, VOLTAGE | {"window_secs": None}, devices=LISTED) == []
    assert seen(feed(made, [says("gas", "g1", 2, lel=30)])) == [("returned", "g1", 2, 2)]


def test_a_device_that_speaks_another_profile_is_judged_by_that() -> None:
    made = judging(LEL, LEL | {"name": "gas.meter", "profile": "meter", "quantity": "u_a"}, devices=[LISTED[0]])
    feed(made, [says("gas", "g1", 1, lel=3)])

    _configured(made, LEL, devices=[device("g1", "meter")])

    assert made.judge.alarms.open == {}
