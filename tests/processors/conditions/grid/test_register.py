"""Energies of windows from registers."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.register import RegisterEnergy, WindowEnergy

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
Read = tuple[float, float]
"""Minutes, kWh."""


def made(n: int = 1, gap: int = HOUR) -> RegisterEnergy:
    energy = RegisterEnergy(HOUR, gap)
    energy.grow(n)
    return energy


def run(energy: RegisterEnergy, reads: Sequence[Read], meter: int = 0, **more: float) -> list[tuple[int, float]]:
    """Hour that has ended and its energy."""
    ts = np.array([round(minute * MINUTE) for minute, _ in reads], np.int64)
    got = energy.add(np.full(len(reads), meter, np.int32), ts, np.array([kwh for _, kwh in reads]), **more)
    assert (got.meter == meter).all()
    return [(end // HOUR, round(kwh, 9)) for end, kwh in zip(got.end.tolist(), got.kwh.tolist(), strict=True)]


def test_readings_on_the_edges_need_no_line() -> None:
    assert run(made(), [(0, 5.0), (60, 7.0), (120, 7.5)]) == [(1, 2.0), (2, 0.5)]


def test_the_register_at_an_edge_lies_on_the_line_between_its_neighbours() -> None:
    # 55 min: 10.0, 65 min: 10.4 -> 10.2 at the hour; 115: 12.0, 125: 12.1 -> 12.05
    assert run(made(), [(55, 10.0), (65, 10.4), (115, 12.0), (125, 12.1)]) == [(2, 1.85)]


def test_a_window_is_not_known_from_its_middle_on() -> None:
    assert run(made(), [(30, 1.0), (60, 2.0), (120, 5.0)]) == [(2, 3.0)]


def test_silence_beyond_the_gap_leaves_its_windows_out() -> None:
    reads = [(0, 0.0), (60, 1.0), (90, 1.5), (180, 4.0), (240, 6.0)]

    assert run(made(), reads) == [(1, 1.0), (4, 2.0)]
    assert run(made(gap=2 * HOUR), reads) == [(1, 1.0), (2, 1.333333333), (3, 1.666666667), (4, 2.0)]


def test_a_reset_leaves_its_window_out_and_nothing_more() -> None:
    assert run(made(), [(0, 50.0), (60, 51.0), (90, 0.2), (120, 0.4), (180, 1.0)]) == [(1, 1.0), (3, 0.6)]


def test_a_rollover_is_no_reset_where_the_modulus_is_known() -> None:
    reads = [(0, 99.0), (30, 99.8), (60, 0.6)]

    assert run(made(), reads, modulus=100.0) == [(1, 1.6)]
    assert run(made(), reads) == []


def test_a_fall_from_the_middle_is_a_reset_whatever_the_modulus() -> None:
    assert run(made(), [(0, 50.0), (60, 1.0)], modulus=100.0) == []


def test_a_jump_that_no_meter_can_pass_is_not_energy() -> None:
    assert run(made(), [(0, 5.0), (60, 905.0), (120, 906.0)], most_kw=100.0) == [(2, 1.0)]


def test_what_does_not_come_later_is_left_out() -> None:
    assert run(made(), [(0, 5.0), (60, 6.0), (30, 5.9), (60, 9.0), (120, 7.0)]) == [(1, 1.0), (2, 1.0)]


def test_a_meter_at_zero_has_zero_energy() -> None:
    assert run(made(), [(0, 0.0), (60, 0.0)]) == [(1, 0.0)]


def test_lengths_are_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        RegisterEnergy(0, HOUR)


def _rows(windows: WindowEnergy) -> list[tuple[int, int, float]]:
    return list(zip(windows.meter.tolist(), windows.end.tolist(), windows.kwh.tolist(), strict=True))


@given(st.data())
def test_any_cut_and_company_gives_the_same(data: st.DataObject) -> None:
    steps = st.tuples(st.integers(1, 90), st.floats(-1, 3), st.integers(0, 2))
    rows = data.draw(st.lists(steps, max_size=40))
    minute, kwh, reads = np.zeros(3), np.full(3, 5.0), []
    for step, rise, meter in rows:
        minute[meter] += step
        kwh[meter] += rise
        reads.append((meter, int(minute[meter]) * MINUTE, float(kwh[meter])))
    meters, ts, value = (np.array([row[k] for row in reads]) for k in range(3))
    cut = data.draw(st.integers(0, len(reads)))
    whole, parts = made(3), made(3)

    one = whole.add(meters.astype(np.int32), ts.astype(np.int64), value.astype(float))
    first = parts.add(meters[:cut].astype(np.int32), ts[:cut].astype(np.int64), value[:cut].astype(float))
    again = made(3)
    again.restore(parts.snapshot())
    second = again.add(meters[cut:].astype(np.int32), ts[cut:].astype(np.int64), value[cut:].astype(float))

    assert sorted(_rows(first) + _rows(second)) == sorted(_rows(one))
