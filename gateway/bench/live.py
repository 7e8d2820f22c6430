"""What many readers of live streams cost and get: a load on a whole gateway, a web process, readers in a third one.

device_sims.load (paced) -> broker -> gateway <- control door <- `cityloom api` <- live_readers.py (some stalled)

The load has few devices that speak often, so that what is told of one is never old; latency is from the reading's own
time to the reader's socket, with every turn that it waits for.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from gateway.bench.children import Child
from gateway.bench.probe import probe
from gateway.bench.setup import Plan
from gateway.bench.stand import Stand, finished, resident, unread
from gateway.bench.web import token_file, web_process

__all__ = ["LiveOutcome", "measure_live"]

_MB = 2**20
_LOAD_SECS = 3.0
"""Until a load speaks."""


@dataclass(frozen=True, slots=True)
class LiveOutcome:
    """Figures of one run."""

    rate: float
    secs: float
    readers: dict[str, Any]
    """Those that read: events, gaps, ids that are unaccounted for."""
    stalled: dict[str, Any]
    """Those that took nothing until the end, and then read on."""
    latency_ms: dict[str, float]
    web_rss_mb: dict[str, float]
    """Of the web process: when all had begun, the most, at the end."""
    gateway_rss_mb: float
    slowdown: float
    lost: int
    balanced: bool


def measure_live(
    plan: Plan, readers: int, stalled: int, secs: float, told: Callable[[str, float, float], None]
) -> LiveOutcome:
    """Let `readers` read for `secs`, `stalled` of them not; `told` gets what is done, how much of it, of how much.

    Raises GatewayError where a part fails.
    """
    with ExitStack() as stack:
        stand = stack.enter_context(Stand(plan))
        port, web = web_process(stand, stack)
        words = ["--port", port, "--token-file", token_file(stand), "--readers", readers, "--stalled", stalled]
        told("connecting", 0, secs)
        with Child("gateway.bench.live_readers", *words, "--secs", secs + _LOAD_SECS, log=stand.log) as child:
            line = child.line()
            begun = most = resident(web.pid)
            load = stack.enter_context(stand.loading(round(plan.rate * secs), plan.rate))
            probed = stack.enter_context(probe(stand.folder))
            while "readers" not in line:
                told("reading", float(line.get("secs", 0)), secs)
                line, most = child.line(), max(most, resident(web.pid))
        finished(load)
        end = resident(web.pid)
        status = stand.drained(must_end=False)
        return LiveOutcome(
            rate=plan.rate, secs=secs, readers=line["readers"], stalled=line["stalled"], latency_ms=line["latency_ms"],
            web_rss_mb={"begun": _mb(begun), "most": _mb(most), "end": _mb(end)}, gateway_rss_mb=_mb(stand.resident()),
            slowdown=probed.slowdown.factor, lost=unread(status, stand.sent),
            balanced=bool(status["ledger"]["balanced"]),
        )  # fmt: skip


def _mb(size: int) -> float:
    return round(size / _MB, 1)
