"""The time gate: which event times may count, and whose clock is wrong.

Against `received_at`, never against `now`, so that replaying a row gives the same verdict.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_OFFSET", "TimeGate", "Verdict", "suspect_clock"]

NO_OFFSET = np.iinfo(np.int64).min
_SETTLE = 0.1
"""How fast an estimate follows readings that came with more delay than it knows."""
_MOST = 0.5
_FEW_RECORDS = 8
_FEW_DEVICES = 3
_FEW_LANES = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Masks over the records that were judged."""

    ahead: NDArray[np.bool_]
    """Too far in the future: quarantined."""
    expired: NDArray[np.bool_]
    """Behind the late horizon."""
    steady: NDArray[np.bool_]
    """The device's clock is within bounds, so the record may move a watermark."""
    usual: NDArray[np.int64]
    """How much later than its event time this device's readings usually come, in ns; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class TimeGate:
    """Bounds in ns. `late_horizon` is the raw retention of the store, less a day."""

    max_ahead: int
    clock_bound: int
    late_horizon: int

    def judge(
        self,
        device: NDArray[np.int32],
        ts: NDArray[np.int64],
        received_at: NDArray[np.int64],
        offset: NDArray[np.int64],
        kept: NDArray[np.bool_] | None = None,
    ) -> Verdict:
        """Judge records and bring the devices' estimated offsets (`offset`, changed in place) up to date.

        The estimate is the newest event time against receipt with the least delay seen; a longer delay moves it by a
        tenth only, so that one slow message makes no slow clock. It is bounded, so that one absurd time is soon
        forgotten. What a device says that it had `kept` tells nothing of its clock and moves no watermark.
        """
        if kept is not None:
            apart = self.judge(device, ts, received_at, np.full_like(offset, NO_OFFSET))
            live = ~kept
            fresh = self.judge(device[live], ts[live], received_at[live], offset)
            steady, usual = np.zeros(len(ts), np.bool_), np.zeros(len(ts), np.int64)
            steady[live], usual[live] = fresh.steady, fresh.usual
            return Verdict(apart.ahead, apart.expired, steady, usual)
        ahead = ts > received_at + self.max_ahead
        expired = ts < received_at - self.late_horizon
        reach = max(2 * self.max_ahead, 4 * self.clock_bound)
        # clipped before it is subtracted: a device may send any 64-bit time
        delta = np.clip(ts, received_at - reach, received_at + reach) - received_at
        known, raised = _follow(device, delta, offset)
        usual = np.where(known == NO_OFFSET, 0, np.maximum(-known, 0))
        return Verdict(ahead, expired, (raised <= self.clock_bound) & ~ahead & ~expired, usual)


def _follow(
    device: NDArray[np.int32], delta: NDArray[np.int64], offset: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The estimate before and after each record, one after the other: how records fall into calls changes nothing."""
    known, raised = np.empty_like(delta), np.empty_like(delta)
    for turn in _turns(device):
        if len(turn) < _FEW_RECORDS:  # a backlog of few devices: a numpy call costs more than some records
            for k in turn.tolist():
                known[k] = before = int(offset[device[k]])
                now = int(delta[k])
                fresh = before == NO_OFFSET or now >= before
                offset[device[k]] = raised[k] = now if fresh else before + int((now - before) * _SETTLE)
            continue
        whose, late = device[turn], delta[turn]
        known[turn] = held = offset[whose]
        offset[whose] = raised[turn] = np.where(
            (held == NO_OFFSET) | (late >= held), late, held + ((late - held) * _SETTLE).astype(np.int64)
        )
    return known, raised


def _turns(device: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """The first record of each device, then the second of those that have one, and so on."""
    order = np.argsort(device, kind="stable")
    first = np.ones(len(order), np.bool_)
    first[1:] = device[order][1:] != device[order][:-1]
    if first.all():
        return [order]
    starts = np.flatnonzero(first)
    turn = np.empty(len(order), np.intp)
    turn[order] = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    by_turn = np.argsort(turn, kind="stable")
    return np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1)


def suspect_clock(
    offset: NDArray[np.int64], lane: NDArray[np.int32], active: NDArray[np.bool_], current: NDArray[np.bool_],
    bound: int, lanes: int,
) -> str:  # fmt: skip
    """`slow` or `fast` where it is our own clock that is wrong, else "".

    Most active devices of at least two lanes (of three devices or more each) off in the same direction: one clock
    explains what dozens would have to conspire for. What a backlog of ours explains as well, that all come late, is
    said of `current` devices only: those heard since there was none.
    """
    known = offset != NO_OFFSET
    for name, off, asked in (
        ("slow", offset > bound, known & active), ("fast", offset < -bound, known & active & current),
    ):  # fmt: skip
        total = np.bincount(lane[asked], minlength=lanes)
        hit = np.bincount(lane[asked & off], minlength=lanes)
        if np.count_nonzero((total >= _FEW_DEVICES) & (hit > total * _MOST)) >= _FEW_LANES:
            big = total >= _FEW_DEVICES
            if hit[big].sum() > total[big].sum() * _MOST:
                return name
    return ""
