"""When to let the kernel collect packets before the next read.

mosquitto sends every packet by itself; read one by one, each costs a wake-up of the loop. A pause of about 2 ms after a
read makes one wake-up of a hundred packets, at 2 ms of latency. But a broker that stops at a small window of
unacknowledged messages waits for us during the pause: there it halves the rate.

Whether a broker does that can't be seen from outside, so it is tried: every `_TRIAL_EVERY` s of load, `_TRIAL_SECS`
go without pauses. Where messages come a good deal faster without, twice in a row, pauses are off for `_OFF_SECS`.
Below `_BUSY_RATE` messages a second there is nothing to collect and no pause.
"""

__all__ = ["Coalescer"]

_BUSY_RATE = 2000.0
_SLOT_SECS = 0.1
_TRIAL_SECS = 0.1
_TRIAL_EVERY = 2.0
_FASTER = 1.3
_OFF_SECS = 15.0


class Coalescer:
    """For one connection. longest: seconds of a pause, 0 for never."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._slot_at = 0.0
        self._slot_count = 0
        self._busy = False
        self._paused_rate = 0.0
        self._trying = False
        self._trial_due = 0.0
        self._wins = 0
        self._off_until = 0.0

    def after_read(self, now: float, messages: int) -> float:
        """Seconds to wait before the next read. now: monotonic seconds."""
        self._slot_count += messages
        passed = now - self._slot_at
        if passed >= (_TRIAL_SECS if self._trying else _SLOT_SECS):
            self._end_slot(now, self._slot_count / passed)
        if not self._busy or self._trying or now < self._off_until:
            return 0.0
        return self._longest

    def _end_slot(self, now: float, rate: float) -> None:
        self._slot_at = now
        self._slot_count = 0
        was_busy, self._busy = self._busy, rate >= _BUSY_RATE
        if self._trying:
            self._trying = False
            self._judge_trial(now, rate)
        elif self._busy and not was_busy:
            self._trial_due = now + 2 * _SLOT_SECS
        elif self._busy and now >= self._off_until:
            self._paused_rate = rate
            self._trying = now >= self._trial_due

    def _judge_trial(self, now: float, rate: float) -> None:
        self._wins = self._wins + 1 if rate > self._paused_rate * _FASTER else 0
        self._trial_due = now + (_SLOT_SECS if self._wins else _TRIAL_EVERY)
        if self._wins == 2:
            self._wins = 0
            self._off_until = now + _OFF_SECS
