"""An incident on a time line: which of its alarms and reports stood when, and what happened to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Bar", "TimeLine", "places_in", "report_moves", "time_line"]

_TICKS = 5
_NICE_SECS = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800)
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bar:
    """A member on the time line: where it begins and ends, as shares of the whole."""

    part: str
    part_type: str
    kind: str
    asset: str
    begin: float
    end: float
    stands: bool
    is_cause: bool


@dataclass(frozen=True, slots=True)
class TimeLine:
    """[start, end) in UTC ns, its members, and (share, UTC ns) of the ticks."""

    start: int
    end: int
    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, int]]


def time_line(incident: Mapping[str, Any], now: int) -> TimeLine:
    """Of the desk's answer to `incident`; `now`: the city's time, UTC ns."""
    members = incident["members"]
    begins = [int(member["began"]) for member in members] or [int(incident["since"])]
    ends = [int(member["over"]) if member["over"] else now for member in members]
    start, end = min(begins), max([*ends, max(begins) + _SECOND])
    room = max((end - start) // 20, 30 * _SECOND)
    start, end = start - room, end + room
    span = end - start
    bars = [
        Bar(
            str(member["part"]),
            str(member["part_type"]),
            str(member["kind"]),
            str(member["asset"]),
            (int(member["began"]) - start) / span,
            ((int(member["over"]) if member["over"] else min(now, end)) - start) / span,
            not member["over"],
            str(member["part"]) == str(incident["cause"]),
        )
        for member in members
    ]
    step = next((each for each in _NICE_SECS if span / _SECOND / each <= _TICKS), _NICE_SECS[-1]) * _SECOND
    ticks = [((at - start) / span, at) for at in range((start // step + 1) * step, end, step)]
    return TimeLine(start, end, bars, ticks)


def places_in(incident: Mapping[str, Any], devices: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Assets and zones that an incident is about: of a device, what it stands on."""
    out = set()
    for member in incident["members"]:
        name = str(member["asset"])
        device = devices.get(name)
        out.add(str(device["asset"] or device["zone"]) if device is not None else name)
    out.add(str(incident["zone"]))
    return out - {""}


_MOVES = {
    "received": ("accepted", "dispatched", "resolved"), "accepted": ("dispatched", "resolved"),
    "dispatched": ("resolved",), "resolved": ("confirmed", "reopened"), "confirmed": ("reopened",),
    "reopened": ("accepted", "dispatched", "resolved"),
}  # fmt: skip


def report_moves(state: str) -> Sequence[str]:
    """Where a report can go from a state, the usual one first."""
    return _MOVES.get(state, ())
