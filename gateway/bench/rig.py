"""One measurement of the real path: its cost, its latencies, its loss.

    device_sims.load -> broker -> [tap] -> `cityloom run` -> DuckDB | sink | InfluxDB

The gateway's own clocks tell its CPU; what arrived is counted where it arrived.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.bench.probe import percentiles, probe
from gateway.bench.setup import Plan
from gateway.bench.stand import Stand, ask

__all__ = ["Outcome", "measure"]

READINGS = 3
"""Readings of one message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of one run."""

    messages_per_s: float
    cpu_us_per_message: float
    stages_us: dict[str, float]
    rss_mb: float
    ack_ms: dict[str, float]
    stored_ms: dict[str, float]
    fsync_ms: dict[str, float]
    slowdown: float
    """See slowdown.py."""
    aggregates: int
    late: int
    """Readings that came after their window had closed."""
    lost: int
    balanced: bool


def measure(plan: Plan, progress: Callable[[int], None]) -> Outcome:
    """Start everything, meet the devices, measure, count, end everything. `progress` gets the messages sent so far.

    Raises:
        GatewayError: a part did not come up or died.
    """
    with Stand(plan, tapped=bool(plan.rate)) as stand:
        stand.load(plan.devices)  # one message each, so that every device is known
        before = stand.drained()
        if stand.tap is not None:
            stand.time_from_now()
        with probe(stand.folder) as probed:
            secs = stand.load(plan.messages, plan.rate, progress)
            ended = time.monotonic()
            after = stand.drained(must_end=False)
        secs += time.monotonic() - ended
        verified = {} if stand.sink is not None else ask(stand.door, "verify")
        stand.end()
        if stand.sink is not None:
            arrived = stand.sink.end()[1]["lines"].get("cityloom_raw", 0)
        else:
            [found] = verified["stores"].values()
            arrived = found.get("distinct", 0) // READINGS
        ack = stand.tap.end()[1] if stand.tap is not None else {}
    cpu, was = after["cpu"], before["cpu"]
    stages = {
        name: round((cpu_secs - was["stages"].get(name, 0.0)) / plan.messages * 1e6, 3)
        for name, cpu_secs in sorted(cpu["stages"].items())
    }
    stored = after["latency_ms"]
    return Outcome(
        messages_per_s=round(plan.messages / secs, 1),
        cpu_us_per_message=round((cpu["process_secs"] - was["process_secs"]) / plan.messages * 1e6, 3),
        stages_us=stages,
        rss_mb=round(cpu["peak_rss_bytes"] / 2**20, 1),
        ack_ms=ack,
        stored_ms={"p50": stored["stored_p50"], "p99": stored["stored_p99"]},
        fsync_ms=percentiles(probed.fsync_ms),
        slowdown=probed.slowdown.factor,
        aggregates=after["aggregates"]["written"] - before["aggregates"]["written"],
        late=after["ledger"]["beside"].get("late", 0),
        lost=stand.sent - arrived,
        balanced=after["ledger"]["balanced"],
    )
