"""Where a trial runs: kinds of brokers, and the gateway's configuration."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from tests.support.brokers import PlainMosquitto, running_embedded

__all__ = ["Broker", "HasPort", "Link", "clock_settings", "embedded", "merged", "mosquitto", "toml"]


class HasPort(Protocol):
    """A broker, or what stands before one."""

    port: int


Broker = Callable[[Path], AbstractContextManager[Any]]
"""Given a folder: a running broker with a `port`, which the trial shows as `broker`."""
Link = Callable[[int], AbstractAsyncContextManager[Any]]
"""Given the broker's port: a way to it with a `port` for the gateway, such as tests.support.proxy.Proxy."""


def embedded(_: Path) -> AbstractContextManager[Any]:
    """rumqttd, as the demo has it: in memory, 100 messages in flight."""
    return running_embedded()


@contextmanager
def mosquitto(folder: Path) -> Iterator[PlainMosquitto]:
    """mosquitto without caps that saves each change: what it acknowledged outlives it."""
    with PlainMosquitto.running(
        folder, f"persistence true\npersistence_location {folder}/\nautosave_on_changes true\nautosave_interval 1\n"
    ) as broker:
        yield broker


def clock_settings(origin: int, start: int, speed: float) -> dict[str, Any]:
    """The city clock of a gateway; UTC ns."""
    return {"kind": "scaled", "origin": _text(origin), "start": _text(start), "speed": speed}


def _text(moment: int) -> str:
    """RFC 3339; to the microsecond."""
    secs, ns = divmod(moment, 1_000_000_000)
    return datetime.fromtimestamp(secs, UTC).replace(microsecond=ns // 1000).isoformat()


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merged, anything else replaced."""
    out = dict(base)
    for key, value in changes.items():
        there = out.get(key)
        out[key] = merged(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return out


def toml(settings: Mapping[str, Any], path: str = "") -> str:
    """Settings as a file has them."""
    plain = [f"{key} = {_value(each)}\n" for key, each in settings.items() if not isinstance(each, Mapping)]
    head = f"[{path}]\n" if path and plain else ""
    tables = [
        toml(each, f"{path}.{key}" if path else key) for key, each in settings.items() if isinstance(each, Mapping)
    ]
    return head + "".join(plain) + "".join(tables)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
