"""`python -m device_sims`: the city's devices as a process of its own, against any MQTT broker."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from device_sims.clients.dialect import Dialects
from device_sims.clients.endpoint import Tls, parse_broker
from device_sims.processes import HEAD_START, parse_share, run_processes
from device_sims.run import Plan, Summary, check, record, simulate
from device_sims.scenarios.scenario import scenario_times

__all__ = ["main"]

USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when everything that was due was acknowledged, 1 when not, 2 when the arguments make no sense."""
    parser = _parser()
    given = parser.parse_args(arguments)
    now = time.time_ns()
    try:
        origin = None if given.origin is None else _moment(given.origin)
        until = None if given.until is None else _moment(given.until)
        if given.scenario and origin is None:
            origin, end = scenario_times(given.scenario, now, given.seed, given.devices)
            until = end if until is None else until
        plan = Plan(
            endpoint=parse_broker(
                given.broker, given.username, given.password_file, Tls(given.ca_file, given.cert_file, given.key_file)
            ),
            dialects=Dialects.parse(given.client, given.protocol, given.qos),
            origin=now if origin is None else origin,
            start=_moment(given.start) if given.start is not None else now + HEAD_START * (given.processes > 1),
            speed=given.speed,
            devices=given.devices,
            seed=given.seed,
            faults=given.faults,
            connections=given.connections,
            for_secs=given.for_secs,
            until=until,
            messages=given.messages,
            rate=given.rate,
            truth=given.truth,
            scenario=given.scenario or "",
            whole_city=given.whole_city,
            recordings=not given.no_recordings,
            record=given.record,
            share=None if given.share is None else parse_share(given.share),
        )
        if given.processes != 1:
            return _shared(given, plan, sys.argv[1:] if arguments is None else arguments)
        if plan.record is not None:
            summary = record(plan, lambda messages: _say(f"{messages} messages"))
        else:
            summary = asyncio.run(simulate(plan, _say))
    except (ValueError, OSError) as error:
        _say(str(error))
        return USAGE
    _show(summary, as_json=given.json)
    return 0 if summary.sent == summary.messages else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m device_sims", description="Simulated devices of a city.")
    add = parser.add_argument
    add("--broker", default="127.0.0.1:1883", metavar="URL", help="HOST:PORT, mqtt://HOST:PORT or mqtts://HOST:PORT")
    add("--username")
    add("--password-file", type=Path, help="file with the broker's password")
    add("--ca-file", type=Path, help="PEM of the authority behind the broker's certificate; default: the system's")
    add("--cert-file", type=Path, help="PEM of our own certificate")
    add("--key-file", type=Path, help="PEM of its key")
    add("--client", default="aiomqtt", help="aiomqtt, paho or mixed; or a list, one a connection in turn: paho,aiomqtt")
    add("--protocol", default="5", help="version of MQTT: 5, 3.1.1 or mixed; or a list")
    add("--qos", default="1", help="0, 1, 2 or mixed; or a list")
    add(
        "--origin",
        metavar="TIME",
        help="city time at --start: RFC 3339, unix ns; default: now, or the scenario's",
    )
    add("--start", metavar="TIME", help="system time at which the city's clock reads --origin; default: now")
    add("--speed", type=float, default=1.0, help="city seconds per real second")
    add("--devices", type=int, metavar="N", help="the first N of a sequence without end; default: the city's own")
    add("--processes", type=int, default=1, metavar="P", help="share the devices among P processes")
    add("--share", metavar="K/P", help="only every P-th device from the K-th on, from 0 to P - 1")
    add("--seed", type=int, default=1)
    add(
        "--faults",
        default="",
        metavar="SPEC",
        help="such as duplicate=0.02,late=0.05:90; see device_sims/faults",
    )
    add("--connections", type=int, default=4, metavar="C")
    add("--for", dest="for_secs", type=float, metavar="SECS", help="stop after so many real seconds")
    add("--until", metavar="TIME", help="stop at this city time")
    add("--messages", type=int, metavar="N", help="the schedule's first N messages, as fast as the broker takes them")
    add("--rate", type=float, metavar="R", help="with --messages: at most R a second")
    add("--truth", type=Path, metavar="FOLDER", help="write what was measured, sent and wrong: truth/")
    add("--record", type=Path, metavar="FILE.gz", help="write a recording for `cityloom replay`, publish nothing")
    add("--no-recordings", action="store_true", help="simulate also the devices that play a recorded day")
    add("--scenario", metavar="NAME", help="a file, or one of device_sims/scenarios, such as day-of-trouble")
    add("--whole-city", action="store_true", help="with --scenario: all devices, not only those that it is about")
    add("--json", action="store_true", help="print one JSON object as the last line of standard output")
    return parser


def _shared(given: argparse.Namespace, plan: Plan, arguments: Sequence[str]) -> int:
    """Run in several processes, with one clock and one summary."""
    if given.processes < 1:
        raise ValueError(f"--processes must be 1 or more, not {given.processes}")
    if plan.share is not None or plan.record is not None:
        raise ValueError(
            "--processes shares the devices itself and writes no recording; use --share K/P alone for that"
        )
    devices = check(plan)
    times = ["--origin", str(plan.origin), "--start", str(plan.start)]
    times += ["--until", str(plan.until)] if plan.until is not None else []
    summary, code = run_processes(
        [*arguments, *times], given.processes, devices=devices, messages=plan.messages,
        rate=plan.rate, connections=plan.connections,
    )  # fmt: skip
    _show(summary, as_json=given.json)
    return code


def _moment(text: str) -> int:
    """UTC nanoseconds of RFC 3339 text or of a whole number of nanoseconds."""
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} needs an offset such as +08:00 or Z")
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000


def _say(sentence: str) -> None:
    print(f"device_sims: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - a command speaks


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        text = json.dumps(summary.as_dict())
    else:
        count = f"{summary.sent} of {summary.messages} messages ({summary.readings} readings)"
        text = f"{summary.devices} devices sent {count}"
    print(text, flush=True)  # noqa: T201 - a command speaks


if __name__ == "__main__":
    sys.exit(main())
