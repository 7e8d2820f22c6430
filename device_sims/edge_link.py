"""An edge node on the line: `python -m device_sims.edge_link` runs some against any broker.

    connect with the death as will -> listen for commands -> births -> what was kept -> data each interval
       ^                                  `- asked for its births: it is born again, in the same session
       `--- cut: measures and keeps ------------------------------------------------- Ctrl-C: its death, then a goodbye

QoS 0, as the standard wants it: what is under way when the line is cut is lost, and the receiver sees a number missing.
"""

import argparse
import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import aiomqtt

from device_sims.edge_node import EdgeNode, Packet
from device_sims.publisher import Endpoint
from device_sims.sparkplug_b import asks_for_birth

__all__ = ["EdgeLink", "main"]

_CONNECT_SECS = 3.0
_LONGEST_WAIT = 2.0
_log = logging.getLogger("device_sims.mqtt")  # aiomqtt warns of cuts, which are told here


class EdgeLink:
    """One edge node and its connection. `run` until `stop`."""

    def __init__(
        self, node: EdgeNode, endpoint: Endpoint, *, interval_secs: float = 10.0, now: Callable[[], int] = time.time_ns,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.node = node
        self.connections = 0
        self.asked = 0
        """Requests for births that it has answered."""
        self._endpoint, self._interval, self._now, self._say = endpoint, interval_secs, now, say
        self._stopping = asyncio.Event()
        self._born = asyncio.Lock()
        """Births and data of one moment stand behind each other: their numbers must leave in order."""

    def stop(self) -> None:
        """Say that it goes, then end."""
        self._stopping.set()

    async def run(self) -> None:
        """Connect, speak, connect again."""
        while not self._stopping.is_set():
            will = self.node.will()
            try:
                async with self._client(will) as client:
                    self.connections += 1
                    await client.subscribe(self.node.commands, qos=1)
                    await self._send(client, *self.node.births(self._now()), *self.node.kept(self._now()))
                    await self._speak(client)
                    await self._send(client, self.node.death())
            except* (aiomqtt.MqttError, OSError) as errors:
                where = f"{self._endpoint.host}:{self._endpoint.port}"
                self._say(
                    f"{self.node.node}: no connection to the broker at {where} ({errors.exceptions[0]}); it keeps"
                )
            if not self._stopping.is_set():
                self.node.keep(self._now())
                await self._pause(min(self._interval, _LONGEST_WAIT))

    def _client(self, will: Packet) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._endpoint.host, self._endpoint.port, username=self._endpoint.username,
            password=self._endpoint.password, identifier=f"{self.node.group}-{self.node.node}",
            protocol=aiomqtt.ProtocolVersion.V5, timeout=_CONNECT_SECS, logger=_log, clean_start=True,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=False), keepalive=10,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )  # fmt: skip

    async def _speak(self, client: aiomqtt.Client) -> None:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(client))
            while not self._stopping.is_set():
                await self._pause(self._interval)
                async with self._born:
                    await self._send(client, *self.node.data(self._now()))
            listening.cancel()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes) and asks_for_birth(message.payload):
                async with self._born:
                    await self._send(client, *self.node.births(self._now()))
                self.asked += 1

    @staticmethod
    async def _send(client: aiomqtt.Client, *packets: Packet) -> None:
        for packet in packets:
            await client.publish(packet.topic, packet.payload, qos=0, retain=False)

    async def _pause(self, secs: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(secs):
                await self._stopping.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run edge nodes until Ctrl-C or for some time; 2 when the arguments make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m device_sims.edge_link", description="Sparkplug B edge nodes with pumps behind them.",
        epilog="example: python -m device_sims.edge_link --broker 127.0.0.1:1883 --nodes 2 --pumps 3 --interval 5",
    )  # fmt: skip
    add = parser.add_argument
    add("--broker", default="127.0.0.1:1883", metavar="HOST:PORT")
    add("--group", default="Water")
    add("--nodes", type=int, default=1)
    add("--pumps", type=int, default=3, help="of each node (3)")
    add("--interval", type=float, default=10.0, metavar="SECS", help="between two measurements (10)")
    add("--for", dest="for_secs", type=float, metavar="SECS", help="end after so many; until Ctrl-C without it")
    add("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    host, _, port = given.broker.rpartition(":")
    if not host or not port.isdecimal() or given.nodes < 1 or given.pumps < 1 or given.interval <= 0:
        parser.error("--broker is HOST:PORT; --nodes, --pumps and --interval are above 0")
    pumps = [f"Pump-{k}" for k in range(1, given.pumps + 1)]
    nodes = [EdgeNode(given.group, f"PS-{k}", pumps, given.seed) for k in range(1, given.nodes + 1)]
    asyncio.run(_run_all([_link(node, Endpoint(host, int(port)), given.interval) for node in nodes], given.for_secs))
    return 0


def _link(node: EdgeNode, endpoint: Endpoint, interval: float) -> EdgeLink:
    return EdgeLink(node, endpoint, interval_secs=interval, say=_say)


def _say(text: str) -> None:
    print(f"device_sims: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a command speaks


async def _run_all(links: Sequence[EdgeLink], secs: float | None) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for link in links:
            link.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if secs is not None:
        loop.call_later(secs, stop)
    await asyncio.gather(*(link.run() for link in links))
    for link in links:
        print(f"{link.node.node}: {link.connections} connections, {link.asked} requests for births answered")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
