"""Bodies whose name stands in the topic: `61` on `.../attrs/level` is read as `{"level":61}`.

A list is wrapped element by element: `[{"value":44}]` there is `[{"level":{"value":44}}]`.
"""

from collections.abc import Sequence

import msgspec

from gateway.config.topic_template import TopicTemplate

__all__ = ["Wrapper"]

_MOST_TOPICS = 4096


class Wrapper:
    """Wraps the messages of one profile. Never called concurrently."""

    def __init__(self, templates: Sequence[TopicTemplate], variable: str) -> None:
        self._templates = [template for template in templates if variable in template.variables]
        self._variable = variable
        self._prefixes: dict[str, bytes] = {}

    def wrap(self, topics: Sequence[str], payloads: Sequence[bytes]) -> list[bytes]:
        """The payloads as objects. What is no JSON, or whose topic names nothing, stays as it is."""
        out = list(payloads)
        for k, (topic, payload) in enumerate(zip(topics, payloads, strict=True)):
            prefix = self._prefix(topic)
            if prefix and payload:
                out[k] = _wrapped(prefix, payload)
        return out

    def _prefix(self, topic: str) -> bytes:
        prefix = self._prefixes.get(topic)
        if prefix is None:
            found = next((match for one in self._templates if (match := one.match(topic))), None)
            prefix = b"" if found is None else b"{" + msgspec.json.encode(found[self._variable]) + b":"
            if len(self._prefixes) >= _MOST_TOPICS:
                self._prefixes.clear()
            self._prefixes[topic] = prefix
        return prefix


def _wrapped(prefix: bytes, payload: bytes) -> bytes:
    try:
        # a body that is no JSON by itself must not become some between braces
        if payload.lstrip().startswith(b"["):
            each: list[msgspec.Raw] = msgspec.json.decode(payload, type=list[msgspec.Raw])
            return b"[" + b",".join(prefix + bytes(one) + b"}" for one in each) + b"]"
        return prefix + bytes(msgspec.json.decode(payload, type=msgspec.Raw)) + b"}"
    except msgspec.MsgspecError:
        return payload
