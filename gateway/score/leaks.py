"""Judges the leak detector on the BattLeDIM 2019 year, and on leaks put into that year without its own.

    year -----------------------> night minima of both balances --> detector --> events, compared with the truth
    year - true leak flow ------> the same: any alarm is false
    year - true + step or ramp -> 200 of each at random times, seeded: how many are found in time

An alarm comes when its night has ended. It is explained by the leak of its balance that grew most since the alarm
before, or in the last 30 nights where that is longer ago, by at least 1 m3/h. A leak is raised by the first alarm
within which it grew by that much itself, and by at least a quarter of what the most did.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from gateway.score.battledim import DAY, SAMPLE, TANK_AREA, Leak, Year
from processors.columns import F64
from processors.detectors.leak import LeakDetector, LeakEvents, LeakSettings, StepKind
from processors.detectors.night_minimum import night_minimum, tank_balance

__all__ = ["BALANCES", "REQUIRED", "TRIALS", "Figures", "LeakScore", "LeakYear", "Night", "variants"]

BALANCES = ("net inflow", "tank T1")
TRIALS = 200
SEED = 2019
STEP = 5.0
"""m3/h."""
RAMP = 0.2
"""m3/h a day."""
STEP_DAYS, RAMP_DAYS = 3.0, 30.0
ABRUPT_DAYS = 2.0
_SPAN = 30
_GREW = 1.0
_PART = 0.25
_PANE = 15 // SAMPLE


@dataclass(frozen=True, slots=True)
class Night:
    """Which hours of a day make its night, from midnight on, and how long the mean is, in panes of 15 minutes."""

    hours: float = 6.0
    width: int = 4

    @property
    def panes(self) -> int:
        """Panes of the night."""
        return round(self.hours * 4)


@dataclass(frozen=True, slots=True)
class Figures:
    """The summary. Days are from a leak's start to the end of the night that raised it."""

    alarms: int
    unexplained: int
    abrupt: int
    abrupt_in_time: int
    abrupt_median_days: float
    abrupt_worst_days: float
    abrupt_flow_error: float
    leaks: int
    leaks_raised: int
    repairs: int
    repairs_told: int
    repairs_false: int
    free_alarms_inflow: int
    free_alarms_tank: int
    free_repairs: int
    steps_found: float
    ramps_found: float
    most_false_in_ramps: int
    tank_steps_found: float


REQUIRED: dict[str, tuple[str, Callable[[Figures], bool]]] = {
    "alarms": ("at most 20", lambda f: f.alarms <= 20),
    "unexplained": ("0", lambda f: f.unexplained == 0),
    "abrupt_in_time": ("all", lambda f: f.abrupt_in_time == f.abrupt),
    "abrupt_median_days": ("at most 1", lambda f: f.abrupt_median_days <= 1.0),
    "free_alarms_inflow": ("0", lambda f: f.free_alarms_inflow == 0),
    "steps_found": ("at least 0.95", lambda f: f.steps_found >= 0.95),
    "ramps_found": ("at least 0.5", lambda f: f.ramps_found >= 0.5),
    "most_false_in_ramps": ("at most 1", lambda f: f.most_false_in_ramps <= 1),
}
"""What the figures must be."""


