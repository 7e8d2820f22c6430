"""What judging costs: one engine in this process, fed with what very many devices say, and its state weighed.

No broker, no disk: rows are made beforehand, call by call, and only the engine's own CPU counts.
"""

import gc
import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from time import thread_time
from typing import Any

import msgspec
import numpy as np

from gateway.bench.many_cities import ManyCities
from gateway.bench.slowdown import Slowdown
from gateway.config.content import EngineContent
from gateway.engine.acceptance import Acceptance
from gateway.engine.outputs import Outputs
from gateway.engine.profile_pass import Candidates
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row, RowKind, Rows
from gateway.runtime.garbage import earlier_objects_left_out, seldom_looked_for
from processors.columns import U8, ReadingBatch

__all__ = ["EngineOutcome", "measure_engine"]

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_A_CALL = 2_000
"""Messages of a call: what a gateway gathers in 50 ms at 40,000 a second."""
_PROBE_EVERY = 5
_WARM_NS = 20 * 60 * 1_000_000_000
"""City time until every device has spoken and every window has closed once."""


@dataclass(slots=True)
class EngineOutcome:
    """Figures of one run."""

    series: int
    devices: int
    readings: int
    city_secs: float
    """City time that the measured readings span."""
    us_per_reading: float
    """All that the engine does."""
    judging_us_per_reading: float
    """Quality, conditions, detectors and alarms together."""
    quality_us_per_reading: float
    conditions_us_per_reading: float
    readings_per_s: float
    """That one core could take."""
    slowdown: float
    """See slowdown.py."""
    state_bytes_per_series: float
    state_parts: dict[str, float] = field(default_factory=dict)
    rss_bytes_per_series: float = 0.0
    """How much the process has grown by, by series: with everything that holds the state."""
    transitions: int = 0


class _TimedAcceptance(Acceptance):
    """Tells what quality checks take."""

    quality_secs = 0.0

    def _check(self, accepted: Any, came: Candidates, out: Outputs) -> None:
        started = thread_time()
        super()._check(accepted, came, out)
        self.quality_secs += thread_time() - started

    def _compare(
        self, batch: ReadingBatch, measured: U8, accepted: Any, came: Candidates, rows: Rows, out: Outputs
    ) -> None:
        started = thread_time()
        super()._compare(batch, measured, accepted, came, rows, out)
        self.quality_secs += thread_time() - started


class _Timed(ZoneEngine):
    """Tells what judging takes."""

    conditions_secs = 0.0
    transitions = 0

    def __init__(self) -> None:
        super().__init__()
        self.accepting = _TimedAcceptance(self.registry, self._dedupe, self._windows, self._quality)
        self._acceptance = self.accepting

    def _judge(self, live: bool, out: Outputs) -> None:
        started = thread_time()
        super()._judge(live, out)
        self.conditions_secs += thread_time() - started
        self.transitions += len(out.transitions)


def measure_engine(
    content: EngineContent, series: int, readings: int, origin: int, progress: Callable[[int, int], None]
) -> EngineOutcome:
    """Feed at least `series` series until `readings` were accepted. `progress` gets readings done, of how many.

    Args:
        origin: UTC ns at which the city's time begins.
    """
    city = ManyCities(content, -(-series // _series_of_one(content, origin)), 0, origin)
    engine = _Timed()
    rss = _rss()
    engine.step([Row(origin, RowKind.CONFIG, 0, 0, city.content.digest, city.content.encode())], origin, live=False)
    rows = city.rows()
    warm = origin + _WARM_NS

    def call() -> tuple[int, int, float]:
        """Readings, receipt of the last row, CPU."""
        batch = Rows.of(list(islice(rows, _A_CALL)))
        at = batch.runs[-1].last_at
        started = thread_time()
        result = engine.step(batch, at, live=True)
        return len(result.readings), at, thread_time() - started

    progress(0, readings)
    at = origin
    while at < warm:
        at = call()[1]
    gc.collect()
    started_at, done, cpu = at, 0, 0.0
    slowdown, calls = Slowdown(), 0
    engine.accepting.quality_secs = engine.conditions_secs = 0.0
    engine.transitions = 0
    with earlier_objects_left_out(), seldom_looked_for():  # as a gateway runs
        while done < readings:
            came, at, secs = call()
            done, cpu = done + came, cpu + secs
            if calls % _PROBE_EVERY == 0:
                slowdown.probe()
            calls += 1
            progress(min(done, readings), readings)
    gc.collect()
    grown = _rss() - rss
    have = len(engine.registry.series)
    parts = {name: round(weigh(part) / have, 1) for name, part in engine.snapshot().items() if name != "content"}
    judging = engine.accepting.quality_secs + engine.conditions_secs
    return EngineOutcome(
        series=have,
        devices=len(engine.registry),
        readings=done,
        city_secs=(at - started_at) / 1e9,
        us_per_reading=round(cpu / done * 1e6, 3),
        judging_us_per_reading=round(judging / done * 1e6, 3),
        quality_us_per_reading=round(engine.accepting.quality_secs / done * 1e6, 3),
        conditions_us_per_reading=round(engine.conditions_secs / done * 1e6, 3),
        readings_per_s=round(done / cpu),
        slowdown=slowdown.factor,
        state_bytes_per_series=round(sum(parts.values()), 1),
        state_parts={name: part for name, part in parts.items() if part >= 1},
        rss_bytes_per_series=round(grown / have),
        transitions=engine.transitions,
    )


def _series_of_one(content: EngineContent, origin: int) -> int:
    """Series of a city that is there once, when every device has spoken."""
    city, engine = ManyCities(content, 1, 0, origin), ZoneEngine()
    engine.step([Row(origin, RowKind.CONFIG, 0, 0, city.content.digest, city.content.encode())], origin, live=False)
    rows = list(takewhile(lambda row: row.received_at < origin + _WARM_NS, city.rows()))
    engine.step(rows, rows[-1].received_at, live=True)
    return len(engine.registry.series)


def weigh(state: Any) -> int:
    """Bytes of a snapshot in memory: arrays by their content, everything else as Python holds it."""
    if isinstance(state, np.ndarray):
        return int(state.nbytes)
    if isinstance(state, Mapping):
        return sys.getsizeof(state) + sum(weigh(key) + weigh(value) for key, value in state.items())
    if isinstance(state, list | tuple | set | frozenset):
        return sys.getsizeof(state) + sum(map(weigh, state))
    if isinstance(state, msgspec.Struct):
        return sys.getsizeof(state) + sum(weigh(getattr(state, name)) for name in state.__struct_fields__)
    return sys.getsizeof(state)


def _rss() -> int:
    """Bytes; the most so far where the system tells nothing else."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
