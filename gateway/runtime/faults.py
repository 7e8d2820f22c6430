"""Places where a crash test may kill the process; nothing happens unless the environment says so.

`CITYLOOM_KILL_AT=place:n` sends SIGKILL to this process when it comes to `place` for the n-th time.
"""

import os
import signal

__all__ = ["KILL_PLACES", "NOTIFY_PLACES", "RELOAD_PLACES", "KillSwitch"]

KILL_PLACES = (
    "inbox-after-commit",
    "before-puback",
    "outbox-after-commit",
    "before-store-write",
    "after-store-write",
    "snapshot-before-rename",
    "snapshot-after-rename",
    "revision-before-commit",
)
RELOAD_PLACES = ("reload-before-row", "reload-after-row", "reload-after-subscriptions")
"""Passed only where the configuration is reloaded."""
NOTIFY_PLACES = ("before-notification", "after-notification")
"""Passed only where notifications are configured."""


class KillSwitch:
    """Called with the name of each place as it is passed."""

    def __init__(self, where: str = "") -> None:
        self._place, _, times = where.partition(":")
        self._left = int(times or 1)

    @classmethod
    def from_environment(cls) -> "KillSwitch":
        """As `CITYLOOM_KILL_AT` says."""
        return cls(os.environ.get("CITYLOOM_KILL_AT", ""))

    def __call__(self, place: str) -> None:
        """Pass a place."""
        if place != self._place:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
