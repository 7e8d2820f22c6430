"""All checks of a batch at once: each series is checked for what its limits ask, and the worst flag stands.

    judge   readings of series that ask for something --> Previous.link: sorted once
                                                            |
            rate of change, time gap, flat line, attenuated signal, climatology --> flag, why
            spike: on the reading before; in this batch --------------------------> flag, why
                                          stored already -------------------------> FlagRewrites
    tick    data reception: series that fell silent, series that came back

Checks that need order see a value that gross range has failed as missing: what the sensor can't measure says nothing
about the readings around it. A spike's verdict is made when the next reading comes, and only objections are written:
it makes no UNKNOWN reading GOOD. What readings end up with is the same however they fall into batches; only whether a
spike is in the flags or in a rewrite differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, U32, FlagRewrites
from processors.flags import Flag, Why
from processors.quality.attenuated_signal import AttenuatedSignal, attenuated_signal
from processors.quality.climatology import Climatology, climatology
from processors.quality.data_reception import Reception, silent
from processors.quality.flat_line import FlatLine, flat_line
from processors.quality.limits import Check, QualityLimits
from processors.quality.previous import NEVER, Mask, Ordered, Previous, Rows
from processors.quality.rate_of_change import rate_of, rate_of_change
from processors.quality.shared_limits import SharedLimits
from processors.quality.spike import spike, spike_of
from processors.quality.time_gap import time_gap
from processors.quality.verdict import FLAG_OF, RANK_OF, worst

__all__ = ["QualityChecks", "ReceptionChanges"]

_GOOD = int(RANK_OF[Flag.GOOD])
_UNKNOWN = int(RANK_OF[Flag.UNKNOWN])
_ABSENT = int(RANK_OF[Flag.MISSING])


@dataclass(frozen=True, slots=True)
class ReceptionChanges:
    """Series whose silence began or ended."""

    silent: Rows
    back: Rows


class QualityChecks:
    """Limits and state of many series. Never called concurrently.

    A series costs 110 bytes of state; 248 more with an attenuated signal, 1,542 with a climatology. Limits are held
    once for all series that have the same.
    """

    def __init__(self) -> None:
        self._limits = SharedLimits()
        self._asked = np.zeros(0, np.uint8)
        self._previous = Previous()
        self._flat = FlatLine()
        self._attenuated = AttenuatedSignal()
        self._climatology = Climatology()
        self._reception = Reception()
        self._live_since = NEVER

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "previous": self._previous,
            "flat": self._flat,
            "attenuated": self._attenuated,
            "climatology": self._climatology,
            "reception": self._reception,
        }

    def grow(self, n: int) -> None:
        """Have `n` series, or more if there are already; nothing is asked for the new ones."""
        if n <= len(self):
            return
        self._limits.grow(n)
        self._asked = np.append(self._asked, np.zeros(n - len(self), np.uint8))
        for part in self._parts.values():
            part.grow(n)

    def configure(self, series: Rows, limits: QualityLimits) -> None:
        """Check `series` (distinct) as the rows of `limits` say from now on; what was learned stays where it fits."""
        self._limits.put(series, limits)
        asked = limits.asked()
        self._asked[series] = asked
        self._previous.forget(series[asked == 0])
        self._flat.forget(series[(asked & Check.FLAT_LINE) == 0])
        self._attenuated.ask(series[(asked & Check.ATTENUATED_SIGNAL) != 0])
        self._climatology.ask(series[(asked & Check.CLIMATOLOGY) != 0])

    # -- readings -------------------------------------------------------------------------------------------------

    def judge(
        self, series: I32, ts: I64, value: F64, flag: U8, why: U32, hour_of_week: NDArray[Any] | None = None
    ) -> tuple[U8, U32, FlagRewrites]:
        """Check readings, in order of arrival.

        Parameters
        ----------
        series, ts, value : (n,); NaN where the device sent none.
        flag, why : (n,), from the checks so far (gross range), with all that is known of the circumstances by then:
            rewrites repeat it.
        hour_of_week : (n,), 0 to 167 in local time; may be left out where no series asks for a climatology.

        Returns
        -------
        flag, why : (n,), never better than what came in, unless that was UNKNOWN. MISSING stays MISSING.
        rewrites : verdicts on readings of earlier batches.
        """
        rows = np.flatnonzero(self._asked[series])
        if not len(rows):
            return flag, why, FlagRewrites.empty()
        comparable = np.where(flag == Flag.FAIL, np.nan, value)
        if len(rows) == len(series):
            ordered = self._previous.link(rows, series, ts, comparable)
        else:
            ordered = self._previous.link(rows, series[rows], ts[rows], comparable[rows])
        flag, why = flag.copy(), why.copy()
        batch = _Batch(ordered, RANK_OF[flag[ordered.row]], why[ordered.row])
        checks = int(np.bitwise_or.reduce(self._asked[ordered.series], initial=0))
        if checks & (Check.RATE_OF_CHANGE | Check.TIME_GAP):
            self._steps(batch, checks)
        if checks & Check.FLAT_LINE:
            self._flats(batch)
        if checks & Check.ATTENUATED_SIGNAL:
            self._attenuations(batch)
        late = self._asked[ordered.late_series]
        if (checks | int(np.bitwise_or.reduce(late, initial=0))) & Check.CLIMATOLOGY:
            if hour_of_week is None:
                raise ValueError("a series asks for a climatology: this needs hour_of_week")
            self._climates(batch, flag, why, value, hour_of_week)
        if checks & Check.DATA_RECEPTION:
            self._reception.update(ordered.of((self._asked & Check.DATA_RECEPTION) != 0))
        rewrites = self._spikes(batch) if checks & Check.SPIKE else FlagRewrites.empty()
        judged = FLAG_OF[batch.rank]
        self._previous.advance(ordered, judged, batch.why)
        flag[ordered.row] = judged
        why[ordered.row] = batch.why
        return flag, why, rewrites

    def _steps(self, batch: "_Batch", checks: int) -> None:
        ordered, (limits, of) = batch.ordered, self._limits.of(batch.ordered.series)
        if checks & Check.RATE_OF_CHANGE:
            suspect, fail = limits.rate_suspect[of], limits.rate_fail[of]
            where = batch.open_to(rate_of(ordered.value, ordered.before, ordered.since), suspect, fail)
            if len(where):
                value, before, since = ordered.value[where], ordered.before[where], ordered.since[where]
                batch.add(*rate_of_change(value, before, since, suspect[where], fail[where]), Why.RATE_OF_CHANGE, where)
        if checks & Check.TIME_GAP:
            suspect, fail = limits.gap_suspect[of], limits.gap_fail[of]
            where = batch.open_to(ordered.since, suspect, fail)
            if len(where):
                absent = batch.rank[where] == _ABSENT
                batch.add(*time_gap(ordered.since[where], absent, suspect[where], fail[where]), Why.TIME_GAP, where)

    def _flats(self, batch: "_Batch") -> None:
        part, where = batch.of((self._asked & Check.FLAT_LINE) != 0)
        limits, of = self._limits.of(part.series)
        gap = np.fmin(limits.gap_suspect[of], limits.gap_fail[of])
        lasted, count = self._flat.update(part, limits.flat_tolerance[of], gap)
        suspect, fail = limits.flat_suspect[of], limits.flat_fail[of]
        some = _objected((lasted >= suspect) | (lasted >= fail), batch.rank[where])
        if not len(some):
            return
        found = flat_line(
            lasted[some],
            count[some],
            np.isnan(part.value[some]),
            suspect[some],
            fail[some],
            limits.flat_count[of[some]],
        )
        batch.add(*found, Why.FLAT_LINE, where[some])

    def _attenuations(self, batch: "_Batch") -> None:
        part, where = batch.of((self._asked & Check.ATTENUATED_SIGNAL) != 0)
        limits, of = self._limits.of(part.series)
        spread, count = self._attenuated.update(part, limits.attenuated_period[of], limits.attenuated_range[of])
        suspect, fail = limits.attenuated_suspect[of], limits.attenuated_fail[of]
        some = _objected((spread < suspect) | (spread < fail), batch.rank[where])
        if not len(some):
            return
        found = attenuated_signal(
            spread[some],
            count[some],
            np.isnan(part.value[some]),
            suspect[some],
            fail[some],
            limits.attenuated_count[of[some]],
        )
        batch.add(*found, Why.ATTENUATED_SIGNAL, where[some])

    def _climates(self, batch: "_Batch", flag: U8, why: U32, value: F64, hour: NDArray[Any]) -> None:
        part, where = batch.of((self._asked & Check.CLIMATOLOGY) != 0)
        good = (batch.rank[where] <= _GOOD) & (batch.rank[where] != _ABSENT)
        late = part.late_row
        limits, of = self._limits.of(np.concatenate([part.series, part.late_series]))
        profile = self._climatology.update(
            part, hour[part.row], hour[late], good, limits.climatology_floor[of[: len(part)]]
        )
        found, reason = climatology(
            np.concatenate([part.value, value[late]]),
            *profile,
            *(
                column[of]
                for column in (
                    limits.climatology_suspect,
                    limits.climatology_fail,
                    limits.climatology_floor,
                    limits.climatology_weeks,
                )
            ),
        )
        n = len(part)
        batch.add(found[:n], reason[:n], Why.CLIMATOLOGY, where)
        flag[late] = worst(flag[late], found[n:])
        why[late] |= reason[n:]

    def _spikes(self, batch: "_Batch") -> FlagRewrites:
        ordered = batch.ordered
        asked = np.flatnonzero(self._asked[ordered.series] & Check.SPIKE)
        limits, of = self._limits.of(ordered.series[asked])
        three = ordered.before_that[asked], ordered.before[asked], ordered.value[asked]
        suspect, fail, differential = limits.spike_suspect[of], limits.spike_fail[of], limits.spike_differential[of]
        score = spike_of(*three, differential)
        which = np.flatnonzero((score > suspect) | (score > fail))
        if not len(which):
            return FlagRewrites.empty()
        a, b, c = (column[which] for column in three)
        found, _ = spike(a, b, c, suspect[which], fail[which], differential[which])
        objects = asked[which]
        stored = ordered.head[objects]
        here = objects[~stored] - 1
        batch.rank[here] = np.maximum(batch.rank[here], RANK_OF[found[~stored]])
        batch.why[here] |= np.uint32(Why.SPIKE)
        series = ordered.series[objects[stored]]
        ts, before, because = self._previous.stored(series)
        return FlagRewrites(series, ts, worst(before, found[stored]), because | np.uint32(Why.SPIKE))

    def amend(self, rewrites: FlagRewrites) -> None:
        """Know of verdicts that came from elsewhere on readings that were judged here: rewrites repeat them."""
        self._previous.amend(rewrites)

    # -- what is usual --------------------------------------------------------------------------------------------

    def usual(self, series: int, hour_of_week: I64) -> tuple[F64, F64] | None:
        """Mean of one series at these hours of the week, and how far from it a value is suspect (where that is not
        asked for: fails); NaN at hours that are not known yet. None: it asks for no climatology, or knows no hour.
        """
        if not self._asked[series] & Check.CLIMATOLOGY:
            return None
        mean, deviation, weeks = self._climatology.usual(series, hour_of_week)
        limits, of = self._limits.of(np.array([series], np.intp))
        row = int(of[0])
        known = weeks >= limits.climatology_weeks[row]
        if not known.any():
            return None
        factor = (
            limits.climatology_suspect[row] if limits.climatology_suspect[row] > 0 else limits.climatology_fail[row]
        )
        reach = factor * np.maximum(deviation, limits.climatology_floor[row])
        return np.where(known, mean, np.nan), np.where(known, reach, np.nan)

    # -- silence --------------------------------------------------------------------------------------------------

    def tick(self, now: int, live: bool) -> ReceptionChanges:
        """Which series fell silent or came back, as of `now` (UTC ns).

        While not `live` (a backlog is read), nothing changes; silence counts from when it became live again.
        """
        if not live:
            self._live_since = NEVER
            return ReceptionChanges(np.empty(0, np.intp), np.empty(0, np.intp))
        if self._live_since == NEVER:
            self._live_since = now
        limits, of = self._limits.of(np.arange(len(self)))
        is_silent = silent(
            now,
            self._previous.newest,
            self._reception.usual(),
            limits.silent_factor[of],
            limits.silent_within[of],
            self._live_since,
        )
        return ReceptionChanges(*self._reception.changed(is_silent))

    # -- state ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """What was learned, as arrays; the limits are not part of it."""
        state = {f"{name}.{key}": held for name, part in self._parts.items() for key, held in part.snapshot().items()}
        return state | {"live_since": np.array([self._live_since], np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`; `configure` is asked for again."""
        for name, part in self._parts.items():
            prefix = f"{name}."
            part.restore({key.removeprefix(prefix): held for key, held in state.items() if key.startswith(prefix)})
        self._live_since = int(state["live_since"][0])
        n = len(state["previous.ts"])
        self._limits = SharedLimits()
        self._limits.grow(n)
        self._asked = np.zeros(n, np.uint8)


@dataclass(slots=True)
class _Batch:
    """Readings in order, with the rank of their flag and their why so far."""

    ordered: Ordered
    rank: U8
    why: U32

    def of(self, asked: Mask) -> tuple[Ordered, Rows]:
        """The readings of the series that `asked` chooses, and where they are."""
        part = self.ordered.of(asked)
        return part, np.flatnonzero(asked[self.ordered.series])

    def open_to(self, score: F64, suspect: F64, fail: F64) -> Rows:
        """The readings to which such a check has something to say."""
        return _objected((score > suspect) | (score > fail), self.rank)

    def add(self, flag: U8, why: U32, bit: Why, where: Any = slice(None)) -> None:
        """Take a check's verdict on the readings at `where` in."""
        self.rank[where] = np.maximum(self.rank[where], np.where(self.rank[where] == _ABSENT, 0, RANK_OF[flag]))
        self.why[where] |= why & np.uint32(bit)


def _objected(objects: Mask, rank: U8) -> Rows:
    """The readings to which a check has something to say: it objects, or nobody has judged them yet."""
    return np.flatnonzero(objects | (rank == _UNKNOWN))
