"""paho-mqtt as most programs use it: with a network thread of its own, one client object for the whole run.

    event loop: publish() ---------> paho's thread: socket
    event loop: futures   <--------- its callbacks, by call_soon_threadsafe

The object remembers what is in flight across connections and sends it again by itself, with DUP; at QoS 2 in the same
session, so that a message arrives once also over a cut, where the broker has kept the session. An MQTT 3.1.1 session of
that kind stays at the broker after the end, empty: the protocol has no expiry.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sims.clients.base import CONNECT, WINDOW, LinkLost, cut_socket
from device_sims.clients.dialect import Dialect
from device_sims.clients.endpoint import Endpoint

__all__ = ["PahoClient"]

_KEEP_ALIVE = 60
_SESSION_SECS = 300
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_GONE = "the connection was cut"


class PahoClient:
    """See clients/base.py."""

    def __init__(
        self, endpoint: Endpoint, dialect: Dialect, identifier: str, context: ssl.SSLContext | None = None
    ) -> None:
        self._endpoint = endpoint
        self._v5 = dialect.protocol == "5"
        self._qos = dialect.qos
        self._keeps_session = dialect.qos == 2
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hello: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[str] | None = None
        self._pending: dict[int, asyncio.Future[bool]] = {}
        """By the message's number."""
        self._number_of: dict[int, int] = {}
        """By packet id."""
        self._paho = client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=identifier,
            protocol=_VERSIONS[dialect.protocol],
            clean_session=None if self._v5 else not self._keeps_session,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(WINDOW)
        client.connect_timeout = CONNECT
        if endpoint.username is not None:
            client.username_pw_set(endpoint.username, endpoint.password)
        if context is not None:
            client.tls_set_context(context)
        start: Any = paho.MQTT_CLEAN_START_FIRST_ONLY if self._keeps_session or not self._v5 else True
        # only names the broker: each connection is a reconnect(), so that connect() doesn't begin the session anew
        client.connect_async(
            endpoint.host, endpoint.port, _KEEP_ALIVE, clean_start=start,
            properties=self._expiry(PacketTypes.CONNECT, _SESSION_SECS),
        )  # fmt: skip
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_open = _send_at_once

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Connect."""
        self._loop = loop = asyncio.get_running_loop()
        self._hello, self._lost = loop.create_future(), loop.create_future()
        connecting = asyncio.ensure_future(asyncio.to_thread(self._paho.reconnect))
        try:
            await asyncio.shield(connecting)
            self._paho._reset_sockets(sockpair_only=True)  # noqa: SLF001 - loop_start would leave the last pair open
            self._paho.loop_start()
            either: list[asyncio.Future[Any]] = [self._hello, self._lost]
            await asyncio.wait(either, timeout=CONNECT, return_when=asyncio.FIRST_COMPLETED)
            if not self._hello.done():
                raise LinkLost(self._lost.result() if self._lost.done() else "the broker doesn't answer")
            self._hello.result()
            yield
        finally:
            with contextlib.suppress(OSError):  # of a connecting that was cancelled
                await connecting
            self._paho.disconnect(properties=self._expiry(PacketTypes.DISCONNECT, 0))
            await asyncio.to_thread(self._paho.loop_stop)
            self._forget_qos0()

    def _expiry(self, packet: int, seconds: int) -> Properties | None:
        """How long the session outlives the connection; a clean end takes it back."""
        if not (self._v5 and self._keeps_session):
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = seconds
        return properties

    def _forget_qos0(self) -> None:
        """paho drops what was not written; above QoS 0 it sends again by itself."""
        if self._qos == 0:
            self._pending.clear()
            self._number_of.clear()

    async def publish(self, number: int, topic: str, payload: bytes) -> bool:
        """Publish, or wait for what paho sends again by itself."""
        assert self._loop is not None
        answer = self._pending.get(number)
        if answer is None:
            info = self._paho.publish(topic, payload, self._qos)
            # above QoS 0 it is kept for the next connection
            if info.rc == paho.MQTT_ERR_NO_CONN and not self._qos:
                raise LinkLost(_GONE)
            self._pending[number] = answer = self._loop.create_future()
            self._number_of[info.mid] = number
        taken = await asyncio.shield(answer)
        del self._pending[number]
        return taken

    async def watch(self) -> None:
        """Wait for the end of the connection."""
        assert self._lost is not None
        raise LinkLost(await asyncio.shield(self._lost))

    def cut(self) -> bool:
        """Cut abruptly."""
        return cut_socket(self._paho.socket())

    # ---- called by paho's thread ----

    def _on_connect(self, _c: paho.Client, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        hello = self._hello
        assert hello is not None

        def settle() -> None:
            if hello.done():
                return
            if code.is_failure:
                hello.set_exception(LinkLost(f"the broker refused us: {code}"))
            else:
                hello.set_result(None)

        self._tell(settle)

    def _on_disconnect(self, _c: paho.Client, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        lost = self._lost
        assert lost is not None

        def settle() -> None:
            if not lost.done():
                lost.set_result(f"{_GONE}: {code}" if code.is_failure else _GONE)

        self._tell(settle)

    def _on_publish(self, _c: paho.Client, _u: object, mid: int, code: ReasonCode, _p: object) -> None:
        self._tell(lambda: self._answered(mid, taken=not code.is_failure))

    def _tell(self, what: Callable[[], None]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
            self._loop.call_soon_threadsafe(what)

    def _answered(self, mid: int, *, taken: bool) -> None:
        number = self._number_of.pop(mid, None)
        answer = self._pending.get(number) if number is not None else None
        if answer is not None and not answer.done():
            answer.set_result(taken)


def _send_at_once(_c: paho.Client, _u: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
