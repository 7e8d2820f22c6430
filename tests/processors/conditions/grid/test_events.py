import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.grid.classify import Kind
from processors.conditions.grid.events import EventDetector, VoltageEvents

NAN = float("nan")
HALF_CYCLE = 10_000_000
Rows = list[list[float]]
Event = tuple[int, str, int, int, float, int]


def detector(n: int = 1) -> EventDetector:
    made = EventDetector()
    made.grow(n)
    return made


def run(found: EventDetector, rows: Rows, start: int = 0, meter: int = 0) -> list[Event]:
    """Half-cycle rms of one meter; times in half cycles."""
    ts = (start + np.arange(len(rows))) * HALF_CYCLE
    return listed(found.add(np.full(len(rows), meter, np.int32), ts, np.array(rows, np.float64).reshape(-1, 3)))


def listed(events: VoltageEvents) -> list[Event]:
    return [
        (int(m), Kind(int(k)).name, int(s) // HALF_CYCLE, int(e) // HALF_CYCLE, float(x), int(p))
        for m, k, s, e, x, p in zip(
            events.meter, events.kind, events.start, events.end, events.extreme, events.phases, strict=True
        )
    ]


def test_a_sag_starts_below_the_threshold_and_ends_above_the_hysteresis() -> None:
    low = [1.0, 0.9, 0.89, 0.5, 0.905, 0.919, 0.92, 1.0]

    assert run(detector(), [[1.0, v, 1.0] for v in low]) == [(0, "SAG", 2, 6, 0.5, 2)]


def test_a_swell_is_the_same_upside_down() -> None:
    high = [1.0, 1.1, 1.11, 1.4, 1.09, 1.081, 1.08, 1.0]

    assert run(detector(), [[v, 1.0, 1.0] for v in high]) == [(0, "SWELL", 2, 6, 1.4, 1)]


def test_phases_that_go_one_after_the_other_are_one_event() -> None:
    rows: Rows = [[1.0, 1, 1], [0.8, 1, 1], [0.7, 0.6, 1], [1, 0.6, 1], [1, 0.85, 0.88], [1, 1, 0.91], [1, 1, 0.93]]

    assert run(detector(), rows) == [(0, "SAG", 1, 6, 0.6, 7)]


def test_it_is_an_interruption_when_all_phases_are_down_at_once() -> None:
    together: Rows = [[1.0, 1, 1], [0.05, 0.5, 0.05], [0.05, 0.05, 0.02], [1, 1, 1]]
    in_turn: Rows = [[1.0, 1, 1], [0.05, 0.5, 1], [0.5, 0.05, 1], [1, 1, 0.05], [1, 1, 1]]

    assert run(detector(), together) == [(0, "INTERRUPTION", 1, 3, 0.02, 7)]
    assert run(detector(), in_turn) == [(0, "SAG", 1, 4, 0.05, 7)]


def test_a_lost_phase_is_a_sag_to_zero() -> None:
    assert run(detector(), [[1.0, 1, 1], [0.0, 1, 1], [1, 1, 1]]) == [(0, "SAG", 1, 2, 0.0, 1)]


def test_a_single_phase_meter_has_no_other_phases() -> None:
    rows: Rows = [[1.0, NAN, NAN], [0.0, NAN, NAN], [0.5, NAN, NAN], [1.0, NAN, NAN]]

    assert run(detector(), rows) == [(0, "INTERRUPTION", 1, 3, 0.0, 1)]


def test_silence_is_no_interruption_and_ends_none() -> None:
    found = detector()

    assert run(found, [[1.0, 1, 1], [NAN, NAN, NAN], [NAN, 1, 1], [1, 1, 1]]) == []
    assert run(found, [[0.5, 1, 1], [NAN, NAN, NAN], [NAN, 1, 1]], 4) == []
    assert run(found, [[NAN, 1, 1], [1, 1, 1]], 7) == [(0, "SAG", 4, 8, 0.5, 1)]


def test_a_meter_never_heard_has_no_event() -> None:
    found = detector()

    assert run(found, [[NAN, NAN, NAN]] * 3) == []
    assert len(found.open_events()) == 0


def test_sag_and_swell_of_one_meter_are_two_events() -> None:
    rows: Rows = [[1.0, 1, 1], [0.5, 1.3, 1], [0.5, 1, 1], [1, 1, 1]]

    assert run(detector(), rows) == [(0, "SWELL", 1, 2, 1.3, 2), (0, "SAG", 1, 3, 0.5, 1)]


def test_an_event_may_follow_another_at_once() -> None:
    rows: Rows = [[0.5, 1, 1], [1, 1, 1], [0.6, 1, 1], [1.2, 1, 1], [1, 1, 1]]

    assert run(detector(), rows) == [
        (0, "SAG", 0, 1, 0.5, 1),
        (0, "SAG", 2, 3, 0.6, 1),
        (0, "SWELL", 3, 4, 1.2, 1),
    ]


def test_what_goes_on_can_be_seen_and_grows_worse() -> None:
    found = detector(3)
    run(found, [[1.0, 1, 1], [0.8, 1, 1]], 0, meter=2)
    assert listed(found.open_events()) == [(2, "SAG", 1, 1, 0.8, 1)]

    run(found, [[0.05, 0.05, 0.05]], 2, meter=2)
    run(found, [[1.2, 1, 1]], 2, meter=0)

    assert listed(found.open_events()) == [(0, "SWELL", 2, 2, 1.2, 1), (2, "INTERRUPTION", 1, 1, 0.05, 7)]
    assert run(found, [[1.0, 1, 1]], 9, meter=2) == [(2, "INTERRUPTION", 1, 9, 0.05, 7)]
    assert len(found.open_events()) == 1


def test_meters_are_apart_whatever_the_order_of_the_rows() -> None:
    found = detector(2)
    meter = np.array([1, 0, 1, 0, 0, 1], np.int32)
    pu = np.array([[0.5, 1, 1], [0.7, 1, 1], [0.4, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]], np.float64)

    got = found.add(meter, np.array([0, 0, 1, 1, 2, 2]) * HALF_CYCLE, pu)

    assert listed(got) == [(0, "SAG", 0, 1, 0.7, 1), (1, "SAG", 0, 2, 0.4, 1)]


def test_thresholds_may_differ_from_meter_to_meter() -> None:
    found = detector(2)
    meter = np.array([0, 1, 0, 1], np.int32)
    pu = np.array([[0.88, 1, 1], [0.88, 1, 1], [1, 1, 1], [1, 1, 1]], np.float64)
    ts = np.array([0, 0, 1, 1]) * HALF_CYCLE

    got = found.add(meter, ts, pu, sag=np.array([0.9, 0.85])[meter], interruption=0.01)

    assert listed(got) == [(0, "SAG", 0, 1, 0.88, 1)]


def test_the_threshold_of_an_interruption_is_an_argument() -> None:
    rows = np.full((2, 3), 0.07)
    rows[1] = 1.0
    zero, ts = np.zeros(2, np.int32), np.arange(2)

    assert [detector().add(zero, ts, rows, interruption=at).kind[0] for at in (0.1, 0.05)] == [
        Kind.INTERRUPTION,
        Kind.SAG,
    ]


def test_an_event_lasts_what_its_times_say() -> None:
    got = detector().add(np.zeros(2, np.int32), np.array([0, 250_000_000]), np.array([[0.5] * 3, [1.0] * 3]))

    assert got.duration_secs().tolist() == [0.25]


def test_no_readings_end_no_events() -> None:
    assert run(detector(), []) == []


def test_state_is_small_and_new_meters_start_afresh() -> None:
    found = detector(1000)
    run(found, [[0.5, 1, 1]], meter=999)

    found.grow(2000)

    assert len(found) == 2000
    assert sum(column.nbytes for column in found.snapshot().values()) == 2000 * 61
    assert found.open_events().meter.tolist() == [999]
    found.grow(5)
    assert len(found) == 2000


# ---- against the plainest way: one reading after the other ----

voltages = st.sampled_from([0.0, 0.05, 0.5, 0.89, 0.9, 0.91, 0.92, 1.0, 1.08, 1.09, 1.1, 1.11, 1.5, NAN])


@dataclass
class Plain:
    """One meter, by the book."""

    known: list[float] = field(default_factory=lambda: [NAN] * 3)
    dip: list[float] | None = None
    swell: list[float] | None = None

    def step(self, meter: int, t: int, pu: list[float]) -> list[Event]:
        self.known = [old if math.isnan(new) else new for old, new in zip(self.known, pu, strict=True)]
        heard = [v for v in self.known if not math.isnan(v)]
        ended: list[Event] = []
        for way in ("dip", "swell"):
            sign = 1 if way == "dip" else -1
            now = getattr(self, way)
            out = [(1 << p, v) for p, v in enumerate(pu) if sign * v < sign * (0.9 if way == "dip" else 1.1)]
            back = 0.9 + 0.02 if way == "dip" else 1.1 - 0.02
            if out and now is None:
                now = [t, out[0][1], 0, False]
            elif now is not None and all(sign * v >= sign * back for v in heard):
                kind = "SWELL" if way == "swell" else "INTERRUPTION" if now[3] else "SAG"
                ended.append((meter, kind, int(now[0]), t, now[1], int(now[2])))
                now = None
            if now is not None:
                worse = min if way == "dip" else max
                now[1] = worse([now[1], *(v for _, v in out)])
                now[2] = int(now[2]) | sum(bit for bit, _ in out)
                now[3] = now[3] or (way == "dip" and all(v < 0.1 for v in heard))
            setattr(self, way, now)
        return ended


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 3), st.tuples(voltages, voltages, voltages)), max_size=60), st.data())
def test_events_are_those_of_one_reading_after_the_other_however_they_are_split(
    rows: list[tuple[int, tuple[float, float, float]]], data: st.DataObject
) -> None:
    plain = [Plain() for _ in range(4)]
    want: list[Event] = []
    for t, (meter, pu) in enumerate(rows):
        want += plain[meter].step(meter, t, list(pu))

    found = detector(4)
    got: list[Event] = []
    at = 0
    while at < len(rows):
        size = data.draw(st.integers(1, len(rows) - at), label="rows of a call")
        part = rows[at : at + size]
        ts = np.arange(at, at + size) * HALF_CYCLE
        meter_column, pu_column = np.array([m for m, _ in part], np.int32), np.array([pu for _, pu in part])
        got += listed(found.add(meter_column, ts, pu_column))
        if data.draw(st.booleans(), label="snapshot"):
            found = EventDetector.restore(found.snapshot())
        at += size

    assert sorted(got) == sorted(want)
    still = [
        (m, int(now[0]), now[1], int(now[2]))
        for m, one in enumerate(plain)
        for now in (one.dip, one.swell)
        if now is not None
    ]
    assert sorted((m, s, x, p) for m, _, s, _, x, p in listed(found.open_events())) == sorted(still)


def test_a_snapshot_is_a_copy() -> None:
    found = detector()
    state = found.snapshot()

    run(found, [[0.5, 1, 1]])

    assert not state["active"].any()


@pytest.mark.parametrize("meters", [1, 50])
def test_many_rows_of_many_meters_agree_with_each_meter_alone(meters: int, rng: np.random.Generator) -> None:
    n = 2000
    meter = rng.integers(0, meters, n).astype(np.int32)
    pu = np.where(rng.random((n, 3)) < 0.1, rng.uniform(0, 1.5, (n, 3)), 1.0)
    ts = np.arange(n) * HALF_CYCLE

    together = detector(meters).add(meter, ts, pu)

    apart = [
        event
        for m in range(meters)
        for event in listed(detector(meters).add(meter[meter == m], ts[meter == m], pu[meter == m]))
    ]
    assert sorted(listed(together)) == sorted(apart)
    assert len(together) > 50
