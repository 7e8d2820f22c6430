"""`cityloom sim run`: the simulated city against any broker, with one live table; `python -m device_sims` for people.

What it does is `device_sims`, which knows nothing of the gateway: this file only asks and shows.
"""

import asyncio
import time
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.markup import escape

from device_sims.city.devices import load_city
from device_sims.clients.dialect import Dialects
from device_sims.clients.endpoint import Tls, parse_broker
from device_sims.processes import HEAD_START, run_processes
from device_sims.run import Plan, Progress, Summary, check, record, simulate
from device_sims.scenarios.scenario import scenario_times
from gateway.cli.board import FRAME_SECS, show_board
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, count, duration
from gateway.cli.times import parse_moment, parse_span
from gateway.errors import CommandError

__all__ = ["run"]

_RATE_SECS = 3.0
"""The rate is that of the last so many."""


def run(
    *, broker: str = "127.0.0.1:1883", username: str | None = None, password_file: Path | None = None,
    ca_file: Path | None = None, cert_file: Path | None = None, key_file: Path | None = None,
    client: str = "aiomqtt", protocol: str = "5", qos: str = "1",
    origin: str = "", start: str = "", speed: Annotated[float, Parameter(validator=Number(gt=0, lte=100_000))] = 1.0,
    devices: Annotated[int | None, Parameter(validator=Number(gte=1))] = None, seed: int = 1, faults: str = "",
    scenario: str = "", whole_city: bool = False, recordings: bool = True,
    processes: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 1,
    connections: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000))] = 4,
    for_: Annotated[str, Parameter(name="--for")] = "", until: str = "",
    messages: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    rate: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    truth: Path | None = None, record_to: Annotated[Path | None, Parameter(name="--record")] = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Run simulated devices against an MQTT broker. Ctrl-C ends it cleanly, a second one at once.

    Exit code 1 where the broker did not acknowledge everything.

    Parameters
    ----------
    broker
        HOST:PORT, mqtt://HOST:PORT or mqtts://HOST:PORT (TLS). One that can't be reached is waited for.
    username
        Where the broker asks for one.
    password_file
        A file with the password.
    ca_file
        PEM of the authority behind the broker's certificate; the system's where not given.
    cert_file
        PEM of our own certificate, where the broker asks for one.
    key_file
        PEM of its key.
    client
        Library: aiomqtt, paho or mixed; or a list that connections take in turn, such as paho,aiomqtt.
    protocol
        Version of MQTT: 5, 3.1.1 or mixed; or a list.
    qos
        0, 1, 2 or mixed; or a list.
    origin
        What the city's clock reads at --start: RFC 3339, local time of the city, or UTC nanoseconds. Now where empty;
        with --scenario the last working day at the hour at which the script begins.
    start
        System time at which the city's clock reads --origin; now where empty. Give a gateway the same three figures.
    speed
        City seconds a real second.
    devices
        How many; those of the seeds where not given. With more, the city goes on by copies of its districts.
    seed
        Which values, and which trouble on the way.
    faults
        What goes wrong on the way, such as duplicate=0.02,late=0.05:90,invalid=0.01; device_sims/faults lists them.
    scenario
        What goes wrong in the city: a built-in script (`cityloom sim scenarios` lists them), or a file.
    whole_city
        With --scenario: all devices, not only those that it is about.
    processes
        Share the devices among so many processes.
    recordings
        Let some devices play recorded days; without, all are simulated and everything is known.
    connections
        To the broker; a device keeps to one.
    for_
        End after this long, such as 30s or 5m.
    until
        End at this city time; with --scenario and no --origin, when the script is over.
    messages
        End after the first so many of the schedule, sent as fast as the broker takes them.
    rate
        With --messages: at most so many a second.
    truth
        Make this folder, and write what was measured, sent and wrong; for `cityloom score truth`.
    record_to
        Publish nothing: write a recording for `cityloom replay`; bounded by --until or --messages.
    """
    now = time.time_ns()
    try:
        zone = ZoneInfo(load_city(1).timezone)
        begin, end = parse_moment(origin, zone), parse_moment(until, zone)
        if scenario and not begin:
            begin, over = scenario_times(scenario, now, seed, devices)
            end = end or over
        plan = Plan(
            endpoint=parse_broker(broker, username, password_file, Tls(ca_file, cert_file, key_file)),
            dialects=Dialects.parse(client, protocol, qos), origin=begin or now, whole_city=whole_city,
            start=parse_moment(start, zone) or now + HEAD_START * (processes > 1),
            speed=speed, devices=devices, seed=seed, faults=faults,
            connections=connections, for_secs=parse_span(for_) if for_ else None,
            until=end or None, messages=messages, rate=rate, truth=truth, scenario=scenario,
            recordings=recordings, record=record_to,
        )  # fmt: skip
        if processes > 1:
            if record_to is not None:
                raise CommandError("--processes writes no recording.", "Leave out one of the two.", 2)
            summary = _in_processes(plan, processes, {
                "--broker": broker, "--username": username, "--password-file": password_file, "--ca-file": ca_file,
                "--cert-file": cert_file, "--key-file": key_file, "--client": client, "--protocol": protocol,
                "--qos": qos,
            })  # fmt: skip
        elif record_to is not None:
            with console(stderr=True).status("recording") as status:
                summary = record(plan, lambda done: status.update(f"recording: {done:,} messages"))
        else:
            summary = _simulated(plan, zone, quiet=json)
    except ValueError as error:
        raise CommandError(f"{error}.".replace("..", "."), "`cityloom sim run --help` has examples.", 2) from error
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise CommandError(
            f"{named}{error.strerror or error}.", "Name files and folders that can be used.", 2
        ) from error
    if json:
        print_json(summary.as_dict())
    else:
        _farewell(summary, plan)
    return 0 if summary.sent == summary.messages else 1


def _in_processes(plan: Plan, processes: int, link: dict[str, object]) -> Summary:
    """Each speaks for itself on standard error; they end with one summary."""
    figures: dict[str, object] = {
        "--origin": plan.origin, "--start": plan.start, "--until": plan.until, "--speed": plan.speed,
        "--devices": plan.devices, "--seed": plan.seed, "--faults": plan.faults, "--scenario": plan.scenario,
        "--for": plan.for_secs, "--truth": plan.truth,
    }  # fmt: skip
    flags = [name for name, on in (("--whole-city", plan.whole_city), ("--no-recordings", not plan.recordings)) if on]
    given = [text for name, value in (link | figures).items() if value not in (None, "") for text in (name, f"{value}")]
    summary, _ = run_processes(
        [*given, *flags], processes, devices=check(plan), messages=plan.messages, rate=plan.rate,
        connections=plan.connections,
    )  # fmt: skip
    return summary


class _Board:
    """What a run at work shows; empty until it has begun."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.progress: Progress | None = None
        self._zone = zone
        self._past: deque[tuple[float, int]] = deque(maxlen=round(_RATE_SECS / FRAME_SECS))

    def watch(self, progress: Progress) -> None:
        """From now on."""
        self.progress = progress

    def figures(self) -> dict[str, str]:
        """Name -> what is shown."""
        if self.progress is None:
            return {}
        summary = self.progress.summary
        faults = ", ".join(f"{number:,} {clean(name)}" for name, number in sorted(summary.faults.items()))
        return {
            "city time": f"{datetime.fromtimestamp(self.progress.clock.now() / 1e9, self._zone):%Y-%m-%d %H:%M:%S}",
            "due": count(summary.messages), "acked": count(summary.sent),
            "waiting": count(self.progress.publisher.waiting), "acked/s": count(self._rate(summary.sent)),
            "lag p99": duration(self.progress.lag.quantile(0.99) / 1000), "faults so far": faults or "none",
        }  # fmt: skip

    def _rate(self, acked: int) -> float:
        now = time.monotonic()
        self._past.append((now, acked))
        since, before = self._past[0]
        return (acked - before) / (now - since) if now > since else 0.0


