"""Sources: bounded, merged, computed ahead."""

import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from device_sims.city.devices import City
from device_sims.fleet.message import Message
from device_sims.sources.source import Playable, ahead, in_order

CITY = City("Asia/Shanghai", (), {})


def _message(due: int, number: int = 0) -> Message:
    return Message(due, f"d-{number}", number, "t", b"", (), "")


class _Endless:
    devices = 2

    def messages(self) -> Iterator[Message]:
        return map(_message, count())


def test_a_limit_ends_a_source_and_what_was_taken_is_seen() -> None:
    seen: list[Message] = []
    playable = Playable(_Endless(), CITY, 3, seen.append)

    assert [message.due for message in playable.messages()] == [0, 1, 2]
    assert [message.due for message in seen] == [0, 1, 2]
    assert playable.devices == 2


def test_a_primed_source_loses_nothing() -> None:
    playable = Playable(_Endless(), CITY, 3)
    playable.prime()
    assert [message.due for message in playable.messages()] == [0, 1, 2]


def test_streams_are_merged_by_due_time_then_device() -> None:
    a = iter([_message(1, 1), _message(5, 1)])
    b = iter([_message(1, 0), _message(3, 0)])
    assert [(each.due, each.number) for each in in_order([a, b])] == [(1, 0), (1, 1), (3, 0), (5, 1)]


def test_items_computed_ahead_come_in_order_and_end() -> None:
    assert list(ahead(iter(range(100)), 3)) == list(range(100))


def test_no_more_than_so_many_are_computed_ahead() -> None:
    made: list[int] = []
    fourth = threading.Event()

    def items() -> Iterator[int]:
        for k in count():
            made.append(k)
            if k == 3:
                fourth.set()
            yield k

    reading = ahead(items(), 2)
    assert list(islice(reading, 1)) == [0]
    assert fourth.wait(10)  # one read, two wait, and one that can't be put
    assert len(made) == 4
    reading.close()  # type: ignore[attr-defined]
    assert len(made) == 4


def test_what_goes_wrong_in_the_thread_is_raised_where_the_items_are_read() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no solution")

    reading = ahead(items(), 2)
    assert next(reading) == 1
    with pytest.raises(ValueError, match="no solution"):
        next(reading)
