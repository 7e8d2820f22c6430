"""Noise depends on seed, device, channel and tick, and on nothing else."""

import numpy as np
import pytest

from device_sims.world.noise import Noise

NAMES = [f"d{number}" for number in range(40)]


def test_one_value_at_a_time_equals_all_at_once_in_any_order(rng: np.random.Generator) -> None:
    which, tick = rng.integers(0, 40, 200), rng.integers(0, 10**15, 200)
    together = Noise(3, NAMES).normal("x", which, tick)
    one_by_one = [Noise(3, NAMES).normal("x", which[k : k + 1], tick[k : k + 1])[0] for k in range(200)]
    assert together.tolist() == one_by_one
    order = rng.permutation(200)
    assert np.array_equal(Noise(3, NAMES).normal("x", which[order], tick[order]), together[order])


def test_a_device_has_the_same_noise_whoever_else_there_is() -> None:
    tick = np.arange(50)
    alone = Noise(3, ["d7"]).uniform("x", np.zeros(50, np.int64), tick)
    among = Noise(3, NAMES).uniform("x", np.full(50, 7), tick)
    assert np.array_equal(alone, among)


@pytest.mark.parametrize("other", [Noise(4, NAMES), Noise(3, list(reversed(NAMES)))])
def test_another_seed_or_device_has_other_noise(other: Noise) -> None:
    which, tick = np.zeros(100, np.int64), np.arange(100)
    assert (Noise(3, NAMES).uniform("x", which, tick) != other.uniform("x", which, tick)).all()
    assert (Noise(3, NAMES).uniform("x", which, tick) != Noise(3, NAMES).uniform("y", which, tick)).all()


def test_the_distributions_are_what_they_are_called() -> None:
    which, tick = np.repeat(np.arange(40), 1000), np.tile(np.arange(1000), 40)
    noise = Noise(1, NAMES)
    uniform = noise.uniform("x", which, tick)
    assert 0.0 <= uniform.min() < 0.01
    assert 0.99 < uniform.max() < 1.0
    assert np.histogram(uniform, 10, (0, 1))[0] == pytest.approx(4000, rel=0.06)
    normal = noise.normal("x", which, tick)
    assert normal.mean() == pytest.approx(0.0, abs=0.02)
    assert normal.std() == pytest.approx(1.0, abs=0.02)


def test_smooth_noise_makes_no_jumps_and_stays_within_one() -> None:
    ts = np.arange(0, 100_000, 10)
    wave = Noise(1, NAMES).smooth("x", np.zeros(len(ts), np.int64), ts, 1000)
    assert np.abs(wave).max() <= 1.0
    assert np.ptp(wave) > 1.0
    # 1.5 is the steepest slope of the easing, 2 the widest step between two lattice points
    assert np.abs(np.diff(wave)).max() <= 1.5 * 2.0 * 10 / 1000
