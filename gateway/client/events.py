"""Live events out of the bytes of a stream of server-sent events. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["EventParser", "LiveEvent"]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened, or how it stood at the beginning."""

    kind: str
    """latest, aggregate, alarm; ready (where everything stands has been told); gap (events were lost)."""
    data: Mapping[str, Any]
    id: str = ""
    """Go on behind it with `after=`; empty for what is told of the beginning."""

    @property
    def lost(self) -> int | None:
        """Of a gap: how many; None: nobody knows."""
        lost: int | None = self.data.get("lost")
        return lost


class EventParser:
    """Fed with pieces as they come."""

    def __init__(self) -> None:
        self.last_id = ""
        self._rest = b""
        self._fields: dict[bytes, bytes] = {}

    def feed(self, piece: bytes) -> list[LiveEvent]:
        """The events that end in it."""
        out = []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if line.strip(b"\r"):
                name, _, value = line.rstrip(b"\r").partition(b":")
                self._fields[name] = value.removeprefix(b" ")  # what begins with a colon is a comment
                continue
            if b"data" in self._fields:
                event_id = self._fields.get(b"id", b"").decode()
                self.last_id = event_id or self.last_id
                data = msgspec.json.decode(self._fields[b"data"])
                out.append(LiveEvent(self._fields.get(b"event", b"message").decode(), data, event_id))
            self._fields = {}
        return out
