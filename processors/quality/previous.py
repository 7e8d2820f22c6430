"""What came before each reading in its series: sorted once a batch, used by every check that needs order.

    batch, as it arrived        by series, in order of arrival                       each with
    A1 B1 A3 A2 B2         ->   A1 A3 (A2: not newer than A3, late) | B1 B2     ->   since, before, before_that
                                ^ before A1: the state, or nothing                   late rows apart

In order means newer than the newest reading of the series so far. A reading that is not is late: it gets no checks that
need order and leaves no trace here, so what a reading is judged by depends on what came before it, never on the batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, U32, FlagRewrites
from processors.quality.state import State
from processors.windows.order import by_series

__all__ = ["NEVER", "Ordered", "Previous"]

NEVER = int(np.iinfo(np.int64).min)
"""The newest time of a series of which nothing was heard."""
_SECOND = 1e9
_MOST_BITS = 62

Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ordered:
    """The readings in order (n,), series after series, and the late ones (m,)."""

    row: Rows
    """Place in the batch."""
    series: I32
    ts: I64
    value: F64
    head: Mask
    """The first of its series in this batch."""
    since: F64
    """Seconds since the reading before, exact to the ns below 104 days; NaN where there was none."""
    before: F64
    """Value of the reading before; NaN where it had none, or there was none."""
    before_that: F64
    """Value of the one before that."""
    late_row: Rows
    """Place in the batch of readings that came out of order."""
    late_series: I32
    late_after: Rows
    """Which of the (n,) came last in its series before a late one; -1 where none did in this batch."""

    def __len__(self) -> int:
        return len(self.row)

    @property
    def begin(self) -> Rows:
        """Where each series begins."""
        return np.flatnonzero(self.head)

    @property
    def end(self) -> Rows:
        """The last reading of each series."""
        return np.append(self.begin[1:], len(self))[: len(self.begin)] - 1

    def of(self, asked: Mask) -> "Ordered":
        """The readings of the series that `asked` (by series) chooses."""
        keep = asked[self.series]
        late = asked[self.late_series]
        if keep.all() and late.all():
            return self
        after = self.late_after[late]
        if len(after):
            after = np.where(after < 0, -1, np.cumsum(keep)[after] - 1)
        rows = np.flatnonzero(keep)  # eight columns by number take half of what a mask does
        kept = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Ordered(**kept, late_row=self.late_row[late], late_series=self.late_series[late], late_after=after)

    def rows(self, which: Mask) -> "Ordered":
        """Some of the readings, where no series has two and none is late."""
        kept = {name: getattr(self, name)[which] for name in _COLUMNS}
        return Ordered(**kept, late_row=self.late_row, late_series=self.late_series, late_after=self.late_after)


_COLUMNS = ("row", "series", "ts", "value", "head", "since", "before", "before_that")


class Previous:
    """The two newest readings of each series: 29 bytes."""

    def __init__(self) -> None:
        self._state = State(
            {
                "ts": ("int64", 0, NEVER),
                "value": ("float64", 0, np.nan),
                "before": ("float64", 0, np.nan),
                "flag": ("uint8", 0, 0),
                "why": ("uint32", 0, 0),
            }
        )

    @property
    def newest(self) -> I64:
        """Time of the newest reading of each series; NEVER where there was none."""
        ts: I64 = self._state["ts"]
        return ts

    def grow(self, n: int) -> None:
        """Have `n` series."""
        self._state.grow(n)

    def link(self, row: Rows, series: I32, ts: I64, value: F64) -> Ordered:
        """Put readings (n,) in order by series, each with what came before it. Changes nothing.

        `row` is their place in the batch. `value` is NaN where a reading has no value that may be compared with.
        """
        order = by_series(series)
        s, t = series[order], ts[order]
        head = _heads(s)
        last: I64 = self._state["ts"]
        prior = _shifted(t, head, last[s[head]])
        late, late_after = order[:0], order[:0]
        accepted = t > prior
        if not accepted.all():
            accepted = _newer(t, head, last[s[head]])
            late = order[~accepted]
            late_after = (np.cumsum(accepted) - 1)[~accepted]
            of = s[~accepted]
            order, s, t = order[accepted], s[accepted], t[accepted]
            head = _heads(s)
            prior = _shifted(t, head, last[s[head]])
            if len(s):
                late_after[s[late_after] != of] = -1  # also where it is -1 already, whatever stands last
        v = value[order]
        first = s[head]
        before = _shifted(v, head, self._state["value"][first])
        before_that = _shifted(before, head, self._state["before"][first])
        since = (t - prior) / _SECOND
        since[prior == NEVER] = np.nan
        return Ordered(row[order], s, t, v, head, since, before, before_that, row[late], series[late], late_after)

    def advance(self, ordered: Ordered, flag: U8, why: U32) -> None:
        """Take note of the readings, and of `flag` and `why` (n,) that they leave with."""
        end = ordered.end
        at = ordered.series[end]
        state = self._state
        state["ts"][at] = ordered.ts[end]
        state["value"][at] = ordered.value[end]
        state["before"][at] = ordered.before[end]
        state["flag"][at] = flag[end]
        state["why"][at] = why[end]

    def stored(self, series: I32) -> tuple[I64, U8, U32]:
        """Time, flag and why of the newest reading of each of `series`."""
        state = self._state
        return state["ts"][series], state["flag"][series], state["why"][series]

    def amend(self, rewrites: FlagRewrites) -> None:
        """Take flag and why of the newest readings from `rewrites`."""
        state = self._state
        mine = np.flatnonzero(state["ts"][rewrites.series] == rewrites.ts)
        at = rewrites.series[mine]
        state["flag"][at], state["why"][at] = rewrites.flag[mine], rewrites.why[mine]

    def forget(self, series: Rows) -> None:
        """Have nothing before the next readings of `series`: they are no longer followed."""
        self._state.reset(series)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state's columns."""
        return self._state.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`."""
        self._state.restore(state)


def _heads(series: I32) -> Mask:
    """Where a new series begins."""
    head = np.empty(len(series), np.bool_)
    head[:1] = True
    np.not_equal(series[1:], series[:-1], out=head[1:])
    return head


def _shifted(column: NDArray[Any], head: Mask, first: NDArray[Any]) -> NDArray[Any]:
    """The value of the row before; `first` where a series begins."""
    out = np.empty_like(column)
    out[1:] = column[:-1]
    out[head] = first
    return out


def _newer(ts: I64, head: Mask, last: I64) -> Mask:
    """Which rows are newer than all before them in their series and than `last` (series,)."""
    group = np.cumsum(head) - 1
    low = int(ts.min()) - 1
    # 0 stands for everything before this batch, also for what `last` says beyond it
    since, start = ts - low, np.clip(last, low, None) - low
    bits = int(max(since.max(), start.max())).bit_length()
    if bits + int(group[-1]).bit_length() > _MOST_BITS:
        # times too far apart for one integer: their ranks are not
        ranks = np.unique(np.concatenate([since, start]), return_inverse=True)[1].astype(np.int64)
        since, start = ranks[: len(ts)], ranks[len(ts) :]
        bits = int(ranks.max()).bit_length()
    key = (group << bits) | since
    newest = np.maximum.accumulate(_shifted(key, head, (np.arange(len(last)) << bits) | start))
    newer: Mask = key > newest
    return newer
