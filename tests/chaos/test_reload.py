"""The configuration is reloaded every moment while the city plays: the truth is as if nobody had touched it."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

import seeds
from tests.chaos.places import merged, mosquitto, toml
from tests.chaos.trial import MINUTES, Chaos, Plan, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]

_NEVER = """
[[conditions]]
name = "water.never"
title = "Never"
kind = "steps"
profile = "water-flow"
quantity = "flow"
high = [{high}]
priorities = [4]
"""
_EVERY_SECS = 0.3
_PATIENCE = 5


class Changing:
    """Files that are others each time, and of which nothing that is measured depends."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._text = trial.config.read_text(encoding="utf-8")
        self._folder = trial.folder / "changing"
        (self._folder / "profiles").mkdir(parents=True)
        self.turn = 0
        for name, text in seeds.profile_texts().items():
            (self._folder / "profiles" / f"{name}.toml").write_text(text, encoding="utf-8")

    def write(self) -> None:
        """The next ones: subscriptions, a condition that comes and goes, a profile that comes and goes, wording."""
        self.turn += 1
        turn, folder = self.turn, self._folder
        texts = [text.replace("schema = 1", "") for text in seeds.condition_texts().values()]
        never = _NEVER.format(high=900_000 + turn) if turn % 3 else ""
        conditions = folder / "conditions.toml"
        conditions.write_text("schema = 1\n" + "".join(texts) + never, encoding="utf-8")
        profile = folder / "profiles" / "water-flow.toml"
        profile.write_text(
            seeds.profile_texts()["water-flow"].replace('description = "', f'description = "{turn}: ', 1),
            encoding="utf-8",
        )
        extra = folder / "profiles" / "extra.toml"
        if turn % 2:
            text = seeds.profile_texts()["water-flow"].replace('"water-flow"', '"extra"', 1)
            extra.write_text(text.replace("/water/flow/", "/extra/flow/"), encoding="utf-8")
        else:
            extra.unlink()
        self._config(
            {"engine": {"gather_messages": 3000 + turn}, "profiles_dir": folder / "profiles",
             "conditions_file": conditions}
        )  # fmt: skip

    def spoil(self) -> None:
        """One that can't be used."""
        self._trial.config.write_text(self._text + "\n[no\n", encoding="utf-8")

    def _config(self, changes: dict[str, Any]) -> None:
        whole = merged(tomllib.loads(self._text), changes)
        partial: Path = self._trial.config.with_suffix(".new")
        partial.write_text(toml(whole), encoding="utf-8")
        partial.replace(self._trial.config)


async def _answer(trial: Trial) -> dict[str, Any]:
    """Of a reload. On a busy machine the door is asked longer than `ask` waits: what is under way then goes on."""
    for turn in range(_PATIENCE):
        answer = await trial.gateway.ask("reload")
        if answer is not None:
            return {**answer, "applied": answer["applied"] or turn > 0}
        assert trial.gateway.running, trial.gateway.tail()
    raise AssertionError(f"no answer\n{trial.gateway.tail()}")


async def _reloaded(trial: Trial, changing: Changing, upto: float) -> tuple[int, int]:
    """Reload until that part of the city; gives how many were applied and refused. The last one is good."""
    applied = refused = 0
    while trial.progress < upto:
        if changing.turn % 4 == 3 and refused <= applied // 4:
            changing.spoil()
        else:
            changing.write()
        answer = await _answer(trial)
        applied += answer["applied"]
        refused += bool(answer["problems"])
        await asyncio.sleep(_EVERY_SECS)
    changing.write()
    assert (await _answer(trial))["applied"]
    return applied + 1, refused


async def test_reloads_every_moment_change_nothing_that_is_measured(chaos: Chaos) -> None:
    plan = Plan("reloads, some of them refused", MINUTES, errors=("configuration refused",))
    async with chaos(plan) as trial:
        await trial.until(0.1)
        async with trial.fault():
            applied, refused = await _reloaded(trial, Changing(trial), 0.7)
        assert applied >= 2
        trial.row.figures |= {"reloads": applied, "refused": refused}


@pytest.mark.chaos
async def test_reloads_through_the_whole_city_and_a_kill_among_them_change_nothing(chaos: Chaos) -> None:
    plan = Plan("reloads all the time, kill -9 among them", broker=mosquitto, errors=("configuration refused",))
    async with chaos(plan) as trial:
        await trial.until(0.05)
        changing = Changing(trial)
        async with trial.fault():
            applied, refused = await _reloaded(trial, changing, 0.4)
            trial.gateway.kill()
            await trial.gateway.ended(10)
            await trial.restart()
        async with trial.fault():
            more, refused_too = await _reloaded(trial, changing, 0.9)
        trial.row.figures |= {"reloads": applied + more, "refused": refused + refused_too}
        assert applied + more >= 10
