"""A small city with something of everything, for tests of the API: readings, figures, alarms, reports, letters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiomqtt

from gateway.clock import ManualClock
from gateway.runtime.app import Gateway
from tests.support.api_server import ApiServer, serving
from tests.support.running import eventually, settled

__all__ = ["NOW", "ORIGIN", "SECOND", "api_city"]

SECOND = 1_000_000_000
ORIGIN = 1_772_406_000 * SECOND  # 2026-03-02T07:00:00+08:00
NOW = ORIGIN + 7200 * SECOND
_SPEEDS = (52.0, 48.0, 20.0, 9.0, 8.0, 7.0, 8.0, 9.0, 8.0, 7.0, 8.0)
_MESSAGES = 2 * len(_SPEEDS) + 3 * 6 + 1


@contextmanager
def api_city(folder: Path) -> Iterator[ApiServer]:
    """Serve it inside the block. Segments of tianhe are jammed, gas leaks in panyu, one message was no JSON."""
    with serving(folder, _fill, ManualClock(NOW)) as server:
        yield server


async def _fill(gateway: Gateway, port: int) -> None:
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:

        async def send(topic: str, body: object) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            await client.publish(topic, text, qos=1)

        for k, speed in enumerate(_SPEEDS):
            for segment in (1, 2):
                at = ORIGIN // SECOND + 600 * (k + 1)
                body = {"ts": at, "speed": speed + segment, "samples": 20}
                await send(f"city/tianhe/traffic/segment/seg-000{segment}/speed", body)
        for k in range(6):
            at = NOW // SECOND - 300 + 30 * k
            for device, lel in (("gas-0001", 5 + 10 * k), ("gas-0002", 3), ("stray/1", 4)):
                name = device.replace("/", "-")
                await send(f"city/panyu/gas/detector/{name}/reading", {"ts": at, "lel": lel, "co": 1, "o2": 20.9})
        await send("city/panyu/gas/detector/gas-0003/reading", '{"lel": ')
    await settled(gateway, _MESSAGES, ("duckdb", "records"))
    desk = gateway.desk
    for kind, zone, contact in (("gas-smell", "panyu", "13800138000"), ("no-water", "tianhe", "")):
        await desk.report_add(kind, text=f"{kind} in {zone}", id=f"r-{kind}", zone=zone, contact=contact)

    async def known() -> bool:
        return len(await desk.reports()) == 2 and bool(await desk.incidents())

    await eventually(known, "reports and incidents are on record")
