"""What tests of checks share: readings as tuples, and all checks of one series done plainly, reading by reading."""

import math
from collections import defaultdict
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.flags import Why
from processors.quality.checks import QualityChecks
from processors.quality.limits import QualityLimits

S = 1_000_000_000
NAN = math.nan
T0 = 1_777_600_800 * S
"""2026-05-01T02:00 UTC, a multiple of 15 minutes."""


class Sent(NamedTuple):
    """A reading as it arrives: `at` seconds after T0."""

    series: int
    at: float
    value: float
    flag: int = 1
    hour: int = 0


class Judged(NamedTuple):
    flag: int
    why: int


def columns(sent: list[Sent]) -> tuple[NDArray[Any], ...]:
    """series, ts, value, flag, why, hour_of_week as `judge` takes them; NaN becomes MISSING."""
    flag = [9 if math.isnan(s.value) else s.flag for s in sent]
    return (
        np.array([s.series for s in sent], np.int32),
        np.array([T0 + round(s.at * S) for s in sent], np.int64),
        np.array([s.value for s in sent], np.float64),
        np.array(flag, np.uint8),
        np.array([Why.MISSING_VALUE if f == 9 else Why.GROSS_RANGE if f >= 3 else 0 for f in flag], np.uint32),
        np.array([s.hour for s in sent], np.int64),
    )


def checks(n: int, **settings: Any) -> QualityChecks:
    """Checks of n series, all with the same settings."""
    made = QualityChecks()
    made.grow(n)
    made.configure(np.arange(n), QualityLimits.of(n, **settings))
    return made


def judge(made: QualityChecks, sent: list[Sent], cuts: list[int] | None = None) -> list[Judged]:
    """What readings end up with, rewrites taken in, when they come in batches that end at `cuts`."""
    series, ts, *rest = columns(sent)
    flags, whys = np.zeros(len(sent), np.uint8), np.zeros(len(sent), np.uint32)
    bounds = [0, *sorted(cuts or []), len(sent)]
    for begin, end in pairwise(bounds):
        part = slice(begin, end)
        flags[part], whys[part], rewrites = made.judge(series[part], ts[part], *(column[part] for column in rest))
        for s, t, flag, why in zip(*(column.tolist() for column in rewrites.arrays().values()), strict=True):
            (k,) = np.flatnonzero((series[:begin] == s) & (ts[:begin] == t) & _in_order(series[:begin], ts[:begin]))
            flags[k], whys[k] = flag, why
    return [Judged(*pair) for pair in zip(flags.tolist(), whys.tolist(), strict=True)]


def _in_order(series: NDArray[Any], ts: NDArray[Any]) -> NDArray[np.bool_]:
    newest: dict[int, int] = {}
    out = np.zeros(len(series), np.bool_)
    for k, (s, t) in enumerate(zip(series.tolist(), ts.tolist(), strict=True)):
        out[k] = t > newest.get(s, t - 1)
        newest[s] = max(t, newest.get(s, t))
    return out


RANK = {9: 0, 2: 1, 1: 2, 3: 3, 4: 4}


