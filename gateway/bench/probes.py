r"""Probe devices beside a load: gas detectors that say something at known moments, and who sees it when, from outside.

    publish (wall clock) --> broker --> gateway --> broker --> SeenLive    latest values and alarms on MQTT
                                           |------> HTTP ----> SeenHttp    notifications
                                           \------> query ---> SeenStored  readings

Each kind of probe has devices of its own. One that raises an alarm does so once: alarms stand until it is well again.
"""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiomqtt
import numpy as np

__all__ = ["Probes", "hooked", "summary"]

_BETWEEN_SECS = 0.4
_ALARM = re.compile(rb"probe-alarm-\d{5}")
_LATEST_DEVICES = 20
_ZONE = "tianhe"
_LIVE = "cityloom/live"
_NS_PER_MS = 1e6
_SPAN_NS = 2_000_000_000


class Probes:
    """Times in unix ns: when each probe was published, and when each witness saw it first."""

    def __init__(self) -> None:
        self.latest: dict[tuple[str, int], int] = {}
        """(device, its reading's ms) -> when it was published."""
        self.seen_latest: dict[tuple[str, int], int] = {}
        self.alarms: dict[str, int] = {}
        """Device -> when it published what is an alarm."""
        self.seen_alarms: dict[str, int] = {}
        self.seen_http: dict[str, int] = {}
        self.seen_stored: dict[tuple[str, int], tuple[int, int]] = {}
        """When it was published, and when a query first gave it or something newer."""
        self.lost = 0

    # ---- what they say ----

    async def speak(self, client: aiomqtt.Client, kind: str, number: int) -> None:
        """Publish one probe; `kind` is `latest` or `alarm`."""
        now = time.time_ns()
        ms = int(now // _NS_PER_MS)
        if kind == "latest":
            device, lel = f"probe-latest-{number % _LATEST_DEVICES:05d}", number % 9
            self.latest[device, ms] = now
        else:
            device, lel = f"probe-alarm-{number:05d}", 80
            self.alarms[device] = now
        body = f'{{"ts":{ms / 1000:.3f},"lel":{lel},"status":"ok"}}'
        await client.publish(f"city/{_ZONE}/gas/detector/{device}/reading", body, qos=1)

    async def speak_for(
        self, host: str, port: int, secs: float, *, each_secs: float = 0.1,
        told: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Latest values ten times a second, every fifth time an alarm; watched until all is seen, or a while after."""
        watching = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            watcher = tasks.create_task(self._watch(host, port, watching))
            await watching.wait()
            async with _client(host, port) as client:
                began, number = time.monotonic(), 0
                while time.monotonic() - began < secs:
                    await self.speak(client, "latest", number)
                    if number % 5 == 4:
                        await self.speak(client, "alarm", number // 5)
                    number += 1
                    told(time.monotonic() - began)
                    await asyncio.sleep(max(began + number * each_secs - time.monotonic(), 0.0))
            deadline = time.monotonic() + 10.0
            while time.monotonic() < deadline and not self.complete:  # noqa: ASYNC110  a thread sees some of them
                await asyncio.sleep(0.05)
            watcher.cancel()

    @property
    def complete(self) -> bool:
        """Whether every probe has been seen on the live topic, and every alarm by the webhook."""
        everywhere = len(self.seen_alarms) == len(self.seen_http) == len(self.alarms)
        return everywhere and len(self.seen_latest) == len(self.latest)

    # ---- who sees them ----

    async def _watch(self, host: str, port: int, watching: asyncio.Event) -> None:
        async with _client(host, port) as client:
            for kind in ("latest", "alarm"):
                await client.subscribe(f"{_LIVE}/{kind}/{_ZONE}/#", qos=1)
            watching.set()
            async for message in client.messages:
                now = time.time_ns()
                if message.topic.value.startswith(f"{_LIVE}/alarm/"):
                    if found := _ALARM.search(message.topic.value.encode()):
                        self.seen_alarms.setdefault(found[0].decode(), now)
                elif "/probe-latest-" in message.topic.value:
                    self.see_latest(json.loads(bytes(message.payload)), now)

    def see_latest(self, data: dict[str, Any], now: int) -> None:
        """A latest value came: it stands for its own reading and for those before it that it overtook."""
        device, ms = data["device"], _unix_ms(data["quantities"]["lel"]["time"])
        for key in [key for key in self.latest if key[0] == device and key[1] <= ms and key not in self.seen_latest]:
            self.seen_latest[key] = now

    def see_http(self, body: bytes) -> None:
        """A notification came."""
        now = time.time_ns()
        for name in set(_ALARM.findall(body)):
            self.seen_http.setdefault(name.decode(), now)

    def see_stored(self, read: Callable[[str, int], int | None], secs: float, *, every_secs: float = 0.1) -> None:
        """Follow one probe after the other by queries: `read(device, ms)` gives the newest stored ms from there on.

        Often enough to know the time to 100 ms, with a pause behind each probe: twenty queries a second were a load of
        their own, 25 us of CPU a message at 10,000 a second.
        """
        deadline = time.monotonic() + secs
        while time.monotonic() < deadline:
            newest = max(self.latest.items(), key=lambda item: item[1], default=None)
            if newest is None or newest[0] in self.seen_stored:
                time.sleep(every_secs)
                continue
            (device, ms), published = newest
            until = time.monotonic() + 10.0
            while time.monotonic() < until:
                found = read(device, ms)
                if found is not None and found >= ms:
                    self.seen_stored[device, ms] = (published, time.time_ns())
                    time.sleep(_BETWEEN_SECS)
                    break
                time.sleep(every_secs)
            else:
                self.lost += 1

    def figures(self) -> dict[str, dict[str, float]]:
        """Percentiles in ms of each way, with how many probes nobody saw."""
        return {
            "latest_ms": summary(self.latest, self.seen_latest),
            "alarm_ms": summary(self.alarms, self.seen_alarms),
            "webhook_ms": summary(self.alarms, self.seen_http),
            "stored_ms": {
                **summary({key: each[0] for key, each in self.seen_stored.items()},
                          {key: each[1] for key, each in self.seen_stored.items()}),
                "missing": self.lost,
            },
        }  # fmt: skip


def summary(said: dict[Any, int], seen: dict[Any, int]) -> dict[str, float]:
    """How long after each was said it was seen."""
    ms = [(seen[key] - at) / _NS_PER_MS for key, at in said.items() if key in seen]
    out: dict[str, float] = {"probes": len(said), "missing": len(said) - len(ms)}
    if ms:
        p50, p99 = np.percentile(ms, (50, 99)).tolist()
        out |= {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(max(ms), 3)}
    return out


@contextmanager
def hooked(probes: Probes) -> Iterator[str]:
    """A receiver of webhooks in a thread; gives its address."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            probes.see_http(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="bench.webhook")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/alarms"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _client(host: str, port: int) -> aiomqtt.Client:
    return aiomqtt.Client(host, port, protocol=aiomqtt.ProtocolVersion.V5, timeout=60.0)


def _unix_ms(text: str) -> int:
    """RFC 3339 in UTC to the nanosecond, as live topics have it."""
    return int(np.datetime64(text.removesuffix("Z"), "ns").astype(np.int64)) // 1_000_000
