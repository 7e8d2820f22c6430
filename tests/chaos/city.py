"""The city of a trial: its devices as a process, and what is known of it where nobody disturbs anything.

    device_sims --record--> recording --> cityloom replay --> alarms of an undisturbed run
                                |
                                +--> when each message is due

Messages are a function of scenario, seed and city time: neither the speed nor what happens to a gateway changes them.
"""

import asyncio
import bisect
import gzip
import json
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from device_sims.testbed.options import CityOptions, Times
from gateway.cli.door import ask, settings_of
from gateway.score.troubles import Raised, alarms_of
from tests.support.command import environment

__all__ = ["Devices", "Undisturbed", "alarms_in", "undisturbed"]

_REPLAY_SECS = 300.0
_MOST_ALARMS = 10_000


def _words(city: CityOptions, times: Times) -> list[str]:
    assert times.end is not None, "a trial needs a city that ends: a scenario, or for_secs"
    given: dict[str, object] = {
        "--origin": times.origin, "--until": times.end, "--seed": city.seed, "--faults": city.faults,
        "--scenario": city.script or None, "--devices": city.count,
    }  # fmt: skip
    words = [str(each) for word, value in given.items() if value is not None for each in (word, value)]
    return ["-m", "device_sims", *words, "--no-recordings", "--json"]


class Devices:
    """The devices of one trial: a process that publishes by the city's clock and writes down the truth."""

    def __init__(self, folder: Path) -> None:
        self.truth = folder / "run"
        self._log, self._out = folder / "devices.log", folder / "devices.out"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, city: CityOptions, times: Times, start: int, port: int) -> None:
        """Start; the first message is due at `start`, system time in ns."""
        with self._log.open("ab") as log, self._out.open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *_words(city, times), "--broker", f"127.0.0.1:{port}", "--start", str(start),
                "--speed", str(float(city.speed)), "--truth", str(self.truth), stdout=out, stderr=log,
                env=environment(),
            )  # fmt: skip

    @property
    def up(self) -> bool:
        """Whether they wait for their clock, or speak."""
        return (self.truth / "run.json").exists()

    def kill(self) -> None:
        """kill -9, if they run."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def pause(self, paused: bool) -> None:
        """SIGSTOP or SIGCONT: what is due meanwhile is published afterwards, and the broker has nothing under way."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    async def report(self, secs: float) -> dict[str, Any]:
        """Wait for their end; what they say of it. All that was due must have been acknowledged."""
        assert self._process is not None
        async with asyncio.timeout(secs):
            code = await self._process.wait()
        said = self._out.read_text(encoding="utf-8").splitlines()
        tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        assert code == 0, f"the devices ended with {code}: {said[-1:]}\n{tail}"
        found: dict[str, Any] = json.loads(said[-1])
        return found


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What is known of a city before anything is done to it."""

    due: list[int]
    """City time of every message, UTC ns, ascending."""
    alarms: list[Raised]
    """What is raised where nothing disturbs."""

    def due_by(self, city_time: int) -> int:
        """How many messages ought to have been sent by then."""
        return bisect.bisect_right(self.due, city_time)


_known: dict[CityOptions, Undisturbed] = {}


async def undisturbed(city: CityOptions, folder: Path) -> Undisturbed:
    """Record the city and replay it; the same city is done once in a process."""
    key = replace(city, speed=1.0)
    if key not in _known:
        _known[key] = await _undisturbed(city, folder)
    return _known[key]


async def _undisturbed(city: CityOptions, folder: Path) -> Undisturbed:
    recording, data = folder / "undisturbed.jsonl.gz", folder / "undisturbed"
    await _done(folder, *_words(city, city.times()), "--record", recording)
    with gzip.open(recording, "rb") as lines:
        due = sorted(json.loads(line)["received_at"] for line in lines)
    await _done(folder, "-m", "gateway.cli", "replay", recording, "--data-dir", data, "--json")
    return Undisturbed(due, await asyncio.to_thread(alarms_in, None, data))


async def _done(folder: Path, *words: str | Path) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, words), cwd=folder, env=environment(), stdout=pipe, stderr=pipe
    )
    async with asyncio.timeout(_REPLAY_SECS):
        said, errors = await process.communicate()
    assert process.returncode == 0, f"{words}: {said[-1000:]!r}{errors[-1000:]!r}"


def alarms_in(config: Path | None, data: Path | None) -> list[Raised]:
    """What a stopped gateway raised, in order of time."""
    return alarms_of(reversed(ask(settings_of(config, data), "alarm_history", limit=_MOST_ALARMS)))
