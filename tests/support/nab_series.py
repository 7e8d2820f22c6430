"""Simulated series with their truth in NAB's terms: windows around the anomalies, a tenth of the rows altogether.

Kinds that differ in sampling (1 min to 1 h, regular or not), pattern (daily, weekly, none), noise (Gaussian, skewed,
counts) and anomaly (spike, level shift, dropout, drift, burst, congestion). None is modelled on a file of NAB.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from processors.columns import F64, I64

__all__ = ["KINDS", "Simulated", "simulate"]

MINUTE = 60 * 10**9
DAY = 1440 * MINUTE
_START = 16_436 * DAY
"""2015-01-01, a Thursday."""
_LABELLED = 0.1


@dataclass(frozen=True)
class Simulated:
    """One series: times in ns, values, the rows at which anomalies begin, and the windows around them."""

    kind: str
    ts: I64
    value: F64
    onsets: tuple[int, ...]
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Stage:
    """What a kind builds on: times, hours and days of each row, random numbers, rows where anomalies may begin."""

    ts: I64
    hour: F64
    day: I64
    rng: np.random.Generator
    onsets: tuple[int, ...]

    @property
    def rows(self) -> I64:
        return np.arange(len(self.ts))

    def noise(self, sd: float) -> F64:
        return self.rng.normal(0.0, sd, len(self.ts))

    def bump(self, at: float, width: float) -> F64:
        """A daily bump, 1 at its peak."""
        off = np.abs(self.hour - at)
        return np.asarray(np.exp(-0.5 * (np.minimum(off, 24 - off) / width) ** 2))

    def weekday(self) -> F64:
        """1 from Monday to Friday, 0.4 else; day 0 is a Thursday."""
        return np.where((self.day + 3) % 7 < 5, 1.0, 0.4)

    def during(self, onset: int, rows: int) -> slice:
        return slice(onset, min(onset + rows, len(self.ts)))


def _level_shift(s: _Stage) -> F64:
    value = 20 + 3 * np.sin(s.hour / 24 * 2 * np.pi) + s.noise(0.8)
    for k, onset in enumerate(s.onsets):
        value[onset:] += 6 * (-1) ** k
    return value


def _spikes(s: _Stage) -> F64:
    value = 230 + 2 * s.bump(4, 3) + s.noise(0.7)
    for onset in s.onsets:
        value[s.during(onset, 2)] += s.rng.choice([-9, 9])
    return value


def _dropout(s: _Stage) -> F64:
    value = 55 + 15 * s.bump(8, 2) + 20 * s.bump(19, 2.5) + s.noise(2.5)
    for onset in s.onsets:
        value[s.during(onset, len(s.ts) // 60)] = 0.0
    return value


def _drift(s: _Stage) -> F64:
    value = 50 + 2 * np.sin(s.hour / 24 * 2 * np.pi) + s.noise(0.6)
    for onset in s.onsets:
        span = s.during(onset, len(s.ts) // 12)
        value[span] += np.linspace(0, 9, span.stop - span.start)
    return value


def _bursts(s: _Stage) -> F64:
    rate = 2 + 14 * s.bump(14, 3) * s.weekday()
    for onset in s.onsets:
        rate[s.during(onset, 8)] += 35
    return s.rng.poisson(rate).astype(np.float64)


def _rare_counts(s: _Stage) -> F64:
    rate = np.full(len(s.ts), 0.15)
    for onset in s.onsets:
        rate[s.during(onset, 10)] = 4.0
    return s.rng.poisson(rate).astype(np.float64)


def _congestion(s: _Stage) -> F64:
    depth = (
        (25 * s.bump(8, 0.8) + 30 * s.bump(17.5, 1.0)) * s.weekday() * s.rng.uniform(0.5, 1.2, s.day.max() + 1)[s.day]
    )
    value = 95 - depth + s.noise(4)
    for onset in s.onsets:
        value[s.during(onset, len(s.ts) // 120)] -= 45
    return np.asarray(np.maximum(value, 3))


def _occupancy(s: _Stage) -> F64:
    base = (1 + 5 * s.bump(8, 1.2) + 6 * s.bump(17.5, 1.5)) * s.weekday()
    value = base * s.rng.lognormal(0, 0.25, len(s.ts))
    for onset in s.onsets:
        value[s.during(onset, len(s.ts) // 120)] += 18
    return value


def _latency(s: _Stage) -> F64:
    value = 80 * s.rng.lognormal(0, 0.5, len(s.ts)) * (1 + 0.5 * s.bump(15, 4))
    for onset in s.onsets:
        value[s.during(onset, 6)] *= 9
    return value


def _on_off(s: _Stage) -> F64:
    value = np.where((s.rows // 7) % 5 == 0, 12.0, 1.0) + np.abs(s.noise(0.3))
    for onset in s.onsets:
        value[s.during(onset, 20)] += 14
    return value


def _night_flow(s: _Stage) -> F64:
    value = 12 + 18 * s.bump(7.5, 1.5) + 22 * s.bump(19.5, 2) + s.noise(1.2)
    for onset in s.onsets:
        value[s.during(onset, len(s.ts) // 15)] += 7
    return value


def _walk(s: _Stage) -> F64:
    value = np.zeros(len(s.ts))
    push = s.rng.normal(0, 1, len(s.ts))
    for k in range(1, len(value)):
        value[k] = 0.97 * value[k - 1] + push[k]
    for onset in s.onsets:
        value[s.during(onset, 15)] += 16
    return value + 40


def _stuck(s: _Stage) -> F64:
    value = 10 + 6 * np.sin(s.hour / 24 * 2 * np.pi) + s.noise(0.8)
    for onset in s.onsets:
        value[s.during(onset, len(s.ts) // 25)] = 16.5
    return value


def _weekly_load(s: _Stage) -> F64:
    value = (300 + 250 * s.bump(13, 4)) * s.weekday() + s.noise(15)
    for onset in s.onsets:
        value[s.during(onset, 8)] *= 0.45
    return value


@dataclass(frozen=True)
class _Kind:
    make: Callable[[_Stage], F64]
    minutes: float
    rows: int
    anomalies: int
    irregular: bool = False


KINDS: Mapping[str, _Kind] = {
    "level shift, 5 min": _Kind(_level_shift, 5, 3000, 2),
    "level shift, 1 h": _Kind(_level_shift, 60, 2500, 2),
    "spikes, 1 min": _Kind(_spikes, 1, 6000, 3),
    "spikes, 15 min": _Kind(_spikes, 15, 2500, 2),
    "dropout, 10 min": _Kind(_dropout, 10, 2500, 2),
    "drift, 5 min": _Kind(_drift, 5, 4000, 1),
    "bursts, 5 min": _Kind(_bursts, 5, 4000, 2),
    "bursts, 1 h": _Kind(_bursts, 60, 2500, 2),
    "rare counts, 5 min": _Kind(_rare_counts, 5, 4000, 2),
    "congestion, 5 min": _Kind(_congestion, 5, 4000, 2),
    "congestion, irregular": _Kind(_congestion, 8, 2500, 2, irregular=True),
    "occupancy, 5 min": _Kind(_occupancy, 5, 3500, 2),
    "latency, 5 min": _Kind(_latency, 5, 4000, 2),
    "on and off, 5 min": _Kind(_on_off, 5, 4000, 1),
    "night flow, 15 min": _Kind(_night_flow, 15, 3000, 2),
    "walk, 5 min": _Kind(_walk, 5, 4000, 2),
    "stuck, 10 min": _Kind(_stuck, 10, 2500, 1),
    "weekly load, 30 min": _Kind(_weekly_load, 30, 4000, 2),
    "weekly load, 1 h": _Kind(_weekly_load, 60, 2500, 2),
}
"""What there is to simulate, by name."""


def simulate(kind: str, rng: np.random.Generator) -> Simulated:
    """One series of a kind; its anomalies begin at random rows behind the first fifth, well apart."""
    spec = KINDS[kind]
    step = np.full(spec.rows, spec.minutes)
    if spec.irregular:
        step = np.maximum(np.round(rng.lognormal(np.log(spec.minutes), 0.6, spec.rows)), 1)
        step[rng.integers(0, spec.rows, 3)] = 300
    ts = _START + np.cumsum(step * MINUTE).astype(np.int64)
    room = int(spec.rows * 0.75 / spec.anomalies)
    width = int(spec.rows * _LABELLED / spec.anomalies)
    onsets = tuple(
        int(spec.rows * 0.22) + k * room + int(rng.integers(width, max(room - width, width + 1)))
        for k in range(spec.anomalies)
    )
    onsets = tuple(min(onset, spec.rows - width // 2 - 1) for onset in onsets)
    stage = _Stage(ts, ts % DAY / (60 * MINUTE), (ts - _START) // DAY, rng, onsets)
    windows = tuple((int(ts[onset - width // 2]), int(ts[onset + width // 2])) for onset in onsets)
    return Simulated(kind, ts, spec.make(stage), onsets, windows)
