"""One run of the fleet against a broker: pace the schedule, publish, keep the truth, count."""

import asyncio
import base64
import gzip
import json
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from device_sims.city import load_city
from device_sims.clients.dialect import Dialects
from device_sims.clock import CityClock
from device_sims.faults import Faults
from device_sims.fleet import Cut, Fleet, Message, Share
from device_sims.lag import Lag
from device_sims.publisher import Endpoint, Publisher
from device_sims.scenario import load_scenario
from device_sims.truth import TruthFile, write_troubles

__all__ = ["Plan", "Summary", "check", "record", "simulate"]

TICK = 0.005
"""Seconds: waits are not shorter than this, so that a fast city wakes the process 200 times a second and not 700."""
_TELL = 10_000
DRAIN = 30.0
"""Seconds that the broker has for acknowledging what is under way at the end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. Times are UTC nanoseconds; of the four bounds the first one reached ends the run."""

    endpoint: Endpoint
    origin: int
    start: int
    speed: float
    devices: int | None = None
    seed: int = 1
    faults: str = ""
    connections: int = 4
    dialects: Dialects = field(default_factory=Dialects)
    """How the connections speak."""
    for_secs: float | None = None
    """Real seconds."""
    until: int | None = None
    """City time."""
    messages: int | None = None
    """This many messages from the start of the schedule, as fast as the broker takes them: the clock isn't asked."""
    rate: float | None = None
    """At most this many a second; with `messages` only."""
    truth: Path | None = None
    share: Share | None = None
    """Only these of the devices; the others are another process's."""
    scenario: str = ""
    recordings: bool = True
    """Some devices play recorded days; else all are simulated."""
    troubles: Path | None = None
    """Where the scenario's troubles are written."""
    record: Path | None = None
    """Write messages there instead of publishing them."""


@dataclass(slots=True)
class Summary:
    """What was done. `sent` were acknowledged by the broker, `messages` were due; equal after a full drain."""

    devices: int
    messages: int = 0
    sent: int = 0
    readings: int = 0
    """Readings in the acknowledged messages that are fit to be read; each copy of a duplicate counts."""
    resent: int = 0
    refused: int = 0
    """Messages that the broker refused, where the client library tells."""
    lag_ms: dict[str, float] | None = None
    """From due to acknowledged; None where the clock wasn't asked."""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


async def simulate(plan: Plan, say: Callable[[str], None]) -> Summary:
    """Run `plan` until a bound or SIGTERM or SIGINT, then drain.

    Raises:
        ValueError: the plan asks for more devices than there are, or for faults that don't exist.
        OSError: the truth file can't be written.
    """
    fleet = _fleet(plan)
    clock = CityClock(plan.origin, plan.start, plan.speed)
    summary, lag = Summary(fleet.devices), Lag()
    paced = plan.messages is None
    with ExitStack() as files:
        truth = files.enter_context(TruthFile(plan.truth)) if plan.truth is not None else None

        def acknowledged(message: Message) -> None:
            summary.sent += 1
            summary.readings += len(message.readings)
            if paced:
                lag.add(-1e3 * clock.seconds_until(message.due))
            if truth is not None:
                truth.write(message)

        publisher = Publisher(
            plan.endpoint, acknowledged, connections=plan.connections, dialects=plan.dialects, say=say
        )
        sending = asyncio.create_task(publisher.run(), name="device_sims.publisher")
        scheduling = asyncio.create_task(_schedule(plan, fleet, clock, publisher, summary), name="device_sims.schedule")
        with _stop_on_signal(scheduling):
            await asyncio.wait({scheduling, sending}, timeout=plan.for_secs, return_when=asyncio.FIRST_COMPLETED)
        scheduling.cancel()
        await asyncio.wait({scheduling})
        for task in (scheduling, sending):
            if task.done() and not task.cancelled():
                task.result()
        await _drain(publisher, say)
        sending.cancel()
        await asyncio.wait({sending})
    summary.resent = publisher.resent
    summary.refused = publisher.refused
    summary.lag_ms = lag.summary() if paced else None
    return summary


def record(plan: Plan, told: Callable[[int], None]) -> Summary:
    """Write the schedule up to `until` or `messages` as a recording for `cityloom replay`; `told` counts messages.

    Raises:
        ValueError: as `simulate`; or nothing bounds it.
        OSError: a file can't be written.
    """
    if plan.record is None or (plan.until is None and plan.messages is None):
        raise ValueError("--record needs --until or --messages: the schedule has no end")
    fleet = _fleet(plan)
    summary = Summary(fleet.devices)
    with ExitStack() as files:
        out = files.enter_context(gzip.open(plan.record, "wb", 1))
        truth = files.enter_context(TruthFile(plan.truth)) if plan.truth is not None else None
        for message in fleet.messages():
            if summary.messages == plan.messages or (plan.until is not None and message.due >= plan.until):
                break
            line = {
                "received_at": message.due, "topic": message.topic,
                "payload_base64": base64.b64encode(message.payload).decode(),
            }  # fmt: skip
            out.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            if truth is not None:
                truth.write(message)
            summary.messages += 1
            summary.readings += len(message.readings)
            if summary.messages % _TELL == 0:
                told(summary.messages)
    summary.sent = summary.messages
    return summary


def check(plan: Plan) -> int:
    """Whether the plan makes sense, before several processes begin it; the number of the city's devices.

    Raises:
        ValueError, OSError: as `simulate`.
    """
    CityClock(plan.origin, plan.start, plan.speed)
    return _fleet(plan).devices


def _fleet(plan: Plan) -> Fleet:
    city = load_city(plan.devices, recordings=plan.recordings)
    scenario = load_scenario(plan.scenario, city, plan.origin) if plan.scenario else None
    if plan.troubles is not None:
        write_troubles(plan.troubles, scenario.troubles if scenario is not None else ())
    troubles = scenario.troubles if scenario is not None else ()
    faults = Faults.parse(plan.faults).and_(scenario.faults if scenario is not None else ())
    return Fleet(city, plan.seed, plan.origin, faults, troubles, plan.share)


async def _schedule(plan: Plan, fleet: Fleet, clock: CityClock, publisher: Publisher, summary: Summary) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for event in fleet.events():
        if summary.messages == plan.messages or (plan.until is not None and event.due >= plan.until):
            return
        if plan.messages is None:
            wait = clock.seconds_until(event.due)
        else:
            wait = begun + summary.messages / plan.rate - loop.time() if plan.rate else 0.0
        if wait > 0.0:
            await asyncio.sleep(max(wait, TICK))
        if isinstance(event, Cut):
            publisher.cut(event.number)
            continue
        await publisher.put(event)
        summary.messages += 1


async def _drain(publisher: Publisher, say: Callable[[str], None]) -> None:
    try:
        await asyncio.wait_for(publisher.drain(), DRAIN)
    except TimeoutError:
        say(f"{publisher.waiting} messages were not acknowledged within {DRAIN:.0f} s and are given up")


def _stop_on_signal(task: "asyncio.Task[None]") -> ExitStack:
    """Cancel `task` at SIGTERM or SIGINT; a second signal has its usual effect."""
    loop = asyncio.get_running_loop()
    stack = ExitStack()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
        stack.callback(loop.remove_signal_handler, number)
    return stack
