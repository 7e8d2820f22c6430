"""Who is measured in turns: the gateway, Telegraf, a script. Each is one process on the same ground."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.children import Child

__all__ = ["Contender", "Ground"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a round gives to each."""

    host: str
    port: int
    """MQTT 5."""
    port_3: int
    """MQTT 3.1.1, of the same broker."""
    url: str
    """Where InfluxDB, or what stands for it, takes writes."""
    folder: Path
    log: Path
    connections: int


@dataclass(frozen=True, slots=True)
class Contender:
    """Started on a ground, and again on it after a `kill -9`."""

    name: str
    start: Callable[[Ground, ExitStack], Child]
    most_per_s: float | None = None
    """It is known to take in no more messages a second: a round asks no more of it."""
