"""`python -m device_sims.load`: a load as a child process of a measurement, such as `cityloom bench`.

Standard output: a line `{"sent", "acked"}` every half second; the last one with `secs`, first write to last PUBACK,
where all were acknowledged.
People use `cityloom sim load`.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

import uvloop

from device_sims.clients.endpoint import Endpoint
from device_sims.load.run import LoadPlan, LoadRun

__all__ = ["main"]

_TELL_SECS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when every message was acknowledged, 1 when not, 2 when the arguments make no sense."""
    parser = argparse.ArgumentParser(prog="python -m device_sims.load", description="Loop detectors by the thousand.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=1883)
    add("--messages", type=int, required=True)
    add("--devices", type=int, required=True)
    add("--connections", type=int, default=1)
    add("--rate", type=float, default=0.0, help="messages a second; 0: as many as the broker takes")
    add("--zones", default="tianhe", help="zones of the topics, with commas between them")
    add("--prefix", default="load", help="how the devices' names begin")
    add("--origin", type=int, default=0, help="city time at --start, unix ns")
    add("--start", type=int, default=0, help="system time, unix ns")
    add("--speed", type=float, default=1.0, help="city seconds a real second")
    given = parser.parse_args(arguments)
    plan = LoadPlan(
        Endpoint(given.host, given.port), given.devices, given.rate, given.connections, given.messages,
        queue=given.messages + given.connections, zones=tuple(given.zones.split(",")), prefix=given.prefix,
        origin=given.origin, start=given.start, speed=given.speed,
    )  # fmt: skip
    try:
        return uvloop.run(_run(plan))
    except ValueError as error:
        _say(str(error))
        return 2


async def _run(plan: LoadPlan) -> int:
    load = LoadRun(plan, _say)
    running = asyncio.create_task(load.run())
    while not running.done():
        await asyncio.wait([running], timeout=_TELL_SECS)
        line: dict[str, float] = {"sent": load.total("sent"), "acked": load.total("acked")}
        if running.done():
            running.result()
            if load.total("acked") == plan.messages:
                line["secs"] = load.secs
        print(json.dumps(line), flush=True)  # noqa: T201 - a command speaks
    return 0 if load.total("acked") == plan.messages else 1


def _say(sentence: str) -> None:
    print(f"device_sims.load: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - a command speaks


if __name__ == "__main__":
    sys.exit(main())
