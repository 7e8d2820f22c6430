import numpy as np
import pytest

from processors.conditions.pipeline.history import History


@pytest.mark.parametrize("depth", [1, 3, 20])
def test_what_is_kept_comes_before_what_is_new(depth: int, rng: np.random.Generator) -> None:
    history = History(depth)
    history.grow(4)
    kept: dict[int, list[tuple[int, float]]] = {k: [] for k in range(4)}
    for step in range(12):
        subject = np.sort(rng.integers(0, 4, rng.integers(1, 9))).astype(np.int32)
        ts = np.arange(len(subject)) + 100 * step
        value = rng.normal(size=len(subject))

        joined = history.join(subject, ts, value)
        history.keep(joined.subject, joined.ts, joined.value)

        expected = []
        for who in sorted(set(subject.tolist())):
            new = [(int(ts[at]), float(value[at]), at) for at in range(len(subject)) if subject[at] == who]
            expected += [(who, *row, -1) for row in kept[who]] + [(who, *row) for row in new]
            kept[who] = (kept[who] + [row[:2] for row in new])[-depth:]
        number = np.full(len(joined.ts), -1)
        number[joined.at] = np.arange(len(ts))
        found = zip(*(c.tolist() for c in (joined.subject, joined.ts, joined.value, number)), strict=True)
        assert list(found) == expected


def test_a_lag_does_not_reach_into_another_subject() -> None:
    history = History(2)
    history.grow(2)
    joined = history.join(np.array([0, 0, 1], np.int32), np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0]))

    before, there = joined.lagged(1)

    assert there.tolist() == [False, True, False]
    assert before[there].tolist() == [0]
