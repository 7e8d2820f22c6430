"""A small profile of any payload format, and what its decoder makes of one message."""

from typing import Any, NamedTuple

import numpy as np

from gateway.codecs.compiled import Bounds, CompiledProfile, State, compile_profile
from gateway.config.profiles import load_profiles

__all__ = ["NOON", "Told", "compiled_as", "told_by"]

NOON = 1_772_366_400 * 10**9
"""2026-03-01T12:00:00Z"""


class Told(NamedTuple):
    """What became of one message."""

    rows: list[tuple[int, dict[str, float | None]]]
    """(event time, value of each quantity that is there; None: missing)."""
    keys: list[str] | None
    invalid: list[tuple[str, str]]
    """(quantity, reason)."""
    refused: str
    """Why it is rejected or ignored; empty: it is neither."""
    detail: str


def compiled_as(codec: str, bounds: Bounds | None = None, **changes: Any) -> CompiledProfile:
    """A profile with the fields v (Cel) and w (1), stamped at receipt unless told otherwise."""
    base: dict[str, Any] = {
        "name": "thing", "topic": "x/{device}", "codec": codec, "interval_secs": 60, "identity": {"topic": "{device}"},
        "time": {"format": "receipt"},
        "fields": {"v": {"path": "v", "unit": "Cel"}, "w": {"path": "w", "unit": "1"}},
    }  # fmt: skip
    table = {key: value for key, value in (base | changes).items() if value is not None}
    return compile_profile(load_profiles({"thing": table})[0], bounds)


def told_by(profile: CompiledProfile, payload: bytes, received_at: int = NOON) -> Told:
    """Decode one message."""
    decoded = profile.decode([payload], ["x/1"], np.array([received_at]))
    rows = []
    for r in range(len(decoded.message)):
        values = {
            quantity.name: float(decoded.value[r, k]) if decoded.state[r, k] == State.PRESENT else None
            for k, quantity in enumerate(profile.quantities)
            if decoded.state[r, k] in (State.PRESENT, State.MISSING)
        }
        rows.append((int(decoded.ts[r]), values))
    gone: list[tuple[Any, ...]] = [*decoded.rejected, *decoded.ignored]
    refused, detail = (str(gone[0][1]), gone[0][2] if len(gone[0]) > 2 else "") if gone else ("", "")
    invalid = [(fault.quantity, str(fault.reason)) for fault in decoded.invalid]
    return Told(rows, decoded.keys, invalid, refused, detail)
