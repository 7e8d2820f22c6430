"""Messages that mean harm, while the city plays: each is refused for its reason, and nothing else happens."""

import unicodedata
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.chaos.flooding import memory_watched, published
from tests.chaos.judging import STRANGER
from tests.chaos.trial import MINUTES, Chaos, Plan, Trial
from tests.support.hostile import bombs, deep_and_wide, hostile_names, hostile_numbers, hostile_times
from tests.support.running import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("chaos")]

_MOST_MB = 250
_REASONS = {
    "too_many_records", "nesting_too_deep", "not_utf8", "unreadable", "payload_too_large", "time_invalid",
    "decompressed_too_large", "compression_broken", "identity_invalid", "topic_unknown",
}  # fmt: skip
_LOOP, _PACKED = "city/zz/traffic/loop/{}/reading", "city/zz/water/pressure/{}/readings"


def _messages(trial: Trial, rounds: int) -> Iterator[tuple[str, bytes]]:
    for k in range(rounds):
        ts = trial.now // 1_000_000
        for body in chain(deep_and_wide(ts), hostile_numbers(ts), hostile_times()):
            yield _LOOP.format(f"{STRANGER}{k}"), body
        for body in bombs(ts):
            yield _PACKED.format(f"{STRANGER}{k}"), body
        for name in hostile_names():
            yield _LOOP.format(f"{STRANGER}{name}"), b'{"ts":%d,"speed":1,"flow":1,"occ":0}' % ts
            yield f"{STRANGER}{name}/x", b"1"


async def _refused_all(trial: Trial) -> bool:
    """What was received may still wait for the engine's next call."""
    status = await trial.gateway.ask("status")
    return status is not None and status["ledger"]["reasons"]["message.rejected"].keys() >= _REASONS


async def _tried(chaos: Chaos, rounds: int) -> None:
    plan = Plan(
        f"hostile messages, {rounds} times each kind", MINUTES, settings={"mqtt": {"filters": ["#"], "canary": "off"}}
    )
    async with chaos(plan) as trial:
        await trial.moment(0.2, 0.3)
        async with memory_watched(trial) as memory, trial.fault():
            await published(trial, _messages(trial, rounds))
        assert memory.grown < _MOST_MB
        await eventually(lambda: _refused_all(trial), "each kind is refused for its reason")
        said = (trial.folder / "gateway.log").read_text(encoding="utf-8")
        assert "message rejected" in said
        obeyed = {sign for sign in said if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - {"\n"}
        assert not obeyed, "a terminal would obey these"


async def test_hostile_messages_are_refused_and_the_city_goes_on(chaos: Chaos) -> None:
    await _tried(chaos, 3)


@pytest.mark.chaos
async def test_hostile_messages_by_the_thousand_are_refused_and_the_city_goes_on(chaos: Chaos) -> None:
    await _tried(chaos, 40)