class Plain:
    """Every check, one reading after the other, with all readings of a series at hand."""

    def __init__(self, **settings: Any) -> None:
        rows = QualityLimits.of(1, **settings)
        self.limits = {name: getattr(rows, name).tolist()[0] for name in rows.__dataclass_fields__}
        self.of: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.weeks: dict[tuple[int, int], list[float]] = {}
        self.visit: dict[int, tuple[int, float, list[float]]] = {}

    def judge(self, sent: list[Sent]) -> list[Judged]:
        """Flags and reasons of readings as they are at the end."""
        columns_ = [column.tolist() for column in columns(sent)]
        out: list[dict[str, Any]] = []
        for series, ts, value, flag, why, hour in zip(*columns_, strict=True):
            own: dict[str, Any] = {"ts": ts, "value": value, "used": NAN if flag == 4 else value}
            own |= {"flag": flag, "why": why, "hour": hour}
            out.append(own)
            held = self.of[series]
            ordered = not held or ts > held[-1]["ts"]
            if ordered:
                held.append(own)
                self._steps(held)
                self._flat(held)
                self._attenuated(held)
            self._climate(series, own, ordered)
            if ordered:
                self._spike(held)
        return [Judged(own["flag"], own["why"]) for own in out]

    def _add(self, own: dict[str, Any], known: bool, suspect: bool, fail: bool, bit: Why) -> None:
        if own["flag"] == 9 or (own["flag"] == 4 and math.isnan(own["used"]) and bit != Why.TIME_GAP):
            if bit == Why.TIME_GAP and known and (suspect or fail):
                own["why"] |= bit
            return
        flag = 2 if not known else 4 if fail else 3 if suspect else 1
        own["flag"] = max(own["flag"], flag, key=RANK.__getitem__)
        if flag in (3, 4):
            own["why"] |= bit

    def _asked(self, name: str) -> bool:
        return not (math.isnan(self.limits[f"{name}_suspect"]) and math.isnan(self.limits[f"{name}_fail"]))

    def _above(self, own: dict[str, Any], score: float, name: str, bit: Why) -> None:
        if self._asked(name):
            suspect, fail = self.limits[f"{name}_suspect"], self.limits[f"{name}_fail"]
            self._add(own, not math.isnan(score), score > suspect, score > fail, bit)

    def _steps(self, held: list[dict[str, Any]]) -> None:
        own = held[-1]
        rate = since = NAN
        if len(held) > 1:
            since = (own["ts"] - held[-2]["ts"]) / 1e9
            rate = abs(own["used"] - held[-2]["used"]) / since
        self._above(own, rate, "rate", Why.RATE_OF_CHANGE)
        self._above(own, since, "gap", Why.TIME_GAP)

    def _spike(self, held: list[dict[str, Any]]) -> None:
        if len(held) < 3:
            return
        a, b, c = (own["used"] for own in held[-3:])
        score = abs(b - (a + c) / 2)
        if self.limits["spike_differential"]:
            score = min(abs(b - a), abs(c - b)) if (b - a) * (c - b) < 0 else 0.0 * (a + b + c)
        if score > self.limits["spike_suspect"] or score > self.limits["spike_fail"]:
            self._above(held[-2], score, "spike", Why.SPIKE)

    def _flat(self, held: list[dict[str, Any]]) -> None:
        if not self._asked("flat"):
            return
        gap = min(
            (x for x in (self.limits["gap_suspect"], self.limits["gap_fail"]) if not math.isnan(x)), default=math.inf
        )
        run: list[dict[str, Any]] = []
        before = None
        for own in held:
            if before is not None and (own["ts"] - before["ts"]) / 1e9 > gap:
                run = []
            before = own
            if math.isnan(own["used"]):
                continue
            values = [r["used"] for r in run] + [own["used"]]
            run = [*run, own] if max(values) - min(values) <= self.limits["flat_tolerance"] else [own]
        own = held[-1]
        if math.isnan(own["used"]):
            return
        lasted = (own["ts"] - run[0]["ts"]) / 1e9
        enough = len(run) >= self.limits["flat_count"]
        suspect, fail = (enough and lasted >= self.limits[f"flat_{name}"] for name in ("suspect", "fail"))
        self._add(own, True, suspect, fail, Why.FLAT_LINE)

    def _attenuated(self, held: list[dict[str, Any]]) -> None:
        period = self.limits["attenuated_period"]
        if not self._asked("attenuated") or math.isnan(period):
            return None
        length = int(period * 1e9 / 4)
        end = held[-1]["ts"] // length * length
        used = [own["used"] for own in held[:-1] if end - 4 * length <= own["ts"] < end and math.isfinite(own["used"])]
        known = len(used) >= self.limits["attenuated_count"] and bool(used)
        if not known:
            return self._add(held[-1], False, False, False, Why.ATTENUATED_SIGNAL)
        spread = max(used) - min(used) if self.limits["attenuated_range"] else float(np.std(used))
        suspect, fail = spread < self.limits["attenuated_suspect"], spread < self.limits["attenuated_fail"]
        return self._add(held[-1], True, suspect, fail, Why.ATTENUATED_SIGNAL)

    def _climate(self, series: int, own: dict[str, Any], ordered: bool) -> None:
        if not self._asked("climatology"):
            return
        floor = self.limits["climatology_floor"]
        if ordered:
            hour, last, values = self.visit.get(series, (-1, 0, []))
            if hour != own["hour"] or (own["ts"] - last) / 1e9 > 12 * 3600:
                self._fold(series, hour, values, floor)
                values = []
            # judged below by what was folded so far: the own visit is not
            self.visit[series] = (own["hour"], own["ts"], values)
        mean, deviation, weeks = self.weeks.get((series, own["hour"]), [NAN, NAN, 0])
        known = weeks >= self.limits["climatology_weeks"]
        unit = max(deviation, floor, abs(mean) * 2.0**-22)
        away = abs((own["used"] if ordered else own["value"]) - mean)
        good = own["flag"] in (1, 2)
        suspect, fail = (away > self.limits[f"climatology_{name}"] * unit for name in ("suspect", "fail"))
        known = known and not math.isnan(away)
        if ordered or own["flag"] != 9:
            held = dict(own, used=own["value"]) if not ordered else own
            self._add(held, known, suspect, fail, Why.CLIMATOLOGY)
            own["flag"], own["why"] = held["flag"], held["why"]
        if ordered and good and math.isfinite(own["used"]):
            self.visit[series][2].append(own["used"])

    def _fold(self, series: int, hour: int, values: list[float], floor: float) -> None:
        if not values:
            return
        mean, variance = float(np.mean(values)), float(np.var(values))
        if (series, hour) not in self.weeks:
            self.weeks[series, hour] = [float(np.float32(mean)), float(np.float32(math.sqrt(variance))), 1]
            return
        old, spread, weeks = self.weeks[series, hour]
        share, step, reach = 1 / min(weeks + 1, 16), mean - old, 3 * max(spread, floor)
        if weeks >= 4 and reach > 0:
            step = min(max(step, -reach), reach)
        both = (1 - share) * (spread**2 + share * step**2) + share * variance
        kept = [float(np.float32(old + share * step)), float(np.float32(math.sqrt(both)))]
        self.weeks[series, hour] = [*kept, min(weeks + 1, 255)]


def usual_interval(times: list[float]) -> float:
    """The median of the last five medians of five intervals each."""
    intervals = [b - a for a, b in pairwise(times)]
    medians = [median(intervals[k : k + 5]) for k in range(0, len(intervals) - 4, 5)][-5:]
    return sorted(medians)[(len(medians) - 1) // 2] if medians else NAN
