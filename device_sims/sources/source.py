"""What a run plays: the simulated city, a recording, a computed network. It gives messages in order of due time."""

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

from device_sims.city.devices import City
from device_sims.fleet.message import Message

__all__ = ["Playable", "Source", "ahead", "in_order"]

T = TypeVar("T")


class Source(Protocol):
    """`messages` may be asked for once, and may end."""

    @property
    def devices(self) -> int:
        """How many devices speak."""
        ...

    def messages(self) -> Iterator[Message]:
        """In order of `due`."""
        ...


class Playable:
    """The first `most` messages of a source (None: all); counts what was taken, for those who want to see it."""

    def __init__(
        self, source: Source, city: City, most: int | None = None, seen: Callable[[Message], None] | None = None
    ) -> None:
        self._source = source
        self.city = city
        """The source's devices, as a run's truth lists them."""
        self._most = most
        self._seen = seen
        self._items: Iterator[Message] | None = None
        self.devices = source.devices

    def prime(self) -> None:
        """Compute up to the first message, which may take a while, before anybody's clock runs."""
        items = self._source.messages()
        self._items = chain(list(islice(items, 1)), items)

    def messages(self) -> Iterator[Message]:
        """As the source's."""
        for message in islice(self._items or self._source.messages(), self._most):
            if self._seen is not None:
                self._seen(message)
            yield message


def in_order(streams: Iterable[Iterator[Message]]) -> Iterator[Message]:
    """Several streams, each in order, as one."""
    return heapq.merge(*streams, key=lambda message: (message.due, message.number))


def ahead(items: Iterator[T], most: int) -> Iterator[T]:
    """`items`, computed in a thread up to `most` ahead of who reads them; what goes wrong there is raised here."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(most)
    left = threading.Event()

    def put(done: bool, item: object) -> None:
        while not left.is_set():
            try:
                waiting.put((done, item), timeout=0.2)
            except queue.Full:
                continue
            return

    def work() -> None:
        end: BaseException | None = None
        try:
            for item in items:
                put(False, item)
                if left.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised where the items are read
            end = error
        put(True, end)

    thread = threading.Thread(target=work, name="device_sims.ahead", daemon=True)
    thread.start()
    try:
        while True:
            done, item = waiting.get()
            if done:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        left.set()
        thread.join()
