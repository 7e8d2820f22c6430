"""The worst of several series, against a plain reference; readings out of order."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.conditions.worst import Worst
from processors.conditions.signals import Signals

# (source, ts, level, deadband holds one level more)
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 12), st.integers(0, 3), st.booleans()),
    max_size=30, unique_by=lambda row: row[:2],
)  # fmt: skip
KEYS = [7, 7, 3, 9, 9, 9]
"""Alarm of each source; each on a device of its own."""


def _made() -> Worst:
    made = Worst()
    for series, key in enumerate(KEYS):
        assert made.add(10 + series, series, key) == series
    return made


def _take(made: Worst, rows: list[tuple[int, int, int, bool]]) -> dict[int, list[tuple[int, int, int, float]]]:
    source, ts, level, more = (np.array([row[k] for row in rows]) for k in range(4))
    if not rows:
        return {}
    low = level.astype(np.uint8)
    signals: Signals = made.take(
        source.astype(np.int32), ts.astype(np.int64), low, low + more.astype(np.uint8), ts * 10.0 + source
    )
    out: dict[int, list[tuple[int, int, int, float]]] = {}
    for key, at, one, two, value in zip(*(column.tolist() for column in signals.arrays().values()), strict=True):
        out.setdefault(key, []).append((at, one, two, value))
    return out


def _plain(rows: list[tuple[int, int, int, bool]]) -> dict[int, list[tuple[int, int, int]]]:
    stands: dict[int, tuple[int, int, int]] = {}
    newest: dict[int, int] = {}
    out: dict[int, list[tuple[int, int, int]]] = {}
    for source, ts, level, more in rows:
        key = KEYS[source]
        ahead = source not in stands or ts >= stands[source][0]
        newest[key] = max(newest.get(key, ts), ts)
        if ahead:
            stands[source] = ts, level, level + more
        elif not level:
            continue
        peers = [stands[s] for s in stands if KEYS[s] == key]
        worst, held = max(p[1] for p in peers), max(p[2] for p in peers)
        said = (newest[key], worst, held) if ahead else (newest[key], max(level, worst), 255)
        out.setdefault(key, []).append(said)
    return out


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_it_is_what_one_row_after_the_other_gives(rows: list[tuple[int, int, int, bool]]) -> None:
    found = {key: [said[:3] for said in many] for key, many in _take(_made(), rows).items()}

    assert found == _plain(rows)


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(0, 30))
def test_any_cut_with_a_restart_gives_the_same(rows: list[tuple[int, int, int, bool]], cut: int) -> None:
    first, second = _made(), _made()
    parts: list[Any] = [_take(first, rows[:cut])]
    second.restore(first.snapshot())
    parts.append(_take(second, rows[cut:]))

    whole = _take(_made(), rows)
    assert {key: parts[0].get(key, []) + parts[1].get(key, []) for key in whole} == whole


def test_the_value_is_that_of_the_worst_series() -> None:
    (first, second) = _take(_made(), [(0, 1, 2, False), (1, 2, 1, False)])[7]

    assert (first, second) == ((1, 2, 2, 10.0), (2, 2, 2, 10.0))


def test_a_series_that_is_gone_holds_nothing_up() -> None:
    before, after = _made(), Worst()
    _take(before, [(0, 1, 3, False), (1, 1, 0, False)])
    after.add(11, 1, 7)

    after.restore(before.snapshot())

    assert _take(after, [(0, 2, 0, False)]) == {7: [(2, 0, 0, 20.0)]}