def _simulated(plan: Plan, zone: ZoneInfo, *, quiet: bool) -> Summary:
    """With a live table on a terminal, else with a line now and then; on standard error where the result is JSON."""
    out = console(stderr=quiet)
    board = _Board(zone)

    def say(sentence: str) -> None:
        out.print(f"[yellow]{escape(clean(sentence, 300))}[/]")

    async def work() -> Summary:
        showing = asyncio.create_task(show_board(out, board.figures))
        try:
            return await simulate(plan, say, board.watch)
        finally:
            showing.cancel()
            await asyncio.wait({showing})

    return asyncio.run(work())


def _farewell(summary: Summary, plan: Plan) -> None:
    out = console()
    verb = "recorded" if plan.record is not None else "acknowledged"
    out.print(
        f"{summary.devices:,} {'device' if summary.devices == 1 else 'devices'}: {summary.sent:,} of"
        f" {summary.messages:,} messages {verb},"
        f" {summary.readings:,} readings in them"
    )
    if summary.resent:
        out.print(f"{summary.resent:,} were sent again after a cut")
    if summary.lag_ms is not None and summary.sent:
        lag = summary.lag_ms
        out.print(f"due to acknowledged: p50 {lag['p50']:,.0f} ms, p99 {lag['p99']:,.0f} ms, most {lag['max']:,.0f} ms")
    if summary.faults:
        out.print("faults: " + ", ".join(f"{number:,} {name}" for name, number in sorted(summary.faults.items())))
    if plan.truth is not None:
        out.print(f"[dim]truth: {escape(str(plan.truth))}; compare: cityloom score truth {escape(str(plan.truth))}[/]")
