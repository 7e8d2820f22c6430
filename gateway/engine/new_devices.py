"""How many devices that nobody listed may be met: in each zone of a profile, and how fast.

A stranger's topic can name any number of devices, and every device costs memory for good. So each lane (zone, profile)
has a quota, and a bucket of so many new ones a minute: a flood in one lane leaves the others theirs. Goes by receipt
times of rows; devices that come out of replayed dead letters are an operator's wish and pass the bucket.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from gateway.engine.results import DeviceRecord

__all__ = ["NewDevices"]

_MINUTE = 60_000_000_000

Lane = tuple[str, str]


class NewDevices:
    """Bounded by lanes. Never called concurrently."""

    def __init__(self) -> None:
        self._met = Counter[Lane]()
        self._due: dict[Lane, int] = {}
        """When each bucket is full again, UTC ns."""
        self._most = self._per_minute = 0

    def configure(self, most: int, per_minute: int, records: Iterable[DeviceRecord]) -> None:
        """The quota of a lane and how many of it a minute, 0: any number; and whom the registry has."""
        self._most, self._per_minute = most, per_minute
        self._met = Counter((each.zone, each.profile) for each in records if each.state != "known")

    def is_full(self, lane: Lane) -> bool:
        """Whether the lane's quota is used up."""
        return bool(self._most) and self._met[lane] >= self._most

    def too_soon(self, lane: Lane, received_at: int) -> bool:
        """Whether the lane has met as many as it may in this time; if not, one more."""
        if not self._per_minute:
            return False
        each = _MINUTE // self._per_minute
        due = max(self._due.get(lane, 0), received_at)
        if due + each > received_at + _MINUTE:
            return True
        self._due[lane] = due + each
        return False

    def met(self, lane: Lane) -> None:
        """One more."""
        self._met[lane] += 1

    def snapshot(self) -> list[list[Any]]:
        """What rows have changed; the rest is the registry's and the configuration's."""
        return [[*lane, due] for lane, due in self._due.items()]

    @classmethod
    def restore(cls, state: Iterable[Iterable[Any]]) -> "NewDevices":
        """What gave `state`."""
        made = cls()
        made._due = {(zone, profile): due for zone, profile, due in state}
        return made
