"""aiomqtt. A client object a connection: what was in flight at a cut is published anew.

It doesn't pass on the reason code of a PUBACK, so a message that the broker's access rules refuse counts as taken. It
forgets its session with the connection: a QoS 2 message in flight at a cut may arrive twice.
"""

import logging
import math
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from device_sims.clients.base import CONNECT, WINDOW, LinkLost, cut_socket
from device_sims.clients.dialect import Dialect
from device_sims.clients.endpoint import Endpoint

__all__ = ["AiomqttClient"]

_VERSIONS = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}

# aiomqtt warns of every pending publish above ten, the normal state here, and of cuts, which we tell ourselves
_log = logging.getLogger("device_sims.mqtt")
_log.setLevel(logging.CRITICAL)


class AiomqttClient:
    """See clients/base.py."""

    def __init__(
        self, endpoint: Endpoint, dialect: Dialect, identifier: str, context: ssl.SSLContext | None = None
    ) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self._identifier = identifier
        self._context = context
        self._client: aiomqtt.Client | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Connect."""
        v5 = self._dialect.protocol == "5"
        client = aiomqtt.Client(
            self._endpoint.host,
            self._endpoint.port,
            username=self._endpoint.username,
            password=self._endpoint.password,
            identifier=self._identifier,
            protocol=_VERSIONS[self._dialect.protocol],
            clean_session=None if v5 else True,
            timeout=CONNECT,
            max_inflight_messages=WINDOW,
            logger=_log,
            tls_context=self._context,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        try:
            async with client:
                self._client = client
                yield
        except aiomqtt.MqttError as error:
            raise LinkLost(str(error)) from error
        finally:
            self._client = None

    async def publish(self, number: int, topic: str, payload: bytes) -> bool:
        """Publish, and wait as the QoS says."""
        assert self._client is not None
        try:
            await self._client.publish(topic, payload, qos=self._dialect.qos, timeout=math.inf)
        except aiomqtt.MqttError as error:
            raise LinkLost(str(error)) from error
        return True

    async def watch(self) -> None:
        """Nothing is subscribed to: the messages end when the connection does."""
        assert self._client is not None
        try:
            async for _ in self._client.messages:
                pass
        except aiomqtt.MqttError as error:
            raise LinkLost(str(error)) from error

    def cut(self) -> bool:
        """Cut abruptly."""
        if self._client is None:
            return False
        return cut_socket(self._client._client.socket())  # noqa: SLF001 - aiomqtt has no way to its socket
