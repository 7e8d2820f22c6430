"""Strangers that flood a trial: loads by a process of their own, messages of any kind; and the gateway's memory."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from time import monotonic

from tests.chaos.judging import STRANGER
from tests.chaos.trial import Trial
from tests.support.command import environment
from tests.support.fast_publisher import FastPublisher

__all__ = ["Memory", "load", "memory_watched", "published"]

_POLL_SECS = 0.1
_MB = 1 << 10
_AT_ONCE = 1_000


class Memory:
    """Resident memory of the gateway, MB."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.before = self.peak = self.now()

    def now(self) -> float:
        """As the system counts it."""
        line = next(each for each in self._status.read_text().splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) / _MB

    @property
    def grown(self) -> float:
        """From the beginning to the highest that was seen."""
        return self.peak - self.before


@asynccontextmanager
async def memory_watched(trial: Trial) -> AsyncIterator[Memory]:
    """Look at the gateway's memory while something happens; the report has it."""
    memory = Memory(trial.gateway.pid)

    async def watch() -> None:
        while True:
            memory.peak = max(memory.peak, memory.now())
            await asyncio.sleep(_POLL_SECS)

    watching = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        watching.cancel()
        trial.row.figures |= {"MB before": round(memory.before), "MB at most": round(memory.peak)}


async def load(trial: Trial, name: str, *, messages: int, devices: int, rate: float = 0.0) -> float:
    """Loop detectors of no zone that nobody listed, by the city's clock, from a process of their own; gives how many
    messages a second the broker took. `rate` 0: as many as it takes."""
    given: dict[str, object] = {
        "--port": trial.broker.port, "--messages": messages, "--devices": devices, "--rate": rate, "--zones": "zz",
        "--prefix": f"{STRANGER}{name}", "--origin": trial.times.origin, "--start": trial.start,
        "--speed": float(trial.plan.city.speed),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "device_sims.load", *(str(each) for pair in given.items() for each in pair),
        stdout=asyncio.subprocess.PIPE, env=environment(),
    )  # fmt: skip
    out, _ = await process.communicate()
    said = json.loads(out.splitlines()[-1])
    assert process.returncode == 0, said
    trial.strangers += said["acked"]
    trial.say(f"{said['acked']:,} messages of strangers in {said['secs']:.1f} s")
    return float(said["acked"] / said["secs"])


async def published(trial: Trial, messages: Iterator[tuple[str, bytes]], rate: float = 0.0) -> float:
    """Publish at QoS 1 all that comes, at most `rate` a second; 0: as fast as the broker takes it. Gives how many a
    second there were."""
    began, before = monotonic(), trial.strangers
    async with FastPublisher(trial.broker.port) as publisher:
        while part := _some(messages):
            await publisher.publish(part)
            trial.strangers += len(part)
            if rate:
                await asyncio.sleep((trial.strangers - before) / rate - (monotonic() - began))
    found = (trial.strangers - before) / (monotonic() - began)
    trial.say(f"{trial.strangers - before:,} messages of strangers, {found:,.0f} a second")
    return found


def _some(messages: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return list(islice(messages, _AT_ONCE))
