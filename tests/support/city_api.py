"""A gateway with its API in a thread of its own, for clients that an application would run: readings, alarms, acts."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.access.roles import Role
from tests.support.brokers import running_embedded
from tests.support.command import publish
from tests.support.running import running_gateway, settings_of, settled
from tests.support.web import served

__all__ = ["CityApi", "city_api"]

LOOPS, EVERY_SECS, MESSAGES = 3, 10, 180
"""Half an hour of three loop detectors."""
_UP_SECS = 60.0


@dataclass
class CityApi:
    """Where it is, and tokens."""

    url: str
    token: str
    """Of an administrator."""
    viewer: str
    start: int
    """Unix seconds of the first message."""
    broker: int

    def gas(self, device: str, lel: float) -> None:
        """A detector says something."""
        body = json.dumps({"ts": time.time(), "lel": lel}).encode()
        publish(self.broker, [(f"city/tianhe/gas/detector/{device}/reading", body)])


def speed(loop: int, place: int) -> float:
    """What a loop detector said at its n-th message."""
    return 40.0 + loop + place % 7


@contextmanager
def city_api(folder: Path, **web: Any) -> Iterator[CityApi]:
    """Inside the block; `web`: options of that section."""
    with running_embedded() as broker:
        settings = settings_of(folder, broker.port, web={"live_interval_ms": 20, **web})
        start = int(time.time()) // 60 * 60 - EVERY_SECS * MESSAGES
        up, made, failure = threading.Event(), list[CityApi](), list[BaseException]()
        stop = asyncio.Event()
        loop = asyncio.new_event_loop()

        async def run() -> None:
            async with running_gateway(settings) as gateway, served(settings) as api:
                await asyncio.to_thread(publish, broker.port, list(_messages(start)))
                await settled(gateway, LOOPS * MESSAGES)
                tokens = api.token(Role.ADMINISTRATOR), api.token(Role.VIEWER)
                made.append(CityApi(api.url, *tokens, start, broker.port))
                up.set()
                await stop.wait()

        def thread() -> None:
            try:
                with asyncio.Runner(loop_factory=lambda: loop) as runner:
                    runner.run(run())
            except BaseException as error:  # noqa: BLE001  told to the test
                failure.append(error)
            finally:
                up.set()

        running = threading.Thread(target=thread, name="city")
        running.start()
        try:
            assert up.wait(_UP_SECS), "not up"
            if failure:
                raise failure[0]
            yield made[0]
        finally:
            if running.is_alive():
                loop.call_soon_threadsafe(stop.set)
            running.join(_UP_SECS)
        if failure:
            raise failure[0]


def _messages(start: int) -> Iterator[tuple[str, bytes]]:
    for place in range(MESSAGES):
        for loop in range(LOOPS):
            body = {"ts": (start + place * EVERY_SECS) * 1000, "speed": speed(loop, place), "flow": 20, "occ": 0.1}
            yield f"city/tianhe/traffic/loop/loop-{loop + 1:04d}/reading", json.dumps(body).encode()
