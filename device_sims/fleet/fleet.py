"""The schedule: what every device sends and when, as one stream of messages in order of their due times.

    group.measure at each device's own moments -> faults lose, hold, stamp, change, spoil, double -> a message when due

The stream depends on the city, the seed, the troubles, the faults and the origin only: not on how fast it is read, not
on the clock, and of one device not on which others there are. So any number of processes can share the devices. Moments
are computed for a window at once, as arrays; values and payloads when they are due, so that memory holds no city.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple

import numpy as np

from device_sims.city.devices import City
from device_sims.faults import Faults, FaultSpan
from device_sims.fleet.line import Line, Ready
from device_sims.fleet.message import Message
from device_sims.kinds import groups_of
from device_sims.troubles.trouble import Trouble
from device_sims.world.local_time import MINUTE, SECOND
from device_sims.world.noise import I64

__all__ = ["Cut", "Fleet", "Message", "Share"]

LEAST, MOST = 30 * SECOND, 10 * MINUTE
_ENTRIES = 4_000
"""Measurements of a window, about: numpy costs the same for few and for many."""
_CHUNK = 2_000
"""Measurements whose values are computed at once."""


class Share(NamedTuple):
    """One of several processes that share a city: it has the devices whose number leaves `rest` by `processes`."""

    rest: int = 0
    processes: int = 1


class Cut(NamedTuple):
    """The connection of a flapping device is cut."""

    due: int
    """City time, UTC ns."""
    device: str
    number: int


class Fleet:
    """The devices of the city, or a share of them, from `origin` (UTC ns) on."""

    def __init__(
        self, city: City, seed: int, origin: int, faults: Faults | None = None, troubles: Sequence[Trouble] = (),
        share: Share | None = None,
    ) -> None:  # fmt: skip
        self.faults = Faults() if faults is None else faults
        self.origin = origin
        rest, processes = Share() if share is None else share
        if not 0 <= rest < processes:
            raise ValueError(f"share {rest}/{processes} is none: shares of {processes} are 0 to {processes - 1}")
        own = tuple(device for device in city.devices if device.number % processes == rest)
        groups = groups_of(City(city.timezone, own, city.intervals), seed, troubles)
        self._lines = [Line(group, self.faults, origin) for group in groups]
        self.devices = len(own)
        a_second = sum(SECOND / line.group.interval * len(line.group.devices) for line in self._lines)
        self._window = int(min(max(LEAST, _ENTRIES / max(a_second, 1e-9) * SECOND), MOST))
        self.a_second = a_second
        """Messages a second of city time, without faults."""

    def messages(self) -> Iterator[Message]:
        """Without end, in order of `due`; those of one moment in order of device and time."""
        return (event for event in self._events(cuts=False) if isinstance(event, Message))

    def events(self) -> Iterator[Message | Cut]:
        """The messages, and the cuts of connections between them."""
        return self._events(cuts=True)

    def fault_spans(self, until: int) -> Iterator[FaultSpan]:
        """When which fault was on at which device, from the origin to `until` (UTC ns), not cut off at either.

        Faults of single messages that hold for the whole run are in no span: the messages name them.
        """
        for line in self._lines:
            yield from line.spans(until)

    def _events(self, *, cuts: bool) -> Iterator[Message | Cut]:
        start, end = self.origin, self.origin + self._window
        counts = [[0] * len(line.group.devices) for line in self._lines]
        waiting = [line.backlog() for line in self._lines]
        while True:
            ready: list[Ready] = []
            for place, line in enumerate(self._lines):
                every = Ready.joined([waiting[place], line.between(start, end)])
                now = every.due < end
                ready.append(every.chosen(now))
                waiting[place] = every.chosen(~now)
            messages = self._sent(ready, counts)
            yield from _with_cuts(messages, self._cuts(start, end)) if cuts else messages
            start, end = end, end + self._window

    def _cuts(self, start: int, end: int) -> list[Cut]:
        return sorted(Cut(*cut) for line in self._lines for cut in line.cuts(start, end))

    def _sent(self, ready: list[Ready], counts: list[list[int]]) -> Iterator[Message]:
        """Messages of what is due."""
        number = np.concatenate([line.numbers[part.which] for line, part in zip(self._lines, ready, strict=True)])
        due = np.concatenate([part.due for part in ready])
        of = np.repeat(np.arange(len(ready)), [len(part.due) for part in ready])
        order = np.lexsort((np.concatenate([part.ts for part in ready]), number, due))
        starts = np.cumsum([0, *(len(part.due) for part in ready)])
        for chunk in _chunks(due[order], number[order]):
            places = order[chunk]
            heads: list[Iterator[list[Message]]] = []
            for line, part, first, count in zip(self._lines, ready, starts.tolist(), counts, strict=False):
                own = places[(places >= first) & (places < first + len(part.due))] - first
                heads.append(line.messages(part.chosen(own), count))
            last = (-1, -1)
            for which, key in zip(of[places].tolist(), zip(due[places].tolist(), number[places].tolist(), strict=True),
                                  strict=True):  # fmt: skip
                # a kind that puts several measurements into one message gives them all at the first one
                if key == last and self._lines[which].group.holds_many:
                    continue
                last = key
                yield from next(heads[which])


def _chunks(due: I64, number: I64) -> Iterator[slice]:
    """Parts of what is sorted; measurements that may share a message stay together."""
    first = 0
    while first < len(due):
        end = min(first + _CHUNK, len(due))
        while end < len(due) and due[end] == due[end - 1] and number[end] == number[end - 1]:
            end += 1
        yield slice(first, end)
        first = end


def _with_cuts(messages: Iterable[Message], cuts: Sequence[Cut]) -> Iterator[Message | Cut]:
    both: list[Iterable[Message | Cut]] = [messages, cuts]
    # what is due at the moment of a cut goes before it
    yield from merge(*both, key=_due)


def _due(event: Message | Cut) -> int:
    return event.due
