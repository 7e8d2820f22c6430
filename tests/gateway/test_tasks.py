"""Whichever ends first, and nothing of the others is left."""

import asyncio
import gc

import pytest

from gateway.tasks import first_ended


async def _after(turns: int, said: str, ended: list[str]) -> str:
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        return said
    finally:
        ended.append(said)


async def _fails(turns: int, error: Exception) -> str:
    for _ in range(turns):
        await asyncio.sleep(0)
    raise error


@pytest.mark.parametrize("turns", [(1, 9), (9, 1)])
async def test_the_first_counts_and_the_other_has_ended_too(turns: tuple[int, int]) -> None:
    ended: list[str] = []

    found = await first_ended(_after(turns[0], "a", ended), _after(turns[1], "b", ended))

    assert found == ("a" if turns[0] < turns[1] else "b")
    assert sorted(ended) == ["a", "b"]


async def test_of_two_at_once_the_first_named_counts() -> None:
    assert await first_ended(_after(2, "a", []), _fails(2, ValueError("b"))) == "a"


async def test_an_error_of_the_first_is_raised() -> None:
    ended: list[str] = []

    with pytest.raises(ValueError, match="broken"):
        await first_ended(_after(99, "a", ended), _fails(1, ValueError("broken")))

    assert ended == ["a"]


async def test_whoever_waits_may_be_cancelled_and_takes_all_along() -> None:
    ended: list[str] = []
    waiting = asyncio.create_task(first_ended(_after(99, "a", ended), _after(99, "b", ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert sorted(ended) == ["a", "b"]


async def test_what_a_cancelled_one_raises_is_told_to_nobody() -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def stubborn() -> str:
        try:
            return await _after(99, "b", [])
        except asyncio.CancelledError:
            raise ValueError("on the way out") from None

    assert await first_ended(_after(3, "a", []), stubborn()) == "a"
    gc.collect()
    assert told == []
