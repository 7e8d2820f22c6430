"""A publishing MQTT client (aiomqtt) of its own beside the hot path: TLS as the sources have it, silent logs."""

import logging
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any, cast

import aiomqtt

from gateway.mqtt.options import MqttOptions, build_context

__all__ = ["MqttTarget", "publishing_client", "topic_level", "watch"]

# aiomqtt warns of pending publishes and of cuts, which are told as events
_log = logging.getLogger("gateway.live.mqtt")
_log.setLevel(logging.CRITICAL)
_UNSPEAKABLE = re.compile(r"[/+#\0]|\A\$|%(?=[0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class MqttTarget:
    """Where to publish, and as whom: `options.client_id` must be no source's."""

    options: MqttOptions
    timeout_secs: float = 10.0

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.options.host}:{self.options.port}"


class _NamedContext:
    """A TLS context that expects another name than the one that is connected to."""

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context, self._name = context, name

    def wrap_socket(self, sock: socket.socket, **how: Any) -> ssl.SSLSocket:
        return self._context.wrap_socket(sock, **(how | {"server_hostname": self._name}))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def publishing_client(target: MqttTarget) -> aiomqtt.Client:
    """Not connected yet: use it by `async with`. Raises GatewayError where certificates can't be read."""
    options = target.options
    context = None if options.tls is None else build_context(options.tls)
    if context is not None and options.tls is not None and options.tls.server_name is not None:
        context = cast("ssl.SSLContext", _NamedContext(context, options.tls.server_name))
    return aiomqtt.Client(
        options.host, options.port, username=options.username, password=options.password, logger=_log,
        identifier=options.client_id, protocol=aiomqtt.ProtocolVersion.V5, clean_start=True,
        timeout=target.timeout_secs, keepalive=options.keep_alive_secs, tls_context=context,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )  # fmt: skip


async def watch(client: aiomqtt.Client) -> None:
    """Raise MqttError when the connection is cut, also while nothing is being sent. Nothing is subscribed to."""
    async for _ in client.messages:
        pass


def topic_level(text: str) -> str:
    """A name as one level of a topic: separators and wildcards as percent escapes, and a % that would read as one, so
    that no two names share a level; never empty, never $-first."""
    return _UNSPEAKABLE.sub(lambda sign: f"%{ord(sign[0]):02X}", text) or "-"
