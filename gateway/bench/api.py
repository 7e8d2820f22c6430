r"""What the query API costs its askers, and the intake, over millions of stored readings while a load runs.

    backlog (a day of readings) -> gateway -> database
    device_sims.load (paced) -> broker -> [tap.py] -> gateway <- control door <- `cityloom api` <- questions.py

The load runs for a while with questions that do not count, then twice: alone, and with questions. What the tap sees of
PUBACKs in these two is compared.
"""

import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.bench.backlog import earlier_clock, fill
from gateway.bench.children import Child
from gateway.bench.peers.arrivals import TOKEN, Database
from gateway.bench.probe import probe
from gateway.bench.setup import Plan
from gateway.bench.stand import Stand, finished, limits, resident, unread
from gateway.bench.web import token_file, web_process

__all__ = ["ApiOutcome", "measure_api"]

READINGS = 3
"""Of a message."""
_DAY = 86_400
_SECOND = 1_000_000_000
_INTERVAL_SECS = 60
_PREFIX = "day"


@dataclass(frozen=True, slots=True)
class ApiOutcome:
    """Figures of one run; ms."""

    stored_readings: int
    rate: float
    questions: dict[str, dict[str, Any]]
    """Each of the ten: how many were asked and failed, percentiles."""
    ack_alone_ms: dict[str, float]
    ack_beside_ms: dict[str, float]
    ack_p99_ratio: float
    gateway_rss_mb: float
    web_rss_mb: float
    slowdown: float
    lost: int
    balanced: bool


def measure_api(
    plan: Plan, readings: int, secs: float, asked_per_sec: float, told: Callable[[str, float, float], None],
    influxd: Path | None = None,
) -> ApiOutcome:  # fmt: skip
    """Store `readings` of a day, run the load for `secs` alone and for as long with questions; `told` gets what is
    done, how much of it, of how much. `influxd`: a database of this executable takes the store's place.

    Raises GatewayError where a part fails.
    """
    devices = max(readings // READINGS // (_DAY // _INTERVAL_SECS), 51)
    messages = devices * _DAY // _INTERVAL_SECS
    end = time.time_ns()
    quota = {"CITYLOOM_INBOX__QUOTA_BYTES": str(64 << 30), **limits(devices + plan.devices)}
    with ExitStack() as stack:
        if influxd is not None:
            made = tempfile.TemporaryDirectory(prefix="loom-bench-influxd-", dir=plan.folder)
            folder = Path(stack.enter_context(made))
            plan = replace(plan, store=Database(stack, influxd, folder, folder / "log").url, token=TOKEN)
        earlier = earlier_clock(end - _DAY * _SECOND)
        stand = stack.enter_context(Stand(
            plan, environment={**quota, **earlier}, tapped=True, interval_secs=_INTERVAL_SECS,
        ))  # fmt: skip
        stand.end()
        fill(
            stand.folder / "data", messages, devices, end - _DAY * _SECOND,
            lambda done: told("filling", done, messages), interval_secs=_INTERVAL_SECS, prefix=_PREFIX,
        )  # fmt: skip
        stand.again(quota)
        stand.subscribed()
        stand.sent = messages
        stand.drained(watch=lambda status: told("storing", _stored(status), messages * READINGS))
        port, web = web_process(stand, stack)
        url = f"http://127.0.0.1:{port}"
        stand.load(plan.devices)
        stand.drained()
        warm = secs / 3  # a day that people read from lies differently than one that nobody has read yet
        with _asking(stand, url, devices, end, warm, asked_per_sec) as asking:
            _loaded(stand, warm, lambda at: told("warming up", at, warm))
            for _ in asking.lines():
                pass
        stand.drained()
        with probe(stand.folder) as probed:
            alone = _loaded(stand, secs, lambda at: told("load alone", at, secs))
            asking = _asking(stand, url, devices, end, secs, asked_per_sec)
            with asking:
                beside = _loaded(stand, secs, lambda at: told("load and questions", at, secs))
                answers: dict[str, Any] = {}
                for line in asking.lines():
                    answers = line
        status = stand.drained(must_end=False)
        return ApiOutcome(
            stored_readings=_stored(status), rate=plan.rate, questions=answers, ack_alone_ms=alone,
            ack_beside_ms=beside, ack_p99_ratio=round(beside["p99"] / max(alone["p99"], 1e-3), 3),
            gateway_rss_mb=round(stand.resident() / 2**20, 1), web_rss_mb=round(resident(web.pid) / 2**20, 1),
            slowdown=probed.slowdown.factor, lost=unread(status, stand.sent),
            balanced=bool(status["ledger"]["balanced"]),
        )  # fmt: skip


def _loaded(stand: Stand, secs: float, told: Callable[[float], None]) -> dict[str, float]:
    """What the tap saw of a load of `secs`."""
    assert stand.tap is not None
    rate = stand.plan.rate
    stand.tap.signal(signal.SIGUSR1)
    messages = round(rate * secs)
    with stand.loading(messages, rate) as load:
        finished(load, lambda acked: told(acked / rate))
    stand.tap.signal(signal.SIGUSR2)
    return dict(stand.tap.line())


def _asking(stand: Stand, url: str, devices: int, end: int, secs: float, rate: float) -> Child:
    words = ["--url", url, "--token-file", token_file(stand), "--prefix", _PREFIX, "--devices", devices]
    words += ["--end", end / 1e9, "--secs", secs, "--rate", rate]
    return Child("gateway.bench.questions", *words, log=stand.log)


def _stored(status: Mapping[str, Any]) -> int:
    return max((int(store["stored"]) for store in status["stores"].values()), default=0)
