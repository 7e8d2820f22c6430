"""What a soak needs beside a trial: load by the thousand, samples of the gateway's process, and when they are flat.

    device_sims.load --> the trial's broker          every 10 s: resident memory, file descriptors of the gateway

Flat: over the second half of the soak, in which no fault ends the process, and once that has had time to fill its
caches (DuckDB's grows to `memory_mb`), the robust slope of memory (the median of the slopes between all pairs of
samples) comes to no more than `LEAK_MB_PER_HOUR`, beyond `NOISE_MB` that caches and allocators move by; and there are
no more file descriptors in the last quarter than in the third, by their medians.
Of days of the city in minutes: the same slope over their medians, without the first, in which caches fill.
"""

import asyncio
import json
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from tests.chaos.trial import Trial
from tests.support.command import environment

__all__ = ["Load", "Sample", "judged", "judged_by_days", "sampled", "table"]

SAMPLE_SECS = 10.0
LEAK_MB_PER_HOUR = 20.0
LEAK_MB_PER_DAY = 3.0
NOISE_MB = 40.0
SPARE_FILES = 2
_WARM_SECS = 45.0, 600.0
"""A process may fill its caches for a quarter of the soak, but so long at least and at most."""
_ROWS = 20
_ZONES = "tianhe,liwan,baiyun,panyu"


class Sample(NamedTuple):
    """Of the gateway's process."""

    secs: float
    """Since the soak began."""
    pid: int
    rss_mb: float
    files: int


class Load:
    """`python -m device_sims.load`: loop detectors of the trial's city clock, met on the wire."""

    def __init__(self, trial: Trial, rate: float, secs: float, devices: int = 5_000) -> None:
        self.messages = round(rate * secs)
        self._trial = trial
        trial.others_per_sec = rate
        self._words = [
            "--port", trial.broker.port, "--messages", self.messages, "--devices", min(devices, self.messages),
            "--rate", rate, "--connections", 4, "--zones", _ZONES, *trial.clock_arguments(),
        ]  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[int]]:
        """Inside the block it sends; the task gives its exit code. What the broker acknowledged counts in the trial."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "device_sims.load", *map(str, self._words), stdout=pipe, env=environment()
        )

        async def listen() -> int:
            assert process.stdout is not None
            while line := await process.stdout.readline():
                self._trial.others = int(json.loads(line)["acked"])
            return await process.wait()

        listening = asyncio.create_task(listen())
        try:
            yield listening
        finally:
            if process.returncode is None:
                process.kill()
            await listening


@asynccontextmanager
async def sampled(trial: Trial) -> AsyncIterator[list[Sample]]:
    """Samples of the trial's gateway, more of them while the block lasts."""
    samples: list[Sample] = []
    began = monotonic()

    async def sample() -> None:
        while True:
            found = _sample(trial.gateway.pid) if trial.gateway.running else None
            if found is not None:
                samples.append(Sample(monotonic() - began, trial.gateway.pid, *found))
            await asyncio.sleep(SAMPLE_SECS)

    sampling = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])


def _sample(pid: int) -> tuple[float, int] | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    except (OSError, StopIteration):  # it has just ended
        return None
    return int(line.split()[1]) / 1024, files


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Theil and Sen's: the median of all slopes between two of the points."""
    return statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2))


def judged(samples: Sequence[Sample]) -> tuple[dict[str, float], list[str]]:
    """Figures of the second half, and what is not flat."""
    half, pid = samples[-1].secs / 2, samples[-1].pid
    born = next(sample.secs for sample in samples if sample.pid == pid)
    least, most = _WARM_SECS
    since = max(half, born + min(max(least, samples[-1].secs / 4), most))
    second = [sample for sample in samples if sample.pid == pid and sample.secs >= since]
    assert len(second) > 3, f"too few samples of one process: {len(second)}; soak for longer"
    hours = (second[-1].secs - second[0].secs) / 3600
    per_hour = slope([(sample.secs / 3600, sample.rss_mb) for sample in second])
    middle = second[0].secs + (second[-1].secs - second[0].secs) / 2
    third, last = (
        statistics.median(sample.files for sample in second if (sample.secs > middle) is later)
        for later in (False, True)
    )
    figures = {
        "MB/h in the second half": round(per_hour, 1), "MB at most": round(max(sample.rss_mb for sample in samples)),
        "files in the third quarter": third, "files in the last": last,
    }  # fmt: skip
    wrong = []
    if per_hour * hours > NOISE_MB + LEAK_MB_PER_HOUR * hours:
        wrong.append(f"memory grows by {per_hour:.0f} MB/h over {hours:.2f} h")
    if last > third + SPARE_FILES:
        wrong.append(f"file descriptors grow from {third:g} to {last:g}")
    return figures, wrong


def judged_by_days(samples: Sequence[Sample], midnight: float, day: float) -> tuple[dict[str, object], list[str]]:
    """Memory of each whole day of the city, and whether they are alike. midnight: the first; day: a length; secs.

    Within a day it rises and falls: what the open day's file is read with grows until the night packs it.
    """
    days: dict[int, list[float]] = {}
    for sample in samples:
        days.setdefault(int((sample.secs - midnight) // day), []).append(sample.rss_mb)
    whole = sorted(days)[1:-1]
    assert len(whole) > 2, f"too few whole days: {len(whole)}; play more"
    medians = [(float(k), statistics.median(days[k])) for k in whole]
    grown = slope(medians) * (len(whole) - 1)
    figures: dict[str, object] = {
        "MB by day, median": " ".join(f"{mb:.0f}" for _, mb in medians),
        "MB by day, most": " ".join(f"{max(days[k]):.0f}" for k in whole),
    }  # fmt: skip
    most = NOISE_MB + LEAK_MB_PER_DAY * (len(whole) - 1)
    return figures, [f"memory grows by {grown:.0f} MB over {len(whole)} days"] if grown > most else []


def table(samples: Sequence[Sample]) -> list[list[str]]:
    """Some of the samples, spread evenly."""
    step = max(1, len(samples) // _ROWS)
    head = ["minute", "process", "MB", "files"]
    return [head, *([f"{s.secs / 60:.1f}", f"{s.pid}", f"{s.rss_mb:.0f}", f"{s.files}"] for s in samples[::step])]
