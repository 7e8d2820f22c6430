"""Unusual series: an anomaly raises one alarm with its score, which is over some time after; whatever way rows come."""

import functools
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.config.content import EngineContent
from gateway.engine.alarm_model import Transition
from gateway.engine.conditions import unusual
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from processors.columns import F64, I32, I64
from processors.detectors.general import GeneralDetector
from tests.support.conditions import LEL, Seen, device, judging, made_of, says
from tests.support.engine import SECOND, START, config_row

MINUTE, HOUR = 60, 3600
UNUSUAL = {
    "name": "grid.unusual", "title": "Unusual", "kind": "unusual", "profile": "meter", "quantity": ["u_a", "u_b"],
    "warm_days": 0.25, "off_delay_secs": 1800, "priorities": [4],
}  # fmt: skip
SPIKE, END = 7 * HOUR, 9 * HOUR
VOLTS = (230.0 + np.random.default_rng(5).normal(0.0, 0.5, (END // MINUTE, 2))).round(3).tolist()


def _rows(
    spikes: Sequence[int] = (SPIKE,), end: int = END, name: str = "m1", by: float = 40.0, b: Sequence[int] = ()
) -> list[Row]:
    """A row a minute; `spikes` of phase a, `b` of phase b."""
    return [
        says("meter", name, secs, u_a=VOLTS[secs // MINUTE][0] + by * (secs in spikes),
             u_b=VOLTS[secs // MINUTE][1] + by * (secs in b))
        for secs in range(0, end, MINUTE)
    ]  # fmt: skip


def _fed(made: ZoneEngine, rows: Sequence[Row], size: int = 40) -> list[Transition]:
    found: list[Transition] = []
    for at in range(0, len(rows), size):
        part = rows[at : at + size]
        found += made.step(part, part[-1].received_at, True).transitions
    return found


def _seen(changes: Sequence[Transition]) -> list[Seen]:
    return [Seen(t.change, t.asset, t.level, (t.at - START) / SECOND) for t in changes]


def test_an_anomaly_is_raised_with_its_score_and_over_some_time_after() -> None:
    changes = _fed(judging(UNUSUAL), _rows())

    assert [change[:3] for change in _seen(changes)] == [("raised", "m1", 1), ("returned", "m1", 1)]
    raised, returned = changes
    assert (raised.at - START) / SECOND == SPIKE
    assert (returned.at - START) / SECOND == pytest.approx(SPIKE, abs=1e-6)  # that is when it was over
    assert 0 <= (returned.now - START) / SECOND - SPIKE - 1800 < 41 * MINUTE  # said when the delay had passed
    assert raised.value == 30.0
    assert raised.priority == 4


def test_what_is_usual_raises_nothing_nor_does_what_comes_before_enough_is_known() -> None:
    assert _fed(judging(UNUSUAL), _rows(())) == []
    assert _fed(judging(UNUSUAL), _rows((2 * HOUR,), 5 * HOUR)) == []
    assert _fed(judging(UNUSUAL | {"warm_days": 1}), _rows()) == []


def test_what_it_has_learned_of_a_series_is_told_and_is_the_same_after_a_snapshot() -> None:
    made = judging(UNUSUAL)
    series = [each.index for each in made.registry.series if each.quantity == "u_a"]
    ts = np.array([START + END * SECOND])
    assert [made.usual(each, ts) for each in series] == [None] * len(series)
    _fed(made, _rows(()))
    (mine,) = (each.index for each in made.registry.series if (each.device, each.quantity) == ("m1", "u_a"))
    found = made.usual(mine, ts)
    assert found is not None
    assert found.by == "grid.unusual"
    assert abs(float(found.middle[0]) - 230) < 1
    assert 1 < float(found.high[0] - found.low[0]) < 20
    again = ZoneEngine.restore(made.snapshot()).usual(mine, ts)
    assert again is not None
    assert [each.tolist() for each in again[1:]] == [each.tolist() for each in found[1:]]


def test_it_is_over_even_where_nothing_more_comes_of_the_device() -> None:
    made = judging(UNUSUAL)
    _fed(made, _rows(end=SPIKE))
    last = [says("meter", "m1", SPIKE, u_a=290)]
    others = [says("meter", "m2", SPIKE + k * MINUTE, u_a=230) for k in range(1, 60)]

    assert _seen(_fed(made, last)) == [("raised", "m1", 1, SPIKE)]
    assert [change.change for change in _fed(made, others)] == ["returned"]


def test_another_one_within_the_delay_keeps_the_alarm() -> None:
    again = SPIKE + 20 * MINUTE
    changes = _seen(_fed(judging(UNUSUAL), _rows(b=[again])))

    assert [(change.change, round(change.secs)) for change in changes] == [("raised", SPIKE), ("returned", again)]
    later = SPIKE + 40 * MINUTE
    changes = _seen(_fed(judging(UNUSUAL), _rows(b=[later])))
    assert [(change.change, round(change.secs)) for change in changes if change.change == "raised"] == [
        ("raised", SPIKE), ("raised", later),
    ]  # fmt: skip


def test_a_series_is_quiet_for_a_while_after_it_raised_something() -> None:
    changes = _fed(judging(UNUSUAL), _rows((SPIKE, SPIKE + 50 * MINUTE)))

    assert [change.change for change in changes] == ["raised", "returned"]


def test_without_a_delay_it_is_over_at_once() -> None:
    changes = _fed(judging(UNUSUAL | {"off_delay_secs": 0}), _rows())

    assert [change.change for change in changes] == ["raised", "returned"]


def test_devices_are_judged_each_for_itself_and_quantities_too() -> None:
    both = [row for pair in zip(_rows(), _rows((), name="m2"), strict=True) for row in pair]

    assert {change.asset for change in _fed(judging(UNUSUAL), both)} == {"m1"}
    assert _fed(judging(UNUSUAL | {"quantity": "u_b"}), both) == []


def test_failed_readings_are_not_judged() -> None:
    rows = [*_rows((), SPIKE), says("meter", "m1", SPIKE, u_a=10.0**9), *_rows((), SPIKE + HOUR)[SPIKE // MINUTE + 1 :]]

    assert _fed(judging(UNUSUAL), rows) == []


def test_means_of_windows_are_judged_where_they_are_asked_for() -> None:
    means = UNUSUAL | {"window_secs": 600}
    assert len(_fed(judging(UNUSUAL), _rows(by=4.0))) == 2
    assert _fed(judging(means), _rows(by=4.0)) == [], "one minute of ten is no matter"

    changes = _fed(judging(means), _rows(range(SPIKE, SPIKE + 10 * MINUTE, MINUTE), by=4.0))
    assert [change[:3] for change in _seen(changes)] == [("raised", "m1", 1), ("returned", "m1", 1)]
    assert (changes[0].at - START) / SECOND == pytest.approx(SPIKE + 10 * MINUTE, abs=10 * MINUTE)


@functools.cache
def _learned(windows: bool) -> Any:
    made = judging(UNUSUAL | {"window_secs": 60 if windows else None})
    _fed(made, _rows((), 6 * HOUR + 10 * MINUTE))
    return made.snapshot()


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=5), st.lists(st.integers(5, 119), min_size=1, max_size=4), st.booleans())
def test_neither_the_split_into_calls_nor_a_restart_shows(cuts: list[int], spikes: list[int], windows: bool) -> None:
    begin = 6 * 60 + 10
    rows = _rows([(begin + each) * MINUTE for each in spikes[:2]], b=[(begin + each) * MINUTE for each in spikes[2:]])
    rows = rows[begin : begin + 120]
    for k in range(3, len(rows) - 1, 5):  # some out of order
        rows[k], rows[k + 1] = rows[k + 1], rows[k]

    def played(at: Sequence[int], restarts: bool) -> list[tuple[str, str, int, float | None]]:
        made = ZoneEngine.restore(_learned(windows))
        found: list[Transition] = []
        for a, b in pairwise(at):
            if b > a:
                found += made.step(rows[a:b], START + 86_400 * SECOND, False).transitions
                if restarts:
                    made = ZoneEngine.restore(made.snapshot())
        return [(change.change, change.asset, change.at, change.value) for change in found]

    whole = played([0, len(rows)], False)
    assert played([0, *sorted(cuts), len(rows)], True) == whole
    # who comes after a newer reading is not judged
    assert windows or bool(whole) == any(k % 5 != 3 for k in spikes)


def test_only_series_that_are_bound_have_a_state_and_a_changed_configuration_keeps_it() -> None:
    made = judging(LEL, UNUSUAL, devices=[device("m1", "meter"), device("m2", "meter")])
    rows = [says("gas", f"g{k}", 0, lel=1) for k in range(30)] + [says("meter", "m2", 1, u_a=230.0)]
    _fed(made, rows + _rows((), SPIKE))
    state = made.snapshot()["judge"]["rules"]["grid.unusual"]["detector"]
    assert {len(column) for column in state.values()} == {3}

    # m2 goes, so that m1's series get other numbers
    made.step([config_row(made_of(LEL, UNUSUAL, devices=[device("m1", "meter")]))], START + SPIKE * SECOND, False)
    assert _seen(_fed(made, [says("meter", "m1", SPIKE, u_a=290.0)])) == [("raised", "m1", 1, SPIKE)]


class Noting(GeneralDetector):
    """Notes what it is told of local time."""

    told: ClassVar[list[tuple[int, int]]] = []

    def step(self, series: I32, ts: I64, value: F64, utc_offset: int | I64 = 0) -> tuple[F64, NDArray[np.bool_]]:
        """See GeneralDetector."""
        self.told.extend(zip(ts.tolist(), np.broadcast_to(utc_offset, ts.shape).tolist(), strict=True))
        return super().step(series, ts, value, utc_offset)


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "Europe/Berlin"])
def test_hours_are_those_of_the_city(timezone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unusual, "GeneralDetector", Noting)
    monkeypatch.setattr(Noting, "told", [])
    plain, made = made_of(UNUSUAL), ZoneEngine()
    there = EngineContent.build(
        plain.profiles, plain.devices, plain.zones, timezone, plain.options, conditions=[UNUSUAL]
    )
    made.step([config_row(there)], START - 1, live=False)
    _fed(made, _rows(()))

    assert len(Noting.told) == 2 * len(VOLTS)
    for ts, offset in Noting.told[::60]:
        expected = datetime.fromtimestamp(ts // SECOND, ZoneInfo(timezone)).utcoffset()
        assert expected is not None
        assert offset == round(expected.total_seconds()) * SECOND
