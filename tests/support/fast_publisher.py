"""Devices in a hurry: one MQTT 5 connection that publishes thousands of messages a second and knows what was taken."""

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import mqtt5

__all__ = ["FastPublisher"]

_DEADLINE_SECS = 30.0


class FastPublisher:
    """Publishes at QoS 1 with `window` messages in flight. Use as an async context manager."""

    def __init__(self, port: int, *, user: str = "", password: str = "", window: int = 200) -> None:
        self.acknowledged = 0
        """Messages that the broker took, since the first."""
        self._port = port
        self._login = (user, password) if user else (None, None)
        self._window = window
        self._buffer = b""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        user, password = self._login
        connect = mqtt5.ConnectPacket(
            f"fast-{id(self)}", clean_start=True, keep_alive=60, username=user,
            password=password.encode() if password else None,
        )  # fmt: skip
        self._writer.write(connect.write())
        try:
            [answer] = await self._packets()
            assert isinstance(answer, mqtt5.ConnAckPacket), answer
            assert answer.reason_code == mqtt5.ConnAckReasonCode.SUCCESS, answer
        except BaseException:
            self._writer.transport.abort()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def publish(self, messages: Sequence[tuple[str, bytes]], *, qos: int = 1) -> None:
        """Publish all, and at QoS 1 wait until the broker has taken them."""
        if qos == 0:
            self._writer.write(b"".join(mqtt5.PublishPacket(topic, payload).write() for topic, payload in messages))
            await self._writer.drain()
            return
        sent = answered = 0
        async with asyncio.timeout(_DEADLINE_SECS):
            while answered < len(messages):
                room = self._window - (sent - answered)
                part = messages[sent : sent + room]
                packets = [
                    mqtt5.PublishPacket(
                        topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=(sent + k) % 65_535 + 1
                    ).write()
                    for k, (topic, payload) in enumerate(part)
                ]
                self._writer.write(b"".join(packets))
                sent += len(part)
                for packet in await self._packets():
                    assert isinstance(packet, mqtt5.PubAckPacket), packet
                    # NO_MATCHING_SUBSCRIBERS is a success too
                    assert packet.reason_code.value < 0x80, packet
                    answered += 1
                    self.acknowledged += 1

    async def _packets(self) -> list[mqtt5.Packet]:
        """At least one."""
        out: list[mqtt5.Packet] = []
        while not out:
            data = await self._reader.read(1 << 16)
            if not data:
                raise ConnectionError("the broker hung up")
            self._buffer += data
            offset = 0
            while offset < len(self._buffer):
                try:
                    packet, used = mqtt5.read(memoryview(self._buffer)[offset:])
                except IndexError:
                    break
                out.append(packet)
                offset += used
            self._buffer = self._buffer[offset:]
        return out
