"""Rows for the city of every kind: 23 days of it by a seed, with gaps, missing values, and devices that come later.

days 0 to 18   flows and tanks by night only: so many nights make what is usual
days 19 to 22  23:30 ----- 05:15 of the city: readings each quarter of an hour, so that there are midnights (one is
                 |---|       a Monday's) and nights; half an hour of readings each minute, on two of them;
                  |-|        some minutes of readings each ten seconds
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gateway.rows import QOS1, Row, RowKind
from tests.support.engine import SECOND, START

__all__ = ["CALLS", "rows_of_every_kind"]

_DAY = 86_400
_BUSY, _END = 19, 23
_EDGES = (0, 10, _BUSY, 20, 22, _END)
CALLS = tuple(day * _DAY for day in _EDGES[1:])
"""End of each call's rows in seconds after START: the fourth has a Monday's midnight in its middle."""
_EVENING, _MORNING = 3.5 * 3600, 9.25 * 3600
"""23:30 and 05:15 of Shanghai, after START."""
_NIGHT = 5.75 * 3600
"""01:45."""
_DENSE = 6.5 * 3600 + 300
"""02:35."""
_DENSE_DAYS = (20, 21)
_SKEW = 4.0
"""Seconds by which a message may be late, so that others overtake it."""
_LEAK = 21 * _DAY

Values = Mapping[str, Sequence[float]]
"""What each quantity may be; the first is usual, on the last days less so."""


@dataclass(frozen=True)
class _Speaker:
    kind: str
    name: str
    zone: str
    values: Values
    late: bool
    """Is not there from the start."""


_VALUES: dict[str, Values] = {
    "gas": {"lel": (1, 21, 23, 60), "co": (5, 30)},
    "meter": dict.fromkeys(("u_a", "u_b", "u_c"), (220, 219, 197, 150, 186)) | {"thd": (0.02, 0.09), "f": (50, 50.3)},
    "unit": {"u_ab": (380, 384), "u_bc": (380, 379), "u_ca": (380, 340), "s": (200, 600), "oil": (60, 99)},
    "loop": {"speed": (60, 55, 8), "flow": (300, 900), "occupancy": (0.1, 0.5)},
    "speed": {"speed": (60, 50, 10)},
    "flow": {"flow": (50, 51, 120)},
    "pressure": {"pressure": (400, 401, 320)},
    "drain": {"level": (0.1, 0.12, 0.45, 2.6)},
    "well": {"level": (10, 12, 250)},
    "rain": {"rain": (0, 0, 0, 2)},
    "tank": {"level": (2.0, 2.002)},
    "event": {"event": (1, 2, 4), "duration": (0.1, 5, 90, 850, 1200), "residual": (0.95, 0.6, 0.05)},
    "supply": {"energy": (20,)},
    "home": {"energy": (9, 9, 9, 2)},
    "counter": {"volume": (20, 8)},
}
_NAMES = (
    "a/gas: g1 g2 g3* / a/meter: m1 / a/unit: u1 / a/loop: l1 l2 l3* / a/speed: s1* s2 s2b* / a/flow: f1 f2 f3",
    "a/pressure: p1 / a/drain: d1 d2* / a/well: w1 / a/rain: q1 / a/tank: t1 / a/event: e1 e2 / a/supply: head-a",
    "a/home: h1 h2* / a/counter: c1 x-counter*",
    # of zone b, only u2, s4 and d3 are listed
    "b/gas: x-gas* / b/meter: x-meter* / b/unit: u2 / b/loop: x-loop y-loop* / b/speed: s4 x-speed*",
    "b/flow: x-flow y-flow* / b/pressure: x-pressure* y-pressure* / b/drain: d3 x-drain* / b/rain: x-rain*",
    "b/event: x-event* / b/supply: x-head y-head* / b/home: x-home* y-home* / b/counter: y-counter*",
)


def _speakers() -> Iterator[_Speaker]:
    for group in " / ".join(_NAMES).split(" / "):
        place, names = group.split(": ")
        zone, kind = place.split("/")
        for name in names.split():
            yield _Speaker(kind, name.rstrip("*"), zone, _VALUES[kind], name.endswith("*"))


_SPEAKERS = tuple(_speakers())
_MINUTELY = ("flow", "pressure", "loop", "meter", "unit")
_QUARTERLY = frozenset(_VALUES) - {"gas", "meter", "unit"}
_COUNTED = ("supply", "home", "counter")


def rows_of_every_kind(seed: int) -> list[list[Row]]:
    """Rows by call, in order of receipt."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[float, Row]] = []
    for who in _SPEAKERS:
        secs = _times(who.kind, rng)
        begin = _first(who.kind, rng) if who.late else 0.0
        quiet = secs < _BUSY * _DAY
        secs = secs[(secs >= begin) & (quiet | (rng.random(len(secs)) < 0.92))]
        came = secs + rng.random(len(secs)) * _SKEW
        for at, receipt, body in zip(secs.tolist(), came.tolist(), _bodies(who, secs, rng), strict=True):
            payload = f'{{"ts":{START // 1_000_000 + round(at * 1000)}{body}}}'.encode()
            topic = f"city/{who.zone}/{who.kind}/{who.name}"
            rows.append((receipt, Row(START + round(receipt * SECOND), RowKind.MESSAGE, 0, QOS1, topic, payload)))
    rows.sort(key=lambda pair: pair[0])
    edges = np.searchsorted([receipt for receipt, _ in rows], [0, *CALLS])
    return [[row for _, row in rows[a:b]] for a, b in pairwise(edges.tolist())]


