"""A device or an asset as its page shows it: groups of quantities, alarms on the time axis, neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import cos, hypot, radians
from typing import Any

import numpy as np

from gateway.console.texts.words import Words
from gateway.console.view.chart_marks import AlarmSpan
from gateway.console.view.series import local_ms

__all__ = ["SPANS", "Group", "alarm_spans", "distance_m", "groups_of", "nearest", "safe_name"]

SPANS: Sequence[tuple[str, int]] = (
    ("1 h", 3_600),
    ("6 h", 21_600),
    ("24 h", 86_400),
    ("7 d", 604_800),
    ("30 d", 2_592_000),
)
"""What the time axis can show: label, seconds."""
_NOT_DRAWN = frozenset({"linkquality", "rssi"})
_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Quantities of one unit that share a chart."""

    unit: str
    quantities: tuple[str, ...]


def groups_of(series: Iterable[Mapping[str, Any]]) -> list[Group]:
    """By unit in order of appearance, at most four lines a chart."""
    by_unit: dict[str, list[str]] = {}
    for each in series:
        # ratios of different things share no axis
        key = str(each["unit"]) if each["unit"] not in ("1", "ratio") else f"{each['unit']} {each['quantity']}"
        by_unit.setdefault(key, []).append(str(each["quantity"]))
    out = []
    for key, quantities in by_unit.items():
        unit = key.partition(" ")[0]
        ordered = sorted(quantities, key=lambda name: name in _NOT_DRAWN)
        out += [Group(unit, tuple(ordered[at : at + _TOGETHER])) for at in range(0, len(ordered), _TOGETHER)]
    return sorted(out, key=lambda group: all(name in _NOT_DRAWN or name == "battery" for name in group.quantities))


def alarm_spans(
    changes: Iterable[Mapping[str, Any]], start: int, end: int, zone: tzinfo, words: Words, titles: Mapping[str, str]
) -> list[AlarmSpan]:
    """Changes of alarms as spans that touch [start, end), UTC ns; the most urgent first."""
    by_alarm: dict[str, list[Mapping[str, Any]]] = {}
    for change in changes:
        by_alarm.setdefault(str(change["alarm"]), []).append(change)
    out = []
    for own in by_alarm.values():
        ordered = sorted(own, key=lambda change: change["at"])
        begin = int(ordered[0]["since"])
        stands = ordered[-1]["state"] in ("unacknowledged", "acknowledged")
        returned = [int(change["at"]) for change in ordered if change["change"] in ("returned", "retired")]
        over = None if stands or not returned else returned[-1]
        if begin >= end or (over is not None and over < start):
            continue
        urgent = min(int(change["priority"]) for change in ordered)
        title = words.condition(str(ordered[0]["condition"]), titles.get(str(ordered[0]["condition"]), ""))
        x = local_ms(np.array([begin, end if over is None else over], np.int64), zone).tolist()
        out.append(AlarmSpan(x[0], None if over is None else x[1], urgent, title, str(ordered[0]["condition"])))
    return sorted(out, key=lambda span: (span.priority, -span.begin))


def distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Metres between two things with lon and lat, good enough within a city."""
    lat = radians((one["lat"] + other["lat"]) / 2)
    return hypot((one["lon"] - other["lon"]) * 111_320 * cos(lat), (one["lat"] - other["lat"]) * 110_574)


def nearest(
    device: Mapping[str, Any], devices: Iterable[Mapping[str, Any]], most: int = 8
) -> list[tuple[float, Mapping[str, Any]]]:
    """The nearest devices of the same profile, then of any: (metres, device)."""
    if device.get("lon") is None or device.get("lat") is None:
        return []
    found = [
        (distance_m(device, other), other) for other in devices
        if other["id"] != device["id"] and other.get("lon") is not None and other.get("lat") is not None
    ]  # fmt: skip
    same = sorted((each for each in found if each[1]["profile"] == device["profile"]), key=lambda each: each[0])
    return same[:most]


def safe_name(text: str) -> str:
    """Fit for the name of a file, whatever somebody called a device."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "_" for sign in text)[:60]
