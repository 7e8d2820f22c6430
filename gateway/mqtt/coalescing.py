"""When to let the kernel collect packets before the next read.

mosquitto sends every packet by itself: under load a read brings 3 to 10 of them, and each read costs a wake-up; at a
thousand messages a second any broker's read brings one. A pause after a read makes that some dozens, at a few ms of
latency: as long as it takes for `_A_READ` to come, and no longer than asked for. Pauses end on a grid, so that
connections are read in one turn of the loop and their messages share a commit. Two kinds of brokers make it useless or
harmful:

- one that collects by itself (rumqttd: 50 and more a read without any pause): seen by the size of reads without pauses;
- one that stops at a small window of unacknowledged messages, and then waits for us during the pause, at half the
  rate. That can't be seen, so it is tried: every `_TRIAL_EVERY` seconds a slot goes without pauses. Where messages
  come a good deal faster in it, twice in a row, pauses are off for `_OFF_SECS`.

Below `_BUSY_RATE` messages a second there is nothing to collect.
"""

from math import floor, log2

__all__ = ["Coalescer"]

_BUSY_RATE = 200.0
_A_READ = 32.0
_SHORTEST = 0.001
_LARGE_READ = 16.0
_SLOT_SECS = 0.1
_TRIAL_EVERY = 2.0
_FASTER = 1.3
_WINS = 2
_OFF_SECS = 15.0


class Coalescer:
    """For one connection. longest: seconds of a pause, 0 for never."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._slot_at = 0.0
        self._messages = 0
        self._reads = 0
        self._pausing = False
        self._step = longest
        """Of the grid on which pauses end."""
        self._trying = False
        self._paused_rate = 0.0
        self._trial_due = 0.0
        self._wins = 0
        self._off_until = 0.0

    def after_read(self, now: float, messages: int) -> float:
        """Seconds to wait before the next read. now: monotonic seconds."""
        self._messages += messages
        self._reads += 1
        passed = now - self._slot_at
        if passed >= _SLOT_SECS:
            self._end_slot(now, self._messages / passed, self._messages / self._reads)
            self._slot_at = now
            self._messages = self._reads = 0
        return self._pause(now) if self._pausing else 0.0

    def _pause(self, now: float) -> float:
        step = self._step
        left = step - now % step
        return left if left > step / 4 else left + step

    def _end_slot(self, now: float, rate: float, a_read: float) -> None:
        busy = rate >= _BUSY_RATE
        if busy:
            self._step = min(_step(_A_READ / rate), self._longest)
        if self._pausing:
            self._paused_rate = rate
            self._trying = busy and now >= self._trial_due
            self._pausing = busy and not self._trying
            return
        if self._trying:
            self._trying = False
            self._wins = self._wins + 1 if rate > self._paused_rate * _FASTER else 0
            if self._wins == _WINS:
                self._wins = 0
                self._off_until = now + _OFF_SECS
        self._pausing = busy and self._longest > 0 and a_read < _LARGE_READ and now >= self._off_until
        self._trial_due = now if self._wins else now + _TRIAL_EVERY


def _step(wanted: float) -> float:
    """The longest of 1, 2, 4, 8 ... ms that is not longer: grids of different steps then share their ticks."""
    return float(_SHORTEST * 2 ** max(0, floor(log2(wanted / _SHORTEST))))
