"""From when to when the readings of lost blocks were, as far as what is left tells.

    blocks    whole (a..b)   lost   lost   whole (c..d)     by the readings' own times
    lost                     a ........................ d   but for late ones: these may be of any time before

Where no whole block with readings lies behind it, the last call says when that was. Where none lies before it, the
first call or the block behind, whichever is earlier, and the hour before.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

import numpy as np

from gateway.journal.block_queue import THINNED
from gateway.journal.blocks import decode
from gateway.journal.lost_hours import HOUR
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from processors.columns import ReadingBatch
from processors.flags import Why

__all__ = ["Span", "spans_of"]

Span = tuple[int, int]
"""UTC ns of the first and the last."""


def spans_of(wreck: OutboxWreck, again: Mapping[int, bytes], lost: Iterable[int]) -> dict[int, Span]:
    """Of each lost position of which anything tells. `again`: the blocks that could be computed again."""
    lost = list(lost)
    if not lost:
        return {}
    whole = {at for at, block in wreck.blocks.items() if block.kind != THINNED and block.readings}
    whole |= {at for at, body in again.items() if len(decode(body).readings)}
    known = sorted(whole)
    beside = {at: (_at(known, bisect_left(known, at) - 1), _at(known, bisect_left(known, at))) for at in lost}
    times = _times(wreck, again, {at for sides in beside.values() for at in sides if at is not None})
    calls = [step.now for step in wreck.steps.values()]
    out = {}
    for at, sides in beside.items():
        spans = [times[each] for each in sides if each in times]
        if sides[1] not in times and calls:
            spans.append((max(calls), max(calls)))
        if sides[0] not in times and spans:
            # calls are trimmed behind two snapshots: those that are left may be from long after a block that waits
            first = min([*calls, *(first for first, _ in spans)])
            spans.append((first - HOUR, first))
        if spans:
            out[at] = min(first for first, _ in spans), max(last for _, last in spans)
    return out


def _at(known: list[int], place: int) -> int | None:
    return known[place] if 0 <= place < len(known) else None


def _times(wreck: OutboxWreck, again: Mapping[int, bytes], wanted: set[int]) -> dict[int | None, Span]:
    out: dict[int | None, Span] = {at: _span(decode(body).readings) for at, body in again.items() if at in wanted}
    for facts, body in wreck.bodies():
        if facts.position in wanted:
            out[facts.position] = _span(decode(body).readings)
    return out


def _span(readings: ReadingBatch) -> Span:
    in_time = readings.ts[(readings.why & np.uint32(Why.LATE)) == 0]
    ts = in_time if len(in_time) else readings.ts
    return int(ts.min()), int(ts.max())
