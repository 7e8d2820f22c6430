"""What the publisher asks of a client library: one identity, one connection at a time, again and again."""

import contextlib
import os
import socket
from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["CONNECT", "WINDOW", "Client", "LinkLost", "cut_socket"]

WINDOW = 20
"""In flight on a connection; what mosquitto grants when nothing is configured (it cuts whoever exceeds it)."""
CONNECT = 3.0
"""Seconds for TCP, TLS and CONNACK; aiomqtt sits them out when a connection is cut before its CONNACK."""


class LinkLost(Exception):
    """The connection is gone, or did not come about."""


class Client(Protocol):
    """Called from one event loop only."""

    def connected(self) -> AbstractAsyncContextManager[None]:
        """Connect; at the end say goodbye, or forget the connection where it is lost. Raises LinkLost, OSError."""
        ...

    async def publish(self, number: int, topic: str, payload: bytes) -> bool:
        """Return when the broker has the message; at QoS 0 when it is written. False: the broker refused it.

        number: the message's own in this line; after a cut the same message comes again under the same number.
        Raises LinkLost where the connection is lost meanwhile.
        """
        ...

    async def watch(self) -> None:
        """Raise LinkLost when the connection is lost, also while nothing is being sent."""
        ...

    def cut(self) -> bool:
        """Cut the connection under the library's feet, no DISCONNECT is sent; False where there is none."""
        ...


class _Socket(Protocol):
    def fileno(self) -> int: ...


def cut_socket(sock: _Socket | None) -> bool:
    """Shut a connected socket both ways. Through a copy: the library's own object, TLS or not, learns it by reading."""
    if sock is None or sock.fileno() < 0:
        return False
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
        return True
    return False
