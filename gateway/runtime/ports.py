"""Ports for parts that run on this machine for a while: the embedded broker of a demo, of a measurement, of a test."""

import secrets
import socket

__all__ = ["HOST", "free_ports", "is_free"]

HOST = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000
"""Below the ports that Linux and macOS give to outgoing connections: none of those comes in between."""


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nobody listens on; drawn at random, so that two who ask get different ones.

    Raises:
        OSError: there are not so many.
    """
    found: list[int] = []
    for _ in range(_LAST - _FIRST):
        if len(found) == count:
            return found
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in found and is_free(port):
            found.append(port)
    raise OSError(f"{HOST} has no {count} free ports between {_FIRST} and {_LAST}")
