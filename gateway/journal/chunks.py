"""Chunks of the inbox: the rows of one append as bytes, what is counted of them, and their checksum."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gateway.rows import NO_MESSAGE, QOS1, RowKind, Rows, Run

__all__ = ["Stored", "contents_of", "rows_of"]

_MESSAGE, _REPLAY, _LOST = int(RowKind.MESSAGE), int(RowKind.REPLAY), int(RowKind.LOST)


class Stored(msgspec.Struct, array_like=True, gc=False):
    """A run, or a row of version 1."""

    received_at: int | list[int]
    kind: int
    source: int
    flags: int
    topics: list[str] | str
    payloads: list[bytes] | bytes


def rows_of(stored: Sequence[Stored]) -> Rows:
    """The rows of a body."""
    parts: list[Rows] = []
    for each in stored:
        at, topics, payloads = each.received_at, each.topics, each.payloads
        if isinstance(topics, list) and isinstance(payloads, list):
            parts.append(Rows([Run(at, each.kind, each.source, each.flags, topics, payloads)]))
        elif isinstance(at, int) and isinstance(topics, str) and isinstance(payloads, bytes):
            parts.append(Rows([Run(at, each.kind, each.source, each.flags, [topics], [payloads])]))
        else:
            raise msgspec.DecodeError("neither a run nor a row")
    return Rows.joined(parts)


def contents_of(rows: Rows) -> tuple[Counter[int], dict[int, int]]:
    """Messages (MESSAGE or REPLAY, or one that was LOST) and QoS 1 messages (MESSAGE only) by source."""
    messages: Counter[int] = Counter()
    qos1: dict[int, int] = {}
    for run in rows.runs:
        if run.kind in (_MESSAGE, _REPLAY) or (run.kind == _LOST and not run.flags & NO_MESSAGE):
            messages[run.source] += len(run)
        if run.kind == _MESSAGE and run.flags & QOS1:
            qos1[run.source] = qos1.get(run.source, 0) + len(run)
    return messages, qos1
