"""The machine's clock is stepped while the gateway runs: it says so, is not ready, and what it refused can be replayed.

In a city that plays 30 times as fast as the machine, two minutes of the machine's clock are an hour. Only the gateway
sees another clock, by libfaketime, which leaves monotonic clocks alone.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.trial import HOUR, Chaos, Plan, Trial

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("chaos")]

_LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
_SPEED = 30.0
_HOUR_SECS = 3600 / _SPEED
_SUSPECT = ("clock suspect",)


def _library() -> Path:
    found = [path for pattern in _LIBRARIES for path in Path("/").glob(pattern[1:])]
    if not found:
        pytest.skip("no libfaketime here: apt-get install faketime")
    return found[0]


class _Clock:
    """What the gateway takes for the machine's clock."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.step(0.0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_library()), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip

    def step(self, secs: float) -> None:
        """From now on it differs so much from the real one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{secs:+.1f}s\n", encoding="ascii")
        fresh.replace(self._file)


def _plan(name: str, clock: _Clock, *, in_time: bool = True) -> Plan:
    return Plan(
        name, replace(HOUR, speed=_SPEED), settings={"engine": {"clock_bound_secs": 120, "idle_timeout_secs": 240}},
        environment=clock.environment, errors=_SUSPECT, in_time=in_time,
    )  # fmt: skip


async def test_with_a_clock_an_hour_slow_readings_are_kept_apart_and_replayed_when_it_is_right(
    chaos: Chaos, tmp_path: Path
) -> None:
    clock = _Clock(tmp_path)
    # before anything goes wrong in the city: what is replayed is late, and judged no more
    async with chaos(_plan("clock set back by an hour", clock)) as trial:
        await trial.until(0.03)
        async with trial.fault():
            clock.step(-_HOUR_SECS)
            await trial.objects("our clock was set back")
            await trial.until(0.17)
            trial.say(f"{await trial.not_ready()}")
            letters = await _quarantined(trial)
            assert letters > 100
            clock.step(0.0)
            await _replayed(trial)
            trial.row.figures["readings kept apart and replayed"] = letters


async def test_with_a_clock_an_hour_fast_it_says_so_and_stores_everything(chaos: Chaos, tmp_path: Path) -> None:
    """When it is right again, it says that timers stand still until it has caught up: for the rest of the city here."""
    clock = _Clock(tmp_path)
    async with chaos(_plan("clock set on by an hour, then right again", clock, in_time=False)) as trial:
        await trial.until(0.05)
        clock.step(_HOUR_SECS)
        await trial.objects("our clock looks fast")
        trial.say(f"it says so at {trial.progress:.0%}")
        await trial.until(max(trial.progress + 0.05, 0.5))
        clock.step(0.0)
        await trial.objects("our clock was set back")


async def _quarantined(trial: Trial) -> int:
    status = await trial.gateway.ask("status")
    assert status is not None
    return int(status["ledger"]["readings"]["quarantined"])


async def _replayed(trial: Trial) -> None:
    """`cityloom dead-letters replay`, until none is left; first those of the last moment come."""
    seen = -1
    async with asyncio.timeout(30.0):
        while (now := await _quarantined(trial)) != seen:
            seen = now
            await asyncio.sleep(0.25)
    upto, remaining = 0, 1
    while remaining:
        found = await trial.gateway.ask("replay_dead_letters", reason="quarantined", upto=upto)
        assert found is not None
        upto, remaining = found["upto"], found["remaining"]
        trial.copies += found["replayed"]  # they count as received again
