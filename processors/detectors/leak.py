"""Leaks, from the night minimum of each balance: a step or a rise that lasts is a leak, a step down is a repair.

    night minimum --> NightBaseline.expect --residual, scale--> TwoSidedCusum --crossed?--no--> NightBaseline.learn
                            ^                                                     |yes
                            +------- level moved there, evidence reset -----------+---> LEAK or REPAIR with its flow

A balance is a net inflow of an area, or what a tank delivers (see night_minimum.py): a leak behind a tank shows in the
tank's balance only, so the number of the balance says where a leak shows. After each crossing the baseline stands at
the new level: it recovers within a night, where a baseline that freezes stays in alarm for good. After a leak it also
learns for a while how the leak grows, so that one that goes on growing as it did is raised once.

Source: CUSUM on residuals of inlet flow for bursts: Misiunas et al., WST 53 (2006) 503 (named in our notes, not looked
up); baseline and CUSUM have theirs. The defaults were chosen on the BattLeDIM 2019 year; README.md says how far they
may be changed before a figure suffers there.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, Columns
from processors.detectors.night_baseline import BaselineRates, NightBaseline
from processors.detectors.two_sided_cusum import TwoSidedCusum

__all__ = ["LeakDetector", "LeakEvents", "LeakSettings", "StepKind"]


class StepKind(IntEnum):
    """What a lasting change of the night minimum is."""

    LEAK = 1
    REPAIR = 2


@dataclass(frozen=True, slots=True)
class LeakSettings:
    """One setting for all balances.

    allowance, limit : of the CUSUM, in scales; twice the allowance is the least step that it looks for. repair_nights :
    how many nights a step down must last, however large, so that a night without flow is not a repair with a leak after
    it; at least 1. rates : of the baseline.
    """

    allowance: float = 1.5
    limit: float = 3.75
    repair_nights: int = 2
    rates: BaselineRates = field(default_factory=BaselineRates)


@dataclass(frozen=True, slots=True)
class LeakEvents(Columns):
    """One row a crossing: which balance, in which night, what (`StepKind`), since which night about, and `flow`, the
    estimated change of the night minimum since then in m3/h: above 0 for a leak, below for a repair."""

    DTYPES = {"balance": "int32", "night": "int64", "kind": "uint8", "since": "int64", "flow": "float64"}  # noqa: RUF012
    balance: I32
    night: I64
    kind: U8
    since: I64
    flow: F64


class LeakDetector:
    """Detectors of many balances; each balance's events depend on its own nights only, up to their own."""

    def __init__(self, settings: LeakSettings | None = None) -> None:
        self.settings = settings or LeakSettings()
        made = self.settings
        if made.repair_nights < 1:
            raise ValueError(f"a step down lasts at least 1 night: repair_nights is {made.repair_nights}")
        # n nights bring n shares: below the limit after one less than repair_nights, above it then
        most_down = made.limit / (made.repair_nights - 0.5)
        self._baseline = NightBaseline(made.rates)
        self._cusum = TwoSidedCusum(made.allowance, made.limit, most_down)

    def __len__(self) -> int:
        return len(self._baseline)

    @property
    def nbytes(self) -> int:
        """Bytes of the state."""
        return sum(column.nbytes for column in self.snapshot().values())

    def grow(self, n: int) -> None:
        """Have room for `n` balances."""
        self._baseline.grow(n)
        self._cusum.grow(n)

    def update(self, balance: I32, night: I64, flow: F64, floor: F64 | None = None) -> LeakEvents:
        """Judge nights (m,) in the order of their rows.

        Parameters
        ----------
        balance : (m,), below what `grow` was told.
        night : (m,), day number of the local morning; its remainder by 7 is the weekday.
        flow : (m,) m3/h, the night minimum. A night that is missing (NaN) changes nothing, and neither does one that
            is not newer than all before it of its balance.
        floor : (m,) m3/h, the least scale of each balance, in place of the one that the settings have for all.

        Returns
        -------
        LeakEvents in the order of the rows that led to them.

        Examples
        --------
        >>> detector = LeakDetector()
        >>> detector.grow(1)
        >>> nights = np.arange(21)
        >>> events = detector.update(np.zeros(21, np.int32), nights, np.where(nights < 18, 40.0, 52.0))
        >>> events.night.tolist(), events.kind.tolist(), events.flow.tolist()
        ([18], [1], [12.0])
        """
        use = np.flatnonzero(np.isfinite(flow))
        found: list[LeakEvents] = []
        places: list[NDArray[np.intp]] = []
        for part in _rounds(balance[use]):
            rows = use[part]
            rows = rows[self._baseline.is_new(balance[rows], night[rows])]
            least = None if floor is None else floor[rows]
            events, at = self._judge(balance[rows].astype(np.intp), night[rows], flow[rows], least)
            found.append(events)
            places.append(rows[at])
        events = LeakEvents.concat(found)
        return events.take(np.argsort(np.concatenate([np.empty(0, np.intp), *places]), kind="stable"))

    def _judge(
        self, row: NDArray[np.intp], night: I64, flow: F64, floor: F64 | None
    ) -> tuple[LeakEvents, NDArray[np.intp]]:
        """Nights of different balances: the events, and which of the nights they belong to."""
        seen = self._baseline.expect(row, night, flow, floor)
        self._cusum.reset(row[seen.anew])
        side = np.zeros(len(row), np.int8)
        judged = np.flatnonzero(seen.judged)
        # a leak adds to what was expected; a repair takes from what there was
        base = np.stack([seen.level, seen.settled], axis=1)[judged]
        crossed = self._cusum.add(row[judged], seen.residual[judged], seen.scale[judged], night[judged], base)
        side[judged] = crossed.side
        quiet = side == 0
        self._baseline.learn(row[quiet], night[quiet], seen.take(quiet))
        hit = crossed.side != 0
        at = judged[hit]
        level = seen.level[at] + crossed.mean[hit]
        change = level - crossed.base[hit]
        up = crossed.side[hit] > 0
        self._baseline.rebase(row[at], night[at], level, up)
        self._cusum.reset(row[at])
        # a leak that stops growing falls short of its growth, but by no step of the size that is looked for
        told = np.where(up, change > 0, change < -2 * self.settings.allowance * seen.scale[at])
        events = LeakEvents.of(
            balance=row[at], night=night[at], kind=np.where(up, StepKind.LEAK, StepKind.REPAIR),
            since=crossed.since[hit], flow=change,
        )  # fmt: skip
        return events.take(told), at[told]

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays, copied."""
        parts = (("baseline", self._baseline), ("cusum", self._cusum))
        return {f"{name}_{key}": column for name, part in parts for key, column in part.snapshot().items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Become the detector that gave `state`."""
        for name, part in (("baseline_", self._baseline), ("cusum_", self._cusum)):
            part.restore({key.removeprefix(name): column for key, column in state.items() if key.startswith(name)})


def _rounds(series: I32) -> list[NDArray[np.intp]]:
    """The rows in rounds that hold each series at most once, in order: one round a night where all send each night."""
    if not len(series):
        return []
    order = np.argsort(series, kind="stable")
    starts = np.flatnonzero(np.diff(series[order], prepend=series[order[0]] - 1))
    turn = np.empty(len(series), np.intp)
    turn[order] = np.arange(len(series)) - np.repeat(starts, np.diff(starts, append=len(series)))
    by_turn = np.argsort(turn, kind="stable")
    return np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1)