@dataclass(frozen=True, slots=True)
class LeakScore:
    """`events` and `leaks` as rows for tables and JSON."""

    figures: Figures
    events: list[dict[str, Any]]
    leaks: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which has no infinity: None where an abrupt leak was not raised at all."""
        figures = {name: None if value == np.inf else value for name, value in asdict(self.figures).items()}
        return {"figures": figures, "missed": self.missed, "events": self.events, "leaks": self.leaks}

    @property
    def missed(self) -> list[str]:
        """The figures that are not what is required."""
        return [name for name, (_, holds) in REQUIRED.items() if not holds(self.figures)]


@dataclass(frozen=True, slots=True)
class _Minima:
    """Night minima, m3/h: of the year and without leaks (balances, days); of injected leaks (trials, days)."""

    real: F64
    free: F64
    steps: F64
    ramps: F64
    tank_steps: F64
    step_starts: F64
    ramp_starts: F64


class LeakYear:
    """A year made ready: night minima are computed once, each setting is judged on them."""

    def __init__(self, year: Year, night: Night, tick: Callable[[], None] = lambda: None) -> None:
        self.year = year
        self.night = night
        self._minima = _minima(year, night, tick)

    def judge(self, settings: LeakSettings) -> LeakScore:
        """Judge one setting."""
        found, end = self._minima, self.night.hours / 24
        events = _detect(found.real, settings)
        shown = [self._explain(events, k) for k in range(len(events))]
        leaks = [row for row in (self._raised(leak, shown) for leak in self.year.leaks) if row is not None]
        abrupt = [row for row in leaks if row["kind"] == "abrupt"]
        days = [np.inf if row["days"] is None else row["days"] for row in abrupt]
        errors = [abs(r["told_flow"] / r["true_flow"] - 1) for r in abrupt if r["days"] is not None]
        free = _detect(found.free, settings)
        free_alarms = np.bincount(free.balance[free.kind == StepKind.LEAK], minlength=2)
        steps, _ = _in_time(_detect(found.steps, settings), found.step_starts, STEP_DAYS, end)
        ramps, false = _in_time(_detect(found.ramps, settings), found.ramp_starts, RAMP_DAYS, end)
        tank, _ = _in_time(_detect(found.tank_steps, settings), found.step_starts, STEP_DAYS, end)
        told = [row for row in shown if row["what"] == "repair"]
        alarms = [row for row in shown if row["what"] == "leak"]
        ended = [leak for leak in self.year.leaks if leak.start >= 0 and leak.end < self.year.days - 1]
        figures = Figures(
            alarms=len(alarms),
            unexplained=sum(row["pipe"] is None for row in alarms),
            abrupt=len(abrupt),
            abrupt_in_time=sum(each <= ABRUPT_DAYS for each in days),
            abrupt_median_days=_rounded(np.median(days)),
            abrupt_worst_days=_rounded(max(days)),
            abrupt_flow_error=_rounded(np.median(errors)) if errors else np.inf,
            leaks=len(leaks),
            leaks_raised=sum(row["days"] is not None for row in leaks),
            repairs=len(ended),
            repairs_told=len({row["pipe"] for row in told} & {leak.pipe for leak in ended}),
            repairs_false=sum(row["pipe"] is None for row in told),
            free_alarms_inflow=int(free_alarms[0]),
            free_alarms_tank=int(free_alarms[1]),
            free_repairs=int(np.count_nonzero(free.kind == StepKind.REPAIR)),
            steps_found=steps,
            ramps_found=ramps,
            most_false_in_ramps=false,
            tank_steps_found=tank,
        )
        return LeakScore(figures, shown, leaks)

    def _true(self, leak: Leak, day: int) -> float:
        """The true flow of a leak in the last hour of a night: what the night's minimum may show of it."""
        if day < 0:
            return float(leak.flow[0])
        end = day * DAY + round(self.night.hours * 60 / SAMPLE)
        return float(leak.flow[end - 60 // SAMPLE : end].mean())

    def _grown(self, leak: Leak, since: int, day: int) -> float:
        return self._true(leak, day) - self._true(leak, since)

    def _explain(self, events: LeakEvents, k: int) -> dict[str, Any]:
        """One event as a row, with what is true of it."""
        balance, day, up = int(events.balance[k]), int(events.night[k]), events.kind[k] == StepKind.LEAK
        behind = [leak for leak in self.year.leaks if leak.behind_tank == (balance == 1)]
        same = (events.balance == balance) & (events.kind == StepKind.LEAK) & (events.night < day)
        since = max(int(events.night[same].max(initial=-1)), day - _SPAN) if up else day - 3
        sign = 1.0 if up else -1.0
        grew = {leak.pipe: sign * self._grown(leak, since, day) for leak in behind}
        most = max(behind, key=lambda leak: grew[leak.pipe])
        explained = grew[most.pipe] >= _GREW
        least = max(_GREW, _PART * grew[most.pipe])
        hours = self.night.hours
        return {
            "night": self.year.date(day), "day": day, "what": "leak" if up else "repair", "balance": BALANCES[balance],
            "began": self.year.date(int(events.since[k])), "flow": _rounded(events.flow[k]),
            "pipe": most.pipe if explained else None,
            "true_flow": _rounded(sign * grew[most.pipe]),
            "days": _rounded(day + hours / 24 - (most.start if up else most.end)) if explained else None,
            "grew": {pipe: _rounded(by) for pipe, by in grew.items() if by >= least},
        }  # fmt: skip

    def _raised(self, leak: Leak, shown: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """A leak that starts in the year as a row, with the alarm that raised it first."""
        if leak.start < 0:
            return None
        first = next((row for row in shown if row["what"] == "leak" and leak.pipe in row["grew"]), None)
        return {
            "pipe": leak.pipe, "kind": leak.kind, "balance": BALANCES[leak.behind_tank],
            "start": self.year.date(int(leak.start)), "most_flow": _rounded(leak.flow.max()),
            "raised": first and first["night"],
            "days": None if first is None else _rounded(first["day"] + self.night.hours / 24 - leak.start),
            "true_flow": None if first is None else _rounded(self._true(leak, first["day"])),
            "told_flow": None if first is None else first["flow"],
        }  # fmt: skip


def variants(settings: LeakSettings, share: float = 0.25) -> Iterator[tuple[str, float, float, LeakSettings]]:
    """Every parameter changed by `share` down and up: (name, was, is, settings). Whole numbers move by 1 at least."""
    owners: tuple[Any, ...] = (settings, settings.rates)
    for owner in owners:
        for one in fields(owner):
            was = getattr(owner, one.name)
            if not isinstance(was, int | float):
                continue
            for way in (-1, 1):
                now = was + way * max(1, round(was * share)) if isinstance(was, int) else was * (1 + way * share)
                changed = replace(owner, **{one.name: now})
                yield one.name, was, now, changed if owner is settings else replace(settings, rates=changed)


def _rounded(value: Any) -> float:
    return round(float(value), 2)


def _detect(minima: F64, settings: LeakSettings) -> LeakEvents:
    """All events of the series (series, days), which the detector is shown night by night."""
    series, days = minima.shape
    detector = LeakDetector(settings)
    detector.grow(series)
    balance = np.arange(series, dtype=np.int32)
    return LeakEvents.concat([detector.update(balance, np.full(series, day), minima[:, day]) for day in range(days)])


def _in_time(events: LeakEvents, starts: F64, days: float, end: float) -> tuple[float, int]:
    """Share of the injected leaks that an alarm within `days` raised, and the most alarms before the start in one."""
    leak = events.kind == StepKind.LEAK
    trial, after = events.balance[leak], events.night[leak] + end - starts[events.balance[leak]]
    found = np.unique(trial[(after >= 0) & (after <= days)])
    false = np.bincount(trial[after < 0], minlength=len(starts))
    return len(found) / len(starts), int(false.max())


def _panes(samples: F64) -> F64:
    """Means of 15 minutes (days, 96) of 5-minute samples."""
    panes: F64 = samples.reshape(-1, DAY // _PANE, _PANE).mean(axis=-1)
    return panes


def _minima(year: Year, night: Night, tick: Callable[[], None]) -> _Minima:
    def least(panes: F64) -> F64:
        return night_minimum(panes[:, : night.panes], night.width, 2)

    inflow, pump, level = _panes(year.net_inflow), _panes(year.pump), _panes(year.level)
    whole = tank_balance(pump.ravel(), level.ravel(), TANK_AREA, 0.25)
    tank = whole.reshape(pump.shape)
    zero = np.zeros_like(year.pump)
    leaked = [_panes(sum((leak.flow for leak in year.leaks if leak.behind_tank == behind), zero)) for behind in (0, 1)]
    free = (inflow - leaked[0], tank - leaked[1])
    rng = np.random.default_rng(SEED)
    first = LeakSettings().rates.learn
    step_starts = rng.uniform(first, year.days - STEP_DAYS - 1, TRIALS)
    ramp_starts = rng.uniform(first, year.days - RAMP_DAYS - 1, TRIALS)
    middle = (np.arange(year.days * DAY) + 0.5) / DAY

    def injected(base: F64, starts: F64, added: Callable[[F64], F64]) -> F64:
        rows = np.empty((len(starts), year.days))
        for row, start in zip(rows, starts, strict=True):
            row[:] = least(base + _panes(added(middle - start)))
            tick()
        return rows

    return _Minima(
        real=np.stack([least(inflow), least(tank)]),
        free=np.stack([least(free[0]), least(free[1])]),
        steps=injected(free[0], step_starts, lambda t: np.where(t >= 0, STEP, 0.0)),
        ramps=injected(free[0], ramp_starts, lambda t: np.maximum(t, 0.0) * RAMP),
        tank_steps=injected(free[1], step_starts, lambda t: np.where(t >= 0, STEP, 0.0)),
        step_starts=step_starts,
        ramp_starts=ramp_starts,
    )
