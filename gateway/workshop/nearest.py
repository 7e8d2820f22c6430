"""Of several profiles the one that comes nearest to a message that none of them takes, and what differs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.codecs.compiled import CompiledProfile
from gateway.codecs.decoded import State
from gateway.workshop.message import Heard, tidy
from gateway.workshop.topic_difference import difference

__all__ = ["Nearest", "nearest"]

_FAR = 0.34
"""A topic of which more than so much differs is not like the template."""
_ENOUGH = 0.5
"""A payload of which a profile reads less is none of its kind."""


class Nearest(NamedTuple):
    """A profile, and what keeps a message from it. An empty name: none comes near."""

    profile: str
    what: str


def nearest(profiles: Sequence[CompiledProfile], heard: Heard) -> Nearest:
    """The nearest profile by topic and payload together."""
    best: tuple[float, str, str] | None = None
    for one in profiles:
        far, what = min((difference(template, heard.topic) for template in one.profile.templates), default=(1.0, ""))
        read, total = _fields_read(one, heard)
        share = read / max(total, 1)
        if far > _FAR and share < _ENOUGH:
            continue
        parts = [f"topic: {what}" if what else "topic fits"]
        parts.append(f"payload: {read} of {total} fields" if read else "payload: nothing of it can be read")
        score = min(far, 1.5) - 1.5 * share
        if best is None or (score, one.name) < best[:2]:
            best = (score, one.name, "; ".join(parts))
    return Nearest("", "no profile comes near") if best is None else Nearest(best[1], tidy(best[2], 300))


def _fields_read(one: CompiledProfile, heard: Heard) -> tuple[int, int]:
    """How many of a profile's quantities the payload has, were the topic the profile's; and how many there are."""
    receipt = np.array([heard.received_at or 0], np.int64)
    decoded = one.decode([heard.payload], [heard.topic], receipt)
    read = np.isin(decoded.state, (State.PRESENT, State.MISSING)).any(axis=0)
    return int(read.sum()), len(one.quantities)
