"""Full jitter."""

import numpy as np

from gateway.mqtt.backoff import Backoff


def test_delays_are_uniform_below_a_ceiling_that_doubles_up_to_the_cap(rng: np.random.Generator) -> None:
    rounds = []
    for _ in range(400):
        backoff = Backoff(0.5, 6.0, rng)
        rounds.append([backoff.next_delay() for _ in range(7)])
    delays = np.array(rounds)
    ceilings = np.array([0.5, 1, 2, 4, 6, 6, 6])
    assert (delays >= 0).all()
    assert (delays < ceilings).all()
    np.testing.assert_allclose(delays.mean(axis=0), ceilings / 2, rtol=0.15)


def test_a_reset_starts_small_again_and_many_tries_do_not_overflow(rng: np.random.Generator) -> None:
    backoff = Backoff(0.5, 30.0, rng)
    for _ in range(5000):
        assert backoff.next_delay() < 30.0
    backoff.reset()
    assert backoff.next_delay() < 0.5
