"""How fast one device may send: a bucket of tokens a device, filled by time that passed for it, not by our clock.

    progress of a message = the larger of  receipt since the device's message before it
                                           event time beyond the newest that it has told (never ahead of receipt)

    spare:  silence is owed: messages of a backlog, with times of some while ago or with none, take from it first: one
            for each 1/20 of the interval, but no more than the rate gives
    bucket: `burst` messages, filled by `rate` x progress       all others take one each, or are shed

So nothing is shed of a device that never sent faster than its rate, however late and bunched its messages come, where
they come in order (event time progresses as they were sent) or after a silence that is as long as the backlog. What a
mad device can gain is bounded: event time progresses once, silence is used up.

A long message takes several (`cost`), the last one more than there is left: of any length one fits.

Everything goes by receipt and event times of rows, so repeated calls decide the same, however rows fall into calls.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.timegate import turns

__all__ = ["DeviceRate", "RateLimit", "rate_limit"]

_SECOND = 1_000_000_000
_PER_INTERVAL = 20
"""Messages in an interval that are no flood in any case, and that a backlog without order may hold."""
_LONGEST = 30 * 86_400 * _SECOND
_FEW = 8
_TOLD_EVERY = 60 * _SECOND
_NEVER = np.iinfo(np.int64).min

I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the devices of a profile may send, in ns of their time."""

    each: int
    """Between two messages in the long run."""
    depth: int
    """How much of it may be used at once."""
    spare_each: int
    """Of silence, for a message of a backlog."""

    @property
    def per_second(self) -> float:
        """Messages a second in the long run."""
        return _SECOND / self.each


def rate_limit(per_second: float, burst: int, interval_ns: int, own: float | None = None) -> RateLimit | None:
    """The limit of a profile: `own` where it says one, else `per_second`, but what its interval calls for at least.

    The burst is in proportion where the rate is higher than `per_second`.
    """
    if own is None and not per_second:
        return None
    rate = own if own is not None else max(per_second, _PER_INTERVAL * _SECOND / interval_ns)
    if not rate:
        return None
    each = max(round(_SECOND / rate), 1)
    deeper = max(rate / per_second, 1.0) if per_second else 1.0
    return RateLimit(each, each * max(round(burst * deeper), 1), max(each, interval_ns // _PER_INTERVAL))


class DeviceRate:
    """State of all devices. Never called concurrently."""

    _COLUMNS = ("heard", "told", "debt", "spare", "shed_at", "letter_at")

    def __init__(self) -> None:
        self.heard = np.empty(0, np.int64)
        """Receipt of each device's newest message."""
        self.told = np.empty(0, np.int64)
        """Its newest event time, no later than its receipt."""
        self.debt = np.empty(0, np.int64)
        """How much of its bucket is used, in ns."""
        self.spare = np.empty(0, np.int64)
        """Silence that is not used up, in ns."""
        self.shed_at = np.empty(0, np.int64)
        """Receipt of the newest message of it that was shed."""
        self.letter_at = np.empty(0, np.int64)
        """Receipt of the newest one that was kept as a dead letter."""

    def grow(self, devices: int) -> None:
        """Make room for that many."""
        have = len(self.heard)
        if devices <= have:
            return
        more = max(64, have, devices - have)
        for name in self._COLUMNS:
            fill = 0 if name in ("debt", "spare") else _NEVER
            setattr(self, name, np.concatenate([getattr(self, name), np.full(more, fill, np.int64)]))

    def take(
        self, limit: RateLimit, device: NDArray[np.int32], ts: I64, received: I64, timed: Mask, cost: I64 | None = None
    ) -> Mask:
        """Which messages to shed, each one of a device, in order. `timed`: `ts` is the device's own time. `cost`: as
        how many each counts; None: as one."""
        shed = np.zeros(len(device), np.bool_)
        cost = np.ones(len(device), np.int64) if cost is None else cost
        told = np.minimum(ts, received)
        for turn in turns(device):
            if len(turn) < _FEW:
                for k in turn.tolist():
                    shed[k] = self._one(
                        limit, int(device[k]), int(told[k]), int(received[k]), bool(timed[k]), int(cost[k])
                    )
            else:
                shed[turn] = self._each(limit, device[turn], told[turn], received[turn], timed[turn], cost[turn])
        return shed

    def wants_letter(self, device: int, received_at: int) -> bool:
        """Whether a message that is shed is to be kept: one a device and minute."""
        before = int(self.letter_at[device])
        if before != _NEVER and received_at - before < _TOLD_EVERY:
            return False
        self.letter_at[device] = received_at
        return True

    def flooding(self, now: int) -> list[int]:
        """Devices that messages were shed of within the last minute."""
        found: list[int] = np.flatnonzero(self.shed_at > now - _TOLD_EVERY).tolist()
        return found

    def _each(
        self, limit: RateLimit, device: NDArray[np.int32], told: I64, received: I64, timed: Mask, cost: I64
    ) -> Mask:
        """Messages of different devices."""
        heard, known = self.heard[device], self.told[device]
        new = heard == _NEVER
        gap = np.where(new, 0, np.maximum(received - np.where(new, received, heard), 0))
        further = np.where(timed & (known != _NEVER), np.maximum(told - np.maximum(known, told - _LONGEST), 0), 0)
        age = np.minimum(received - np.maximum(told, received - _LONGEST), _LONGEST)
        silence = np.where(new, np.where(timed, age, 0), np.where(gap > limit.depth, gap, 0))
        spare = np.minimum(self.spare[device] + np.minimum(silence, _LONGEST), _LONGEST)
        debt = np.maximum(self.debt[device] - np.maximum(gap, further), 0)
        owed = (spare >= limit.spare_each) & (~timed | (age > limit.depth))
        within = ~owed & (debt + limit.each <= limit.depth)
        shed = ~within & ~owed
        self.debt[device] = debt + np.where(within, limit.each * cost, 0)
        self.spare[device] = np.maximum(spare - np.where(owed, limit.spare_each * cost, 0), 0)
        self.heard[device] = np.maximum(heard, received)
        self.told[device] = np.where(timed, np.maximum(known, told), known)
        self.shed_at[device[shed]] = received[shed]
        return shed

    def _one(self, limit: RateLimit, device: int, told: int, received: int, timed: bool, cost: int) -> bool:
        """The same for one message: of a backlog of few devices, a numpy call costs more than some messages."""
        heard, known = int(self.heard[device]), int(self.told[device])
        new = heard == _NEVER
        gap = 0 if new else max(received - heard, 0)
        further = min(max(told - known, 0), _LONGEST) if timed and known != _NEVER else 0
        age = min(received - told, _LONGEST)
        spare = int(self.spare[device])
        if (timed and age) if new else gap > limit.depth:
            spare = min(spare + min(age if new else gap, _LONGEST), _LONGEST)
        debt = max(int(self.debt[device]) - max(gap, further), 0)
        shed = False
        if spare >= limit.spare_each and (not timed or age > limit.depth):
            spare = max(spare - limit.spare_each * cost, 0)
        elif debt + limit.each <= limit.depth:
            debt += limit.each * cost
        else:
            shed = True
            self.shed_at[device] = received
        self.debt[device], self.spare[device] = debt, spare
        self.heard[device] = max(heard, received)
        if timed:
            self.told[device] = max(known, told)
        return shed

    def snapshot(self) -> dict[str, Any]:
        """Everything, as arrays."""
        return {name: getattr(self, name).copy() for name in self._COLUMNS}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "DeviceRate":
        """What gave `state`."""
        made = cls()
        for name in cls._COLUMNS:
            setattr(made, name, state[name].copy())
        return made
