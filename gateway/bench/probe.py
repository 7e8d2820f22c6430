"""How disk and processor do beside what is measured, a few times a second."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gateway.bench.slowdown import Slowdown

__all__ = ["Probed", "percentiles", "probe"]

_EVERY_SECS = 0.05
_BYTES = 4096


@dataclass(slots=True)
class Probed:
    """What was seen."""

    fsync_ms: list[float] = field(default_factory=list)
    slowdown: Slowdown = field(default_factory=Slowdown)


@contextmanager
def probe(folder: Path) -> Iterator[Probed]:
    """Sync 4 kB in `folder` and spin for a millisecond, 20 times a second, until the block ends."""
    out = Probed()
    ended = threading.Event()

    def run() -> None:
        with (folder / "probe").open("wb", buffering=0) as file:
            while not ended.wait(_EVERY_SECS):
                file.write(b"\0" * _BYTES)
                started = time.perf_counter()
                os.fsync(file.fileno())
                out.fsync_ms.append((time.perf_counter() - started) * 1000)
                out.slowdown.probe()

    thread = threading.Thread(target=run, name="bench.probe")
    thread.start()
    try:
        yield out
    finally:
        ended.set()
        thread.join()


def percentiles(ms: list[float]) -> dict[str, float]:
    """p50 and p99, in the unit given; empty where nothing was seen."""
    if not ms:
        return {}
    p50, p99 = np.percentile(ms, (50, 99)).tolist()
    return {"p50": round(p50, 3), "p99": round(p99, 3)}