def _first(kind: str, rng: np.random.Generator) -> float:
    """When a device comes that was not there from the start: in the middle of what the others say."""
    day = float(rng.choice([_BUSY, _BUSY + 1, _BUSY + 1, _BUSY + 2]))
    if kind == "gas":
        return day * _DAY + _DENSE + rng.uniform(0, 100)
    minutely = kind in _MINUTELY and rng.random() < 0.5
    return day * _DAY + (_DENSE + rng.uniform(0, 1200) if minutely else rng.uniform(_EVENING, _MORNING - 3600))


def _times(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Seconds after START, ascending, no two the same."""
    parts: list[NDArray[np.float64]] = []
    for day in range(0 if kind in ("flow", "tank") else _BUSY, _END):
        begin = day * _DAY
        if kind in _QUARTERLY:
            quarters = np.arange(_EVENING if day >= _BUSY else _NIGHT, _MORNING, 900)
            parts.append((begin + quarters + rng.integers(0, 200, len(quarters))).astype(np.float64))
        if kind in _MINUTELY and day in _DENSE_DAYS:
            minutes = np.arange(45 if kind == "meter" else 30) * 60
            parts.append((begin + _DENSE + minutes + rng.integers(0, 50, len(minutes))).astype(np.float64) + 0.5)
        if kind == "gas":
            tens = np.arange(12) * 10
            parts.append((begin + _DENSE + tens + rng.integers(0, 9, len(tens))).astype(np.float64))
    return np.unique(np.concatenate(parts))


def _bodies(who: _Speaker, secs: NDArray[np.float64], rng: np.random.Generator) -> list[str]:
    """The JSON of each message's values: long runs of what is usual, then of something else."""
    n = len(secs)
    columns, busy = [], secs >= _BUSY * _DAY
    for name, choices in who.values.items():
        run = (rng.random(n) < 0.25).cumsum()
        drawn = rng.integers(0, len(choices), n + 1)[run]
        usual = rng.random(n) < np.where(secs < (_BUSY + 1.3) * _DAY, 0.8, 0.3)
        value = np.array(choices, np.float64)[np.where(usual, 0, drawn)]
        if who.kind in _COUNTED:
            value = np.cumsum(value * np.diff(secs, prepend=0) / 3600)
            value = value % 1000 if who.kind == "home" else value
        if who.kind == "flow":  # quiet nights, then leaks
            value = np.where(busy, value + 80 * (secs > _LEAK), 50.0)
        missing, absent = busy & (rng.random(n) < 0.03), busy & (rng.random(n) < 0.05)
        columns.append([
            "" if gone else f',"{name}":{"null" if none else format(number, ".6g")}'
            for gone, none, number in zip(absent, missing, value.tolist(), strict=True)
        ])  # fmt: skip
    return ["".join(parts) for parts in zip(*columns, strict=True)]
