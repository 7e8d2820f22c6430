"""One run of the fleet against a broker: pace the schedule, publish, keep the truth, count.

fleet --schedule--> truth.measured --> publisher --acknowledged--> truth.sent, summary, lag
"""

import asyncio
import base64
import gzip
import json
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path

from device_sims.city.devices import City, load_city
from device_sims.clients.dialect import Dialects
from device_sims.clients.publisher import Endpoint, Publisher
from device_sims.faults import Faults
from device_sims.fleet.fleet import Cut, Fleet, Message, Share
from device_sims.lag import Lag
from device_sims.scenarios.scenario import Scenario, load_scenario
from device_sims.sources.source import Playable
from device_sims.truth.folder import RunFolder, RunStory
from device_sims.truth.rows import TruthWriter
from device_sims.world.clock import CityClock

__all__ = ["STOPPING", "Plan", "Progress", "Summary", "check", "record", "simulate"]

TICK = 0.005
"""Seconds: waits are not shorter than this, so that a fast city wakes the process 200 times a second and not 700."""
_TELL = 10_000
_BREATH = 64
STOPPING = (signal.SIGTERM, signal.SIGINT)
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
    """Folder for the truth of this run; made, and must not hold another's. Processes that share a city share it."""
    share: Share | None = None
    """Only these of the devices; the others are another process's."""
    scenario: str = ""
    whole_city: bool = False
    """All devices, not only those that the scenario is about."""
    recordings: bool = True
    """Some devices play recorded days; else all are simulated."""
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
    faults: Counter[str] = field(default_factory=Counter)
    """Acknowledged messages that each fault hit."""
    reached: int = 0
    """City time (UTC ns) up to which the schedule went."""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at work, for whoever shows it: nothing here is a copy."""

    summary: Summary
    clock: CityClock
    lag: Lag
    publisher: Publisher


async def simulate(
    plan: Plan, say: Callable[[str], None], watch: Callable[[Progress], None] = lambda _: None,
    source: Playable | None = None,
) -> Summary:  # fmt: skip
    """Run `plan` until a bound, the source's end, SIGTERM or SIGINT, then drain; a second signal ends the process.

    Args:
        say: is told what an operator should know, as a sentence.
        watch: is given, once, what changes while it runs.
        source: plays in place of the simulated city.

    Raises:
        ValueError: the plan asks for more devices than there are, or for faults that don't exist; or the folder for
            the truth holds another run's.
        OSError: the truth can't be written.
    """
    fleet, folder = _prepare(plan, source)
    clock = CityClock(plan.origin, plan.start, plan.speed)
    summary, lag = Summary(fleet.devices), Lag()
    paced = plan.messages is None
    with ExitStack() as files:
        truth = files.enter_context(folder.part) if folder is not None else None

        def acknowledged(message: Message, sent_at: int) -> None:
            _count(summary, message)
            if paced:
                lag.add(-1e3 * clock.seconds_until(message.due))
            if truth is not None:
                truth.sent(message, sent_at, time.time_ns())

        publisher = Publisher(
            plan.endpoint, acknowledged, connections=plan.connections, dialects=plan.dialects, say=say
        )
        watch(Progress(summary, clock, lag, publisher))
        sending = asyncio.create_task(publisher.run(), name="device_sims.clients.publisher")
        work = _schedule(plan, fleet, clock, publisher, summary, truth)
        scheduling = asyncio.create_task(work, name="device_sims.schedule")
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
        for message, sent_at in publisher.unacknowledged():
            if truth is not None:
                truth.sent(message, sent_at, None)
    summary.resent = publisher.resent
    summary.refused = publisher.refused
    summary.lag_ms = lag.summary() if paced else None
    _finish(folder, fleet, summary)
    return summary


def record(plan: Plan, told: Callable[[int], None], source: Playable | None = None) -> Summary:
    """Write the schedule up to `until` or `messages` as a recording for `cityloom replay`; `told` counts messages.

    Raises:
        ValueError: as `simulate`; or nothing bounds it.
        OSError: a file can't be written.
    """
    if plan.record is None or (source is None and plan.until is None and plan.messages is None):
        raise ValueError("--record needs --until or --messages: the schedule has no end")
    fleet, folder = _prepare(plan, source)
    summary = Summary(fleet.devices)
    with ExitStack() as files:
        out = files.enter_context(gzip.open(plan.record, "wb", 1))
        truth = files.enter_context(folder.part) if folder is not None else None
        for message in fleet.messages():
            if summary.messages == plan.messages or (plan.until is not None and message.due >= plan.until):
                break
            line = {
                "received_at": message.due, "topic": message.topic,
                "payload_base64": base64.b64encode(message.payload).decode(),
            }  # fmt: skip
            out.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            if truth is not None:
                truth.measured(message)
                truth.sent(message, message.due, message.due)
            summary.messages += 1
            summary.reached = message.due
            _count(summary, message)
            if summary.messages % _TELL == 0:
                told(summary.messages)
    _finish(folder, fleet, summary)
    return summary


def check(plan: Plan) -> int:
    """Whether the plan makes sense, before several processes begin it; the number of the city's devices.

    Raises:
        ValueError, OSError: as `simulate`.
    """
    CityClock(plan.origin, plan.start, plan.speed)
    return _cast(plan)[0].devices


def _cast(plan: Plan) -> tuple[Fleet, City, Scenario | None]:
    """Who plays."""
    city = load_city(plan.devices, recordings=plan.recordings)
    scenario = load_scenario(plan.scenario, city, plan.origin) if plan.scenario else None
    if scenario is not None and not plan.whole_city:
        city = scenario.extent.of(city)
    troubles = scenario.troubles if scenario is not None else ()
    faults = Faults.parse(plan.faults).and_(scenario.faults if scenario is not None else ())
    return Fleet(city, plan.seed, plan.origin, faults, troubles, plan.share), city, scenario


def _prepare(plan: Plan, source: Playable | None) -> tuple[Fleet | Playable, RunFolder | None]:
    fleet, city, scenario = _cast(plan) if source is None else (source, source.city, None)
    if plan.truth is None:
        return fleet, None
    share = Share() if plan.share is None else plan.share
    receipt = "recorded" if plan.record is not None else "city" if plan.messages is None else "unknown"
    clock = (plan.origin, plan.start, plan.speed)
    story = RunStory(plan.seed, *clock, receipt, plan.faults, plan.recordings, share.processes)
    folder = RunFolder(plan.truth, share.rest)
    folder.begin(story, city, scenario)
    return fleet, folder


def _count(summary: Summary, message: Message) -> None:
    summary.sent += 1
    summary.readings += len(message.readings)
    if message.fault:
        summary.faults.update(message.fault.split("+"))


def _finish(folder: RunFolder | None, fleet: Fleet | Playable, summary: Summary) -> None:
    if folder is not None:
        counts = {name: getattr(summary, name) for name in ("messages", "sent", "readings", "resent")}
        spans = fleet.fault_spans(max(summary.reached, fleet.origin) + 1) if isinstance(fleet, Fleet) else ()
        folder.finish(counts, spans, cleanly=summary.sent == summary.messages)


async def _schedule(
    plan: Plan, fleet: Fleet | Playable, clock: CityClock, publisher: Publisher, summary: Summary,
    truth: TruthWriter | None,
) -> None:  # fmt: skip
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for event in fleet.events() if isinstance(fleet, Fleet) else fleet.messages():
        if summary.messages == plan.messages or (plan.until is not None and event.due >= plan.until):
            return
        if plan.messages is None:
            wait = clock.seconds_until(event.due)
        else:
            wait = begun + summary.messages / plan.rate - loop.time() if plan.rate else 0.0
        if wait > 0.0:
            await asyncio.sleep(max(wait, TICK))
        elif summary.messages % _BREATH == 0:
            await asyncio.sleep(0)  # a source that computes slowly must not keep what is there from being sent
        if isinstance(event, Cut):
            publisher.cut(event.number)
            continue
        await publisher.put(event)
        if truth is not None:
            truth.measured(event)
        summary.messages += 1
        summary.reached = event.due


async def _drain(publisher: Publisher, say: Callable[[str], None]) -> None:
    try:
        await asyncio.wait_for(publisher.drain(), DRAIN)
    except TimeoutError:
        say(f"{publisher.waiting} messages were not acknowledged within {DRAIN:.0f} s and are given up")


def _stop_on_signal(task: "asyncio.Task[None]") -> ExitStack:
    """Cancel `task` at SIGTERM or SIGINT; a second signal has its usual effect."""
    loop = asyncio.get_running_loop()
    stack = ExitStack()
    for number in STOPPING:
        loop.add_signal_handler(number, task.cancel)
        stack.callback(loop.remove_signal_handler, number)
    # processes.py keeps them back while a process starts
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    return stack
