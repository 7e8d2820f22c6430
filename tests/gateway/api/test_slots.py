"""Slots: so many at work, as many waiting, the rest told to come back; none is lost however a question ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.api.problems import Problem
from gateway.api.slots import _MOST_STREAMS, Slots
from tests.support.running import eventually


async def _hold(slots: Slots, release: asyncio.Event, at_work: list[int], number: int = 0) -> None:
    async with slots.one():
        at_work.append(number)
        await release.wait()


async def test_some_work_as_many_wait_and_the_rest_is_told_to_come_back() -> None:
    slots, release, at_work = Slots(2, 5), asyncio.Event(), list[int]()
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(_hold(slots, release, at_work, number))
        await eventually(lambda: slots._here == 4, "four are here")
        with pytest.raises(Problem) as refused:
            await _hold(slots, release, at_work)
        assert (refused.value.kind, refused.value.headers["Retry-After"]) == ("too-many", "1")
        assert at_work == [0, 1]
        release.set()
    assert at_work == [0, 1, 2, 3]
    assert slots._here == 0


async def test_waiting_too_long_is_told_too() -> None:
    slots, release = Slots(1, 0.01), asyncio.Event()
    holding = asyncio.ensure_future(_hold(slots, release, []))
    await eventually(lambda: slots._here == 1, "it is at work")
    with pytest.raises(Problem):
        await _hold(slots, release, [])
    release.set()
    await holding
    assert (slots._here, slots._semaphore._value) == (0, 1)


@pytest.mark.parametrize("waiting", [False, True])
async def test_who_goes_away_leaves_no_slot_behind(waiting: bool) -> None:
    slots, release, at_work = Slots(1, 5), asyncio.Event(), list[int]()
    first = asyncio.ensure_future(_hold(slots, release, at_work))
    second = asyncio.ensure_future(_hold(slots, release, at_work))
    await eventually(lambda: slots._here == 2, "one works, one waits")
    gone, stays = (second, first) if waiting else (first, second)
    gone.cancel()
    await asyncio.wait([gone])
    release.set()
    await stays
    assert (slots._here, slots._semaphore._value) == (0, 1)


async def test_an_error_leaves_no_slot_behind() -> None:
    slots = Slots(1, 5)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with slots.one():
                1 / 0  # noqa: B018
    assert (slots._here, slots._semaphore._value) == (0, 1)


async def test_an_answer_that_has_begun_is_never_sent_away() -> None:
    slots, release, at_work = Slots(1, 0.01), asyncio.Event(), list[int]()
    holding = [asyncio.ensure_future(_hold(slots, release, at_work, number)) for number in range(1)]
    await eventually(lambda: len(at_work) == 1, "it is at work")

    async def go_on() -> None:
        async with slots.another():
            at_work.append(9)

    going_on = [asyncio.ensure_future(go_on()) for _ in range(5)]
    await asyncio.sleep(0)
    assert at_work == [0]
    release.set()
    await asyncio.gather(*holding, *going_on)
    assert at_work == [0] + 5 * [9]
    assert (slots._here, slots._semaphore._value) == (0, 1)


async def test_exports_do_not_send_away_who_asks_for_a_chart() -> None:
    slots, release, at_work = Slots(1, 5), asyncio.Event(), list[int]()

    async def page(number: int) -> None:
        async with slots.another():
            at_work.append(number)
            await release.wait()

    exports = [asyncio.ensure_future(page(number)) for number in range(20)]
    await eventually(lambda: at_work == [0], "one is at work, others wait")
    chart = asyncio.ensure_future(_hold(slots, release, at_work, 99))
    await eventually(lambda: slots._here == 1, "it waits, too")
    release.set()
    await asyncio.gather(*exports, chart)
    assert at_work == [*range(20), 99]


async def test_so_many_answers_go_on_at_once_and_none_is_counted_for_longer_than_it_lasts() -> None:
    slots = Slots(1, 5)

    async def pieces() -> AsyncIterator[int]:
        while True:
            yield 1

    going_on = [slots.stream(pieces()) for _ in range(_MOST_STREAMS)]
    for each in going_on:
        assert await anext(each) == 1
    with pytest.raises(Problem) as refused:
        await anext(slots.stream(pieces()))
    assert (refused.value.kind, refused.value.headers["Retry-After"]) == ("too-many", "10")
    for each in going_on:
        await each.aclose()
    assert [piece async for piece in slots.stream(_one_piece())] == [7]
    assert slots._streams == 0


async def _one_piece() -> AsyncIterator[int]:
    yield 7
