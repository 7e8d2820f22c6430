"""Ends a city's processes when the test session that started them is gone, however it ended.

The session holds a pipe to this process and writes `+PID` and `-PID` lines; when it closes, what is left is ended.
"""

import contextlib
import os
import signal
import sys
import time

_GRACE_SECS = 5.0
_POLL_SECS = 0.05


def main() -> None:
    """Read until the pipe closes."""
    pids: set[int] = set()
    for line in sys.stdin:
        number = int(line[1:])
        (pids.add if line[0] == "+" else pids.discard)(number)
    _send(pids, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECS
    while time.monotonic() < deadline and any(_alive(pid) for pid in pids):
        time.sleep(_POLL_SECS)
    _send(pids, signal.SIGKILL)


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
