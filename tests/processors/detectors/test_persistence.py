"""A sigma and a half for hours is persistence; the same as noise is none."""

import numpy as np
from numpy.random import Generator

from processors.columns import F64
from processors.detectors.level import Level
from processors.detectors.persistence import Persistence
from tests.processors.detectors.support import ROW, feed


def _unusual(z: F64) -> F64:
    level, persistence = Level(4.0, 7.0), Persistence(2.0 / 24, 4.0)
    persistence.grow(1)
    turn = iter(z.tolist())
    return np.array(feed(level, z, lambda _, met: persistence.meet(ROW, np.array([next(turn)]), met)))


def test_small_differences_that_last_add_up(rng: Generator) -> None:
    z = rng.normal(0, 1, 2000)
    z[1900:] += 1.5
    unusual = np.abs(_unusual(z))
    assert unusual[600:1900].max() < 5
    assert unusual[1900:].max() > 5


def test_one_reading_does_not_last(rng: Generator) -> None:
    z = rng.normal(0, 1, 1000)
    z[900] = 1e6
    assert abs(_unusual(z)[900]) < 4


def test_noise_that_hangs_together_is_known_as_such(rng: Generator) -> None:
    z = np.zeros(3000)
    for k, push in enumerate(rng.normal(0, 0.3, 2999), start=1):
        z[k] = 0.95 * z[k - 1] + push
    assert np.abs(_unusual(z)[1000:]).max() < 5


def test_the_first_hours_are_for_learning(rng: Generator) -> None:
    assert (_unusual(rng.normal(0, 1, 70)) == 0).all()
