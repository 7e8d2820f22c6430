"""How much slower than at best the processor was."""

import pytest

from gateway.bench import slowdown
from gateway.bench.slowdown import Slowdown


def test_it_is_the_mean_against_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 5.0, 7.0, 10.0, 13.0])  # pieces of 1, 2 and 3 s: a disturbed processor can't be provoked
    monkeypatch.setattr(slowdown, "thread_time", lambda: next(clock))
    made = Slowdown()
    for _ in range(3):
        made.probe()
    assert made.factor == 2.0


def test_without_a_probe_nothing_is_said_against_the_processor() -> None:
    assert Slowdown().factor == 1.0
    made = Slowdown()
    made.probe()
    assert made.factor == 1.0
