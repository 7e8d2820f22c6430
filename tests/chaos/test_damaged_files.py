"""The gateway is killed and a file of its damaged: it is said, the rest is saved, all but the told loss is right."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway.journal.sqlite import PAGE_BYTES
from tests.chaos.judging import Verdict
from tests.chaos.trial import HOUR, MINUTES, Chaos, Plan, Trial
from tests.support.command import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]


_OLD = 600_000_000_000
"""City time: who was down for longer calls alarms of then history. A busy machine takes that long for the commands."""
_READINGS_A_MESSAGE = 50
"""At most: what a lost message of the city may have carried."""


async def _killed(trial: Trial) -> None:
    trial.gateway.kill()
    assert await trial.gateway.ended(10) == -signal.SIGKILL


def _newest(trial: Trial) -> Path:
    there = (trial.data_dir / "snapshots").glob("*.snap")
    return max(there, key=lambda path: int(path.stem))


def _zero_pages(trial: Trial, path: Path, pages: int) -> None:
    """Pages behind the first two, by the seed."""
    data = bytearray(path.read_bytes())
    for page in trial.dice.sample(range(2, len(data) // PAGE_BYTES), pages):
        data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(data)


async def test_a_damaged_newest_snapshot_is_passed_over(chaos: Chaos) -> None:
    async with chaos(Plan("newest snapshot damaged", MINUTES)) as trial:
        await trial.moment()
        async with trial.fault():
            await _killed(trial)
            path = _newest(trial)
            data = bytearray(path.read_bytes())
            data[trial.dice.randrange(len(data))] ^= 1 << trial.dice.randrange(8)
            path.write_bytes(data)
            await trial.restart()


@pytest.mark.chaos
@pytest.mark.parametrize(("part", "pages"), [("inbox.db", 3), ("outbox.db", 10)])
async def test_damage_to_the_journal_is_said_and_all_but_the_told_loss_is_right(
    chaos: Chaos, part: str, pages: int
) -> None:
    # minutes of the city pass meanwhile, whose messages then come late and all at once
    errors = ("clock suspect",)
    plan = Plan(f"{part}: pages zeroed, salvaged", HOUR, same_alarms=False, errors=errors)
    async with chaos(plan) as trial:
        await trial.moment()
        async with trial.fault():
            since = trial.now
            await _killed(trial)
            await asyncio.to_thread(_zero_pages, trial, trial.data_dir / part, pages)
            told = await asyncio.to_thread(_salvaged, trial)
            await trial.restart()
            down = trial.now - since
        _expect_no_more_than(trial, told, down)


def _salvaged(trial: Trial) -> dict[str, Any]:
    """A check says it, a start refuses where it is needed, a salvage mends it."""
    checked = asked("journal", "check", "-c", trial.config, "--json")
    done = asked("journal", "salvage", "-c", trial.config, "--json")
    assert done.code == 0, done.err
    told: dict[str, Any] = done.json
    assert bool(checked.code) == bool(told["journal"]), checked.json
    again = asked("journal", "check", "-c", trial.config, "--json")
    assert again.json["whole"], again.json
    journal = told["journal"] or {}
    trial.say(f"told: {[(r['first'], r['end'], r['worked_on'], r['messages']) for r in journal.get('lost_rows', [])]}")
    trial.say(f"blocks {len(journal.get('lost_blocks', []))} gone, exact {journal.get('exact')}")
    return told


def _expect_no_more_than(trial: Trial, told: dict[str, Any], down: int) -> None:
    """What was told may be missing, and alarms that the lost rows were part of may differ; nothing else."""
    journal = told["journal"] or {"lost_rows": [], "lost_blocks": [], "exact": True}
    messages = sum(sum(rows["messages"].values()) for rows in journal["lost_rows"])
    readings = sum(block["readings"] for block in journal["lost_blocks"]) + messages * _READINGS_A_MESSAGE
    trial.row.figures |= {"told lost messages": messages}
    judged = trial._judged

    def judge() -> Verdict:
        verdict = judged()
        assert verdict.lost <= readings, f"{verdict.lost} readings are lost, {readings} were told"
        assert verdict.balanced, verdict.wrong
        assert verdict.twice == 0, verdict.wrong
        if readings:
            verdict.wrong = [each for each in verdict.wrong if not re.search(r"\d+ (lost|windows|ledger)", each)]
        if not journal["exact"] or down > _OLD:
            verdict.wrong = [each for each in verdict.wrong if not each.startswith("alarm: ")]
        return verdict

    trial._judged = judge  # type: ignore[method-assign]
