"""Rows for the city of every kind: days of it by a seed, with gaps, missing values, and strangers that come later.

day    23:30 ----- 05:15 of the city: readings each quarter of an hour, so that there are midnights and nights
             |---|       half an hour of readings each minute
              |-|        some minutes of readings each ten seconds
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.rows import QOS1, Row, RowKind
from tests.support.engine import SECOND, START

__all__ = ["DAY", "days_of_every_kind"]

DAY = 86_400
_EVENING, _MORNING = 3.5 * 3600, 9.25 * 3600
"""23:30 and 05:15 of Shanghai, after START."""
_SKEW = 4.0
"""Seconds that a message may be overtaken by others."""

Values = Mapping[str, Sequence[float]]
"""What each quantity may be; the last one is drawn more often in the second half of the run."""


@dataclass(frozen=True)
class _Speaker:
    kind: str
    name: str
    zone: str
    values: Values
    stranger: bool = False


def _speakers() -> list[_Speaker]:
    out = []
    phases: Values = {name: (220, 219, 197, 150, 186) for name in ("u_a", "u_b", "u_c")}
    loops: Values = {"speed": (60, 55, 8), "flow": (300, 900), "occupancy": (0.1, 0.5)}
    drains: Values = {"level": (0.1, 0.12, 0.45, 2.6)}
    for name, zone in (("g1", "a"), ("g2", "a"), ("g3", "a"), ("x-gas", "b")):
        out.append(_Speaker("gas", name, zone, {"lel": (1, 21, 23, 60), "co": (5, 30)}, zone == "b"))
    for name, zone in (("m1", "a"), ("x-meter", "b")):
        out.append(_Speaker("meter", name, zone, phases | {"thd": (0.02, 0.09), "f": (50, 50.3)}, zone == "b"))
    for name, zone in (("u1", "a"), ("u2", "b")):
        lines: Values = {"u_ab": (380, 384), "u_bc": (380, 379), "u_ca": (380, 340)}
        out.append(_Speaker("unit", name, zone, lines | {"s": (200, 600), "oil": (60, 99)}))
    for name, zone in (("l1", "a"), ("l2", "a"), ("l3", "a"), ("x-loop", "b"), ("y-loop", "b")):
        out.append(_Speaker("loop", name, zone, loops, zone == "b"))
    for name, zone in (("s1", "a"), ("s2", "a"), ("s2b", "a"), ("x-speed", "b"), ("y-speed", "b")):
        out.append(_Speaker("speed", name, zone, {"speed": (60, 50, 10)}, zone == "b"))
    for name, zone in (("f1", "a"), ("f2", "a"), ("f3", "a"), ("x-flow", "b"), ("y-flow", "b")):
        out.append(_Speaker("flow", name, zone, {"flow": (50, 51, 120)}, zone == "b"))
    for name, zone in (("p1", "a"), ("x-pressure", "b"), ("y-pressure", "b")):
        out.append(_Speaker("pressure", name, zone, {"pressure": (400, 401, 320)}, zone == "b"))
    for name, zone in (("d1", "a"), ("d2", "a"), ("d3", "b"), ("x-drain", "b")):
        out.append(_Speaker("drain", name, zone, drains, name == "x-drain"))
    out.append(_Speaker("well", "w1", "a", {"level": (10, 12, 250)}))
    for name, zone in (("q1", "a"), ("x-rain", "b")):
        out.append(_Speaker("rain", name, zone, {"rain": (0, 0, 0, 2)}, zone == "b"))
    out.append(_Speaker("tank", "t1", "a", {"level": (2.0, 2.1)}))
    for name, zone in (("e1", "a"), ("x-event", "b")):
        events: Values = {"event": (1, 2, 4), "duration": (0.1, 5, 90), "residual": (0.95, 0.6, 0.05)}
        out.append(_Speaker("event", name, zone, events, zone == "b"))
    for name, zone in (("head-a", "a"), ("x-head", "b")):
        out.append(_Speaker("supply", name, zone, {"energy": (20,)}, zone == "b"))
    for name, zone in (("h1", "a"), ("h2", "a"), ("x-home", "b"), ("y-home", "b")):
        out.append(_Speaker("home", name, zone, {"energy": (9, 9, 9, 2)}, zone == "b"))
    for name, zone in (("c1", "a"), ("x-counter", "a"), ("y-counter", "b")):
        out.append(_Speaker("counter", name, zone, {"volume": (20, 8)}, name != "c1"))
    return out


_SPEAKERS = _speakers()
_MINUTELY = ("flow", "pressure", "loop", "meter", "unit")
_QUARTERLY = (
    "drain",
    "well",
    "rain",
    "tank",
    "supply",
    "home",
    "counter",
    "speed",
    "flow",
    "event",
    "pressure",
    "loop",
)
_COUNTED = ("supply", "home", "counter")


def days_of_every_kind(seed: int, calls: int, days: int) -> list[list[Row]]:
    """Rows by call, each of so many days, in order of receipt."""
    rng = np.random.default_rng(seed)
    rows: list[list[tuple[float, Row]]] = [[] for _ in range(calls)]
    last = calls * days * DAY
    for who in _SPEAKERS:
        secs = _times(who.kind, calls * days, rng)
        begin = float(rng.integers(0, last // 3)) if who.stranger else 0.0
        secs = secs[(secs >= begin) & (rng.random(len(secs)) < 0.9)]
        came = secs + rng.random(len(secs)) * _SKEW
        for at, receipt, body in zip(secs.tolist(), came.tolist(), _bodies(who, secs, last, rng), strict=True):
            ts = START // 1_000_000 + round(at * 1000)
            row = Row(
                START + round(receipt * SECOND), RowKind.MESSAGE, 0, QOS1, f"city/{who.zone}/{who.kind}/{who.name}",
                f'{{"ts":{ts}{body}}}'.encode(),
            )  # fmt: skip
            rows[int(receipt // (days * DAY))].append((receipt, row))
    return [[row for _, row in sorted(call, key=lambda pair: pair[0])] for call in rows]


def _times(kind: str, days: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Seconds after START, ascending, no two the same."""
    parts = []
    for day in range(days):
        begin = day * DAY
        if kind in _QUARTERLY:
            quarters = np.arange(_EVENING, _MORNING, 900)
            parts.append(begin + quarters + rng.integers(0, 200, len(quarters)))
        # the same half hour for all of them, in the middle of the night
        dense = begin + 6.5 * 3600 + 300
        if kind in _MINUTELY and day % 2:
            minutes = np.arange(0, 30 if kind != "meter" else 45) * 60
            parts.append(dense + minutes + rng.integers(0, 50, len(minutes)) + 0.5)
        if kind == "gas":
            tens = np.arange(12) * 10
            parts.append(dense + tens + rng.integers(0, 9, len(tens)))
    return np.unique(np.concatenate(parts))


def _bodies(who: _Speaker, secs: NDArray[np.float64], last: float, rng: np.random.Generator) -> list[str]:
    """The JSON of each message's values: long runs of what is usual, then of something else."""
    n = len(secs)
    columns = []
    for name, choices in who.values.items():
        run = (rng.random(n) < 0.25).cumsum()
        drawn = rng.integers(0, len(choices), n + 1)[run]
        usual = rng.random(n) < np.where(secs < last / 2, 0.8, 0.3)
        value = np.array(choices, np.float64)[np.where(usual, 0, drawn)]
        if who.kind in _COUNTED:
            value = np.cumsum(value * np.diff(secs, prepend=0) / 3600)
            value = value % 1000 if who.kind == "home" else value
        missing, absent = rng.random(n) < 0.03, rng.random(n) < 0.05
        columns.append([
            "" if gone else f',"{name}":{"null" if none else format(number, ".6g")}'
            for gone, none, number in zip(absent, missing, value.tolist(), strict=True)
        ])  # fmt: skip
    return ["".join(parts) for parts in zip(*columns, strict=True)]
