"""`python -m gateway.bench.loggers`: pressure loggers that send many readings a message, for `cityloom bench scale`.

Standard output: lines `{"acked"}`, the last one with `secs`, as `device_sims.load` tells them. Times of a logger's
readings lie a tenth of a second apart and end at the moment of the start.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import aiomqtt

__all__ = ["main", "payload"]

_TOGETHER = 100
_SPACING = 0.1


def payload(first: float, readings: int, number: int) -> bytes:
    """A message of `readings` readings from `first` (unix seconds) on."""
    records = (
        f'{{"ts":"{datetime.fromtimestamp(first + k * _SPACING, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",'
        f'"bar":{3 + (number * 7 + k) % 90 / 100:.2f}}}'
        for k in range(readings)
    )
    return f'{{"readings":[{",".join(records)}],"battery":96}}'.encode()


async def _send(host: str, port: int, zone: str, messages: int, devices: int, readings: int) -> None:
    start = time.time() - -(-messages // devices) * readings * _SPACING
    began = time.monotonic()
    async with aiomqtt.Client(
        host, port, protocol=aiomqtt.ProtocolVersion.V5, max_inflight_messages=_TOGETHER, timeout=60.0
    ) as client:
        for at in range(0, messages, _TOGETHER):
            numbers = range(at, min(at + _TOGETHER, messages))
            await asyncio.gather(
                *(
                    client.publish(
                        f"city/{zone}/water/pressure/logger-{number % devices:05d}/readings",
                        payload(start + number // devices * readings * _SPACING, readings, number), qos=1,
                    )
                    for number in numbers
                )
            )  # fmt: skip
            line: dict[str, float] = {"acked": numbers[-1] + 1}
            if numbers[-1] + 1 == messages:
                line["secs"] = round(time.monotonic() - began, 6)
            print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main(arguments: Sequence[str] | None = None) -> int:
    """Send all of them, each acknowledged."""
    parser = argparse.ArgumentParser(prog="python -m gateway.bench.loggers", description="Pressure loggers.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=1883)
    add("--zone", default="tianhe")
    for name in ("--messages", "--devices", "--readings"):
        add(name, type=int, required=True)
    given = parser.parse_args(arguments)
    asyncio.run(_send(given.host, given.port, given.zone, given.messages, given.devices, given.readings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
