"""A client (aiomqtt) that hears what a broker has, of MQTT 5 or 3.1.1, and comes again when the connection is lost."""

import asyncio
import logging
import secrets
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from gateway.workshop.message import Heard

__all__ = ["Endpoint", "Refused", "hear"]

_CONNECT_SECS = 8.0
_FIRST_SECS = 3.0
"""For a broker that knows MQTT 3.1.1 only, and answers nothing at all."""
_LEAST_WAIT, _MOST_WAIT = 0.5, 15.0
_QUEUE = 20_000
_NOT_ALLOWED = {4, 5, 0x86, 0x87, 0x8C}
"""Codes of CONNACK, in both versions, that no second try changes."""
_WRONG_VERSION = {1, 0x84}
_REFUSED_FILTER = 0x80
_VERSIONS = (aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311)


class Refused(Exception):
    """The broker does not let us in."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker listens, and who we say we are."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _Dropped(logging.Handler):
    """Counts what the client says that it threw away."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += "full" in record.getMessage()


async def hear(
    endpoint: Endpoint, filters: Sequence[str], take: Callable[[Heard, int], None], say: Callable[[str], None],
    dropped: Callable[[int], None],
) -> None:  # fmt: skip
    """Hear messages until cancelled; `say` is told in a sentence when the connection comes and goes.

    Receipts (UTC ns) strictly increase. `dropped` is told how many messages were not taken in time, in all.

    Raises:
        Refused: login or permission is wrong, or every filter is refused.
    """
    logger = logging.getLogger("gateway.workshop.listener")
    logger.propagate = False
    counter = _Dropped()
    logger.handlers[:] = [counter]
    version, wait, last, first = 0, _LEAST_WAIT, 0, True
    while True:
        started, connected = time.monotonic(), False
        client = aiomqtt.Client(
            endpoint.host, endpoint.port, username=endpoint.username, password=endpoint.password, logger=logger,
            identifier=f"cityloom-listen-{secrets.token_hex(4)}", protocol=_VERSIONS[version],
            timeout=_FIRST_SECS if first else _CONNECT_SECS,
            tls_context=endpoint.tls, max_queued_incoming_messages=_QUEUE,
            clean_session=None if version == 0 else True, clean_start=version == 0 or 3,
        )  # fmt: skip
        try:
            async with client:
                await _subscribe(client, filters, say)
                connected, wait = True, _LEAST_WAIT
                say(f"listening to {endpoint} (MQTT {'5' if version == 0 else '3.1.1'})")
                async for message in client.messages:
                    last = max(time.time_ns(), last + 1)
                    payload = message.payload if isinstance(message.payload, bytes) else b""
                    take(Heard(last, str(message.topic), payload, bool(message.retain)), message.qos)
                    if counter.count:
                        dropped(counter.count)
        except (aiomqtt.MqttError, OSError) as error:
            code = _code(error)
            first = False
            if code in _NOT_ALLOWED and not connected:
                raise Refused(f"{endpoint} does not let us in: {_reason(error)}") from error
            if not connected and (code in _WRONG_VERSION or not isinstance(error.__cause__, OSError)):
                # one that knows the other version only may answer so, or hang up
                version = 1 - version
                if version == 1:
                    continue
            say(f"{'lost' if connected else 'can not reach'} {endpoint}: {_reason(error)}; trying again")
        await asyncio.sleep(wait if time.monotonic() - started < wait else 0.1)
        wait = min(2 * wait, _MOST_WAIT)


async def _subscribe(client: aiomqtt.Client, filters: Sequence[str], say: Callable[[str], None]) -> None:
    refused = 0
    for each in filters:
        granted = await client.subscribe(each, qos=1)
        for one in granted:
            if (one.value if isinstance(one, ReasonCode) else one) >= _REFUSED_FILTER:
                refused += 1
                say(f"the broker refuses {each}")
    if refused == len(filters):
        raise Refused("the broker refuses all filters: this user may not read them")


def _code(error: BaseException) -> int | None:
    code = getattr(error, "rc", None)
    return code.value if isinstance(code, ReasonCode) else code if isinstance(code, int) else None


def _reason(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return str(said).rstrip(".")
