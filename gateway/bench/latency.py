r"""How soon others see what a device said, while a load runs: on the live topic, by webhook, by a query.

device_sims.load (paced, open loop) -> broker -> `cityloom run` -> store
probes.py -------------------------------^  |        \--> webhook, query
    ^--- live topic -----------------------/
"""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx

from gateway.bench.probes import Probes, hooked
from gateway.bench.setup import Plan, zones_of
from gateway.bench.stand import Stand, ask, door_of, finished, unread

__all__ = ["LatencyOutcome", "measure_latency"]

_SETTLE_SECS = 3.0
_EXTRA = """
[live.mqtt]
enabled = true
[[notify.webhooks]]
name = "bench"
url = "{url}"
secret = "whsec_of-a-measurement-that-nobody-checks"
[[notify.routes]]
name = "gas"
domains = ["gas"]
channels = ["bench"]
"""
_GAS = '[[sources]]\nname = "gas"\nfilters = ["city/+/gas/detector/+/reading"]\n'


@dataclass(frozen=True, slots=True)
class LatencyOutcome:
    """Figures of one run; ms from publishing on."""

    rate: float
    messages: int
    secs: float
    """That the load took; more than messages / rate where it could not be sent in time."""
    latest_ms: dict[str, float]
    alarm_ms: dict[str, float]
    webhook_ms: dict[str, float]
    stored_ms: dict[str, float]
    cpu_us_per_message: float
    rss_mb: float
    lost: int
    balanced: bool


def measure_latency(plan: Plan, secs: float, told: Callable[[float, float], None]) -> LatencyOutcome:
    """Meet the devices, run load and probes for `secs`, drain. `told` gets seconds done, of how many."""
    probes = Probes()
    with hooked(probes) as url:
        extra = _EXTRA.format(url=url) + _sources(plan.connections)
        one = replace(plan, speed=1.0, connections=1)
        with Stand(one, extra=extra) as stand:
            stand.load(plan.devices)
            before = stand.drained()
            messages = round(plan.rate * (secs + 2 * _SETTLE_SECS))
            with stand.loading(messages, plan.rate) as load:
                took: list[float] = []
                following = threading.Thread(target=lambda: took.append(finished(load)), name="bench.load")
                following.start()
                _sleep(_SETTLE_SECS, lambda at: told(at, secs + _SETTLE_SECS))
                watching = threading.Thread(target=_query, args=(stand, probes, secs), name="bench.query")
                watching.start()
                asyncio.run(probes.speak_for(
                    stand.plan.host, stand.plan.port, secs,
                    told=lambda at: told(_SETTLE_SECS + at, secs + _SETTLE_SECS),
                ))  # fmt: skip
                watching.join()
                following.join()
                if not took:
                    raise load.failed()
            stand.sent += len(probes.latest) + len(probes.alarms)
            after = stand.drained()
            spent = after["cpu"]["process_secs"] - before["cpu"]["process_secs"]
            figures = probes.figures()
            return LatencyOutcome(
                rate=plan.rate, messages=messages, secs=round(took[0], 3), **figures,
                cpu_us_per_message=round(spent / messages * 1e6, 3),
                rss_mb=round(after["cpu"]["peak_rss_bytes"] / 2**20, 1), lost=unread(after, stand.sent),
                balanced=after["ledger"]["balanced"],
            )  # fmt: skip


def _sources(connections: int) -> str:
    """Districts spread over connections, and one for the probes."""
    zones = zones_of()
    parts = [[f"city/{zone}/traffic/loop/+/reading" for zone in zones[k::connections]] for k in range(connections)]
    return _GAS + "".join(
        f'[[sources]]\nname = "main-{k}"\nfilters = {filters}\n' for k, filters in enumerate(parts) if filters
    )


def _query(stand: Stand, probes: Probes, secs: float) -> None:
    """Queries go through the door: one process holds an embedded store's file."""
    with door_of(stand.folder / "data") as door:
        probes.see_stored(lambda device, ms: _newest(door, device, ms), secs)


def _newest(door: httpx.Client, device: str, ms: int) -> int | None:
    try:
        found: dict[str, Any] = ask(door, "read", device=device, quantity="lel", start=ms * 1_000_000 - 1_000_000)
    except httpx.HTTPStatusError:
        return None  # nobody has heard of it yet
    place = found["columns"].index("time")
    return max((int(row[place]) // 1_000_000 for row in found["rows"]), default=None)


def _sleep(secs: float, told: Callable[[float], None]) -> None:
    began = time.monotonic()
    while (at := time.monotonic() - began) < secs:
        told(at)
        time.sleep(0.1)
