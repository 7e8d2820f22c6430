"""What a call gave stays what it was: stores get it from memory while later calls go on."""

import numpy as np

from gateway.journal.blocks import encode
from tests.support.engine import SECOND, engine, loop


def test_results_do_not_change_when_the_engine_goes_on(rng: np.random.Generator) -> None:
    made = engine()
    results, bodies = [], []
    at = 0
    for _ in range(60):
        rows = []
        for _ in range(int(rng.integers(0, 30))):
            at += int(rng.integers(1, 2 * SECOND))
            late = int(rng.integers(0, 3)) * 40 * SECOND * int(rng.random() < 0.1)
            speed = None if rng.random() < 0.1 else float(rng.integers(0, 300))
            rows.append(loop(f"d{rng.integers(4)}", max(at - late, 0), speed, at, "ab"[rng.integers(2)]))
        results.append(made.step(rows, made.now + SECOND, True))
        bodies.append(encode(results[-1]))

    assert sum(len(result.aggregates) for result in results) > 100
    assert sum(len(result.dirty) for result in results) > 5
    assert [encode(result) for result in results] == bodies
