"""The gateway's process dies, or stands still: what it acknowledged is there, once, and alarms are as without that."""

import asyncio
import signal

import pytest

from tests.chaos.places import mosquitto
from tests.chaos.trial import MINUTES, Chaos, Plan, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]


async def _killed(trial: Trial) -> None:
    trial.gateway.kill()
    assert await trial.gateway.ended(10) == -signal.SIGKILL


async def test_a_killed_gateway_goes_on_where_it_was(chaos: Chaos) -> None:
    async with chaos(Plan("kill -9", MINUTES)) as trial:
        await trial.moment()
        async with trial.fault():
            await _killed(trial)
            await trial.restart()


@pytest.mark.chaos
async def test_kills_at_random_moments_and_during_recovery_change_nothing(chaos: Chaos) -> None:
    async with chaos(Plan("kill -9, thrice, each with kills during recovery", broker=mosquitto)) as trial:
        for least in (0.1, 0.35, 0.6):
            await trial.moment(least, least + 0.1)
            async with trial.fault():
                await _killed(trial)
                for _ in range(3):
                    await trial.gateway.start()
                    await asyncio.sleep(trial.dice.uniform(0.3, 2.0))
                    await _killed(trial)
                await trial.restart()
