"""What the kernel tells of a process: CPU and memory of all its threads, whoever wrote it."""

import os
from pathlib import Path

__all__ = ["cpu_secs", "peak_rss_bytes"]

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_secs(pid: int) -> float:
    """User and system time so far, to a hundredth of a second. Raises OSError where it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # the name may hold anything
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_rss_bytes(pid: int) -> int:
    """The most memory that was resident. Raises OSError where the process is gone."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # it ended this moment
