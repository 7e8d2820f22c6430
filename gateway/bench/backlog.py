"""A start behind a backlog: how soon the gateway listens, how fast it works the inbox off, when it is live again.

The inbox is a real one, filled through the journal's own classes as if a gateway had taken the messages in and ended
before it judged them: detectors that speak once a second, received in order, acknowledged.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.bench.setup import Plan, zones_of
from gateway.bench.stand import Stand, limits, taken, unread, until
from gateway.journal.inbox import IntakeCounts
from gateway.journal.opening import open_journal
from gateway.rows import QOS1, RowKind, Rows, Run

__all__ = ["BacklogOutcome", "earlier_clock", "fill", "measure_backlog"]

_A_CHUNK = 20_000
_QUOTA = 64 << 30
_SECOND = 1_000_000_000
_LOOK_SECS = 0.1
_LIVE_SECS = 120.0
_MB = 2**20


@dataclass(frozen=True, slots=True)
class BacklogOutcome:
    """Figures of one run."""

    messages: int
    inbox_mb: float
    first_start_secs: float
    """From starting the process to an answer of its door, on an empty folder."""
    start_secs: float
    """The same behind the backlog."""
    plain_start_secs: float
    """The same when all is worked off."""
    drain_secs: float
    """From there until everything is judged and stored."""
    messages_per_s: float
    cpu_us_per_message: float
    live_secs: float
    """From starting the process until it counted as live."""
    peak_rss_mb: float
    lost: int
    balanced: bool


def measure_backlog(plan: Plan, messages: int, told: Callable[[str, int, int], None]) -> BacklogOutcome:
    """`told` gets what is done, how much of it, of how much. Raises GatewayError where a part fails."""
    span = -(-messages // plan.devices) * _SECOND
    now = time.time_ns()
    quota = {"CITYLOOM_INBOX__QUOTA_BYTES": str(_QUOTA), **limits(plan.devices)}
    earlier = earlier_clock(now - span)
    told("first start", 0, 1)
    with Stand(replace(plan, speed=1.0), environment={**quota, **earlier}, ready=False) as stand:
        first_start, _ = _listening(stand)
        stand.subscribed()
        stand.end()
        size = fill(
            stand.folder / "data", messages, plan.devices, now - span, lambda done: told("filling", done, messages)
        )
        stand.again(quota)
        start, _ = _listening(stand)
        began, live = time.monotonic(), None
        while True:
            status = stand.status()
            live = live if live is not None or not status["live"] else time.monotonic() - stand.started
            received, waiting = taken(status)
            told("drain", received - min(waiting, received), messages)
            if not waiting:
                break
            time.sleep(_LOOK_SECS)
        drain = time.monotonic() - began
        cpu = status["cpu"]
        if live is None:
            until(lambda: bool(stand.status()["live"]), _LIVE_SECS, "It worked everything off and is not live.")
            live = time.monotonic() - stand.started
        stand.end()
        stand.again(quota)
        plain, _ = _listening(stand)
        stand.end()
    return BacklogOutcome(
        messages=messages, inbox_mb=round(size / _MB, 1), first_start_secs=round(first_start, 3),
        start_secs=round(start, 3), plain_start_secs=round(plain, 3), drain_secs=round(drain, 3),
        messages_per_s=round(messages / drain, 1),
        cpu_us_per_message=round(cpu["process_secs"] / messages * 1e6, 3), live_secs=round(live, 3),
        peak_rss_mb=round(cpu["peak_rss_bytes"] / _MB, 1), lost=unread(status, messages),
        balanced=bool(status["ledger"]["balanced"]),
    )  # fmt: skip


def earlier_clock(begin: int) -> dict[str, str]:
    """Settings, as variables, of a first start a minute before `begin` (UTC ns): what is filled in comes after it."""
    return {
        "CITYLOOM_CLOCK__KIND": "scaled", "CITYLOOM_CLOCK__START": _moment(time.time_ns()),
        "CITYLOOM_CLOCK__ORIGIN": _moment(begin - 60 * _SECOND),
    }  # fmt: skip


def fill(
    folder: Path, messages: int, devices: int, begin: int, done: Callable[[int], None], *, interval_secs: int = 1,
    prefix: str = "load",
) -> int:  # fmt: skip
    """Journal messages of detectors that speak once an interval from `begin` (UTC ns) on; gives the inbox's bytes."""
    zones = zones_of()
    topics = [f"city/{zones[k % len(zones)]}/traffic/loop/{prefix}-{k:05d}/reading" for k in range(devices)]
    inbox, outbox, _ = open_journal(folder, inbox_quota=_QUOTA, outbox_quota=_QUOTA, make=False)
    try:
        every = interval_secs * _SECOND
        gap = every // devices
        for at in range(0, messages, _A_CHUNK):
            numbers = range(at, min(at + _A_CHUNK, messages))
            stamps = [begin + n // devices * every + n % devices * gap for n in numbers]
            payloads = [
                b'{"ts":%d,"speed":%.1f,"flow":%d,"occ":%.3f}'
                % (stamp // 1_000_000, 40 + n * 7 % 211 / 10, 10 + n * 3 % 37, n * 31 % 890 / 1000)
                for n, stamp in zip(numbers, stamps, strict=True)
            ]
            run = Run(stamps, int(RowKind.MESSAGE), 0, QOS1, [topics[n % devices] for n in numbers], payloads)
            inbox.append(Rows([run]), {0: IntakeCounts(received=len(run))}, {0: numbers[-1] + 1})
            done(numbers[-1] + 1)
        return inbox.bytes_used
    finally:
        inbox.close()
        outbox.close()


def _listening(stand: Stand) -> tuple[float, dict[str, Any]]:
    """Seconds from starting the process to the first answer of its door, and the answer."""
    while (status := stand.listening()) is None:
        time.sleep(0.005)
    return time.monotonic() - stand.started, status


def _moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat()
