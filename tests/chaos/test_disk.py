"""The disk is full, read-only, slow, or keeps half of the last write: what was acknowledged is there, once."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.faults import slow_disk, torn_write
from tests.chaos.places import mosquitto
from tests.chaos.trial import Chaos, Plan, Trial
from tests.support.disks import Ballast, ImageDisk, small_disk

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("chaos")]

_FULL_SECS, _SLOW_SECS = 8.0, 12.0
_NO_ROOM = ("journal write failed", "store halted")


async def test_a_full_disk_stops_acknowledgements_and_nothing_is_lost(chaos: Chaos) -> None:
    async with chaos(Plan("disk full while journaling", data=small_disk(512), errors=_NO_ROOM)) as trial:
        await trial.moment()
        ballast = Ballast(trial.data_dir)
        async with trial.fault():
            ballast.fill()
            await trial.objects("the inbox is full")
            await asyncio.sleep(_FULL_SECS)
            assert trial.gateway.running
            ballast.let_go()


async def test_a_gateway_killed_on_a_full_disk_starts_when_there_is_room(chaos: Chaos) -> None:
    said = (*_NO_ROOM, "No room", "error: No room", "       Make room")  # also by a process that can't start there
    async with chaos(Plan("disk full, kill -9 there", data=small_disk(512), errors=said)) as trial:
        await trial.moment()
        ballast = Ballast(trial.data_dir)
        async with trial.fault():
            ballast.fill()
            await trial.objects("the inbox is full")
            await trial.killed()
            await trial.gateway.start()
            if not await _left(trial):
                await trial.objects("")
            ballast.let_go()
            if not trial.gateway.running:
                await trial.restart()


async def _left(trial: Trial, secs: float = 8.0) -> bool:
    """Whether a gateway that has just been started ends by itself."""
    try:
        return await trial.gateway.ended(secs) != 0
    except TimeoutError:
        return False


async def test_a_store_whose_disk_is_full_waits_while_intake_goes_on(chaos: Chaos, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    settings = {"stores": {"duckdb": {"path": store / "readings.duckdb"}}}
    with small_disk(512)(store):
        async with chaos(Plan("disk full while storing", settings=settings, errors=("store halted",))) as trial:
            await trial.moment()
            ballast = Ballast(store)
            async with trial.fault():
                ballast.fill()
                await trial.objects("no store takes data")
                before = await _received(trial)
                await asyncio.sleep(_FULL_SECS)
                assert await _received(trial) > before
                ballast.let_go()


async def _received(trial: Trial) -> int:
    status = await trial.gateway.ask("status")
    assert status is not None
    return int(status["ledger"]["messages"]["received"])


async def test_a_disk_that_turns_read_only_ends_the_gateway_and_a_mended_one_has_everything(
    chaos: Chaos, tmp_path: Path
) -> None:
    disk = ImageDisk(tmp_path / "image")
    async with chaos(Plan("disk read-only", data=disk.over, errors=("",))) as trial:
        await trial.moment()
        async with trial.fault():
            disk.fail()
            code = await trial.gateway.ended(60.0)
            assert code == 1, trial.gateway.tail()
            said = trial.gateway.tail()
            assert any(name in said for name in ("inbox.db", "outbox.db", ".snap")), said
            assert "disk" in said
            trial.say(f"it ended with {code}: {trial.gateway.tail().splitlines()[-1]}")
            disk.mend()
            await trial.restart()


async def test_a_slow_disk_slows_acknowledgements_down_and_nothing_else(chaos: Chaos) -> None:
    async with chaos(Plan("disk slow: a sync takes 250 ms", broker=mosquitto)) as trial:
        await trial.moment()
        async with trial.fault():
            await slow_disk(trial, _SLOW_SECS)


async def test_half_of_the_last_write_is_as_if_it_had_not_been(chaos: Chaos) -> None:
    async with chaos(Plan("kill -9 and a torn last write, four times")) as trial:
        for k in range(4):
            await trial.moment(0.1 + 0.17 * k, 0.13 + 0.17 * k)
            async with trial.fault():
                await torn_write(trial)
