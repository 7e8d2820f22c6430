"""Which records of a profile's messages are of devices that send faster than one may (the rule: device_rate.py).

A message counts once for each device that it has records of, however many: its newest time stands for it. A long one
counts once more for each 4 KiB, which its devices share.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.config.content import EngineOptions
from gateway.config.profile_model import Profile
from gateway.engine.device_rate import DeviceRate, RateLimit, rate_limit
from gateway.engine.limits import Limits
from processors.columns import I32, I64

__all__ = ["Throttle", "throttle_of"]

Mask = NDArray[np.bool_]
_PIECE_BYTES = 4096


class Throttle:
    """Made for one configuration. `limit` None: any number may come."""

    def __init__(self, limits: Limits, limit: RateLimit | None) -> None:
        self._limits = limits
        self._limit = limit

    @property
    def rates(self) -> DeviceRate:
        """What is known of all devices."""
        return self._limits.rates

    @property
    def sentence(self) -> str:
        """What the operator may do about it."""
        rate = self._limit.per_second if self._limit is not None else 0
        return (
            f"the device sends more than {rate:g} messages a second: mend it, or raise engine.device_messages_per_sec "
            "or the profile's max_messages_per_sec, then replay"
        )

    def judge(
        self, message: I32, device: I32, ts: I64, received: I64, stamped: Mask, devices: int, payloads: Sequence[bytes]
    ) -> Mask | None:
        """Which records to shed, of messages in order; `received` is of each record. None: none of them.

        While our clock stands still (it was set back) nobody's rate can be told, and nothing is shed.
        """
        limit = self._limit
        if limit is None or self._limits.clock_stands or not len(message):
            return None
        self.rates.grow(devices)
        pieces = _pieces(payloads)
        if len(message) == 1 or (message[1:] != message[:-1]).all():
            over = self.rates.take(
                limit, device, ts, received, ~stamped, None if pieces is None else 1 + pieces[message]
            )
            return over if over.any() else None
        pair = message.astype(np.int64) * devices + device
        _, first, which = np.unique(pair, return_index=True, return_inverse=True)
        newest = np.full(len(first), np.iinfo(np.int64).min)
        np.maximum.at(newest, which, np.where(stamped, np.iinfo(np.int64).min, ts))
        timed = np.zeros(len(first), np.bool_)
        timed[which[~stamped]] = True
        cost = None
        if pieces is not None:
            of = message[first]
            cost = 1 + pieces[of] // np.bincount(of)[of]
        own = np.where(timed, newest, received[first])
        over = self.rates.take(limit, device[first], own, received[first], timed, cost)
        return over[which] if over.any() else None


def _pieces(payloads: Sequence[bytes]) -> I64 | None:
    """How many whole pieces each payload has; None: none has any."""
    if max(map(len, payloads)) < _PIECE_BYTES:
        return None
    return np.fromiter(map(len, payloads), np.int64, len(payloads)) // _PIECE_BYTES


def throttle_of(profile: Profile, options: EngineOptions, limits: Limits) -> Throttle:
    """That of a profile's devices."""
    own = profile.max_messages_per_sec
    return Throttle(limits, rate_limit(options.device_messages_per_sec, options.device_burst, profile.interval_ns, own))
