"""How a connection speaks: by which library, in which version of MQTT, at which QoS. One way for all, or mixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["CLIENTS", "PROTOCOLS", "Dialect", "Dialects"]

CLIENTS = ("aiomqtt", "paho")
PROTOCOLS = ("5", "3.1.1")
_QOS = ("0", "1", "2")
_MIXED = "mixed"


class Dialect(NamedTuple):
    """Of one connection."""

    client: str
    protocol: str
    qos: int


@dataclass(frozen=True, slots=True)
class Dialects:
    """Of all connections: each takes the next of every list, in such a way that all combinations come."""

    clients: tuple[str, ...] = ("aiomqtt",)
    protocols: tuple[str, ...] = ("5",)
    qos: tuple[int, ...] = (1,)

    @classmethod
    def parse(cls, client: str = "aiomqtt", protocol: str = "5", qos: str = "1") -> "Dialects":
        """Each is one of its kind, several with commas between them, or `mixed`. Raises ValueError."""
        return cls(
            _names("client", client, CLIENTS),
            _names("protocol", protocol, PROTOCOLS),
            tuple(map(int, _names("QoS", qos, _QOS))),
        )

    def of(self, connection: int) -> Dialect:
        """Of connection 0, 1, 2 ..."""
        clients, protocols, qos = self.clients, self.protocols, self.qos
        turn = connection // len(clients)
        shift = turn // len(protocols)
        return Dialect(
            clients[connection % len(clients)],
            protocols[turn % len(protocols)],
            qos[(connection + shift) % len(qos)],
        )


def _names(what: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    if text == _MIXED:
        return tuple(known)
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in known:
            raise ValueError(f"there is no {what} {name!r}: {', '.join(known)} or {_MIXED}")
    return names
