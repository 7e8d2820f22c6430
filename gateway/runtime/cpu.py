"""Where the CPU time goes: whole, by thread, and by what shares a thread.

Threads are read from outside through their own clocks, so nothing is spent on it while messages pass. What shares a
thread with something else (parsing on the event loop, commits beside the engine) measures itself, batch by batch.
"""

import resource
import sys
import threading
import time
from typing import Any

__all__ = ["cpu_figures", "thread_secs"]

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes; what `ru_maxrss` counts in."""
_LOOP, _HELPERS = "MainThread", ("asyncio", "uvloop")


def thread_secs() -> dict[str, float]:
    """CPU seconds of each living thread by name; those of one pool together. Empty where the system can't tell."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return {}
    out: dict[str, float] = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            pool, _, number = thread.name.rpartition("_")
            name = pool if pool and number.isdigit() else thread.name
            out[name] = out.get(name, 0.0) + time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return out


def cpu_figures(mqtt: float, outbox: float) -> dict[str, Any]:
    """Seconds of the process and of its stages, which add up to it; `mqtt` and `outbox` measured themselves.

    `loop`: the event loop without parsing. `helpers`: blocks read back and cursors moved for the stores. `libraries`:
    threads that are not ours (DuckDB's, say), and what can't be told apart.
    """
    process = time.process_time()
    stages = {"mqtt": mqtt, "outbox": outbox}
    for name, secs in thread_secs().items():
        stage = name.removeprefix("gateway.").removesuffix(".write")
        stage = "loop" if name == _LOOP else "helpers" if name in _HELPERS else stage
        own = {"loop": mqtt, "engine": outbox}.get(stage, 0.0)
        stages[stage] = stages.get(stage, 0.0) + secs - own
    stages["libraries"] = process - sum(stages.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
    return {"process_secs": process, "stages": stages, "peak_rss_bytes": peak}
