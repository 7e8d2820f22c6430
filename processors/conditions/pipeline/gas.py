"""Gas: how high a reading is, and what a group of detectors agrees on.

    detectors   D1  %LEL  0 ----- 30 ------------ 60 ---       level  0 - 2 --- 3          steps 20, 25, 50 %LEL
    of one      D2        0 ---------- 27 ---------------             0 ----- 2 ------
    group       D3        0 ------------- (silent) - - -             0 ------ (no vote)
    confirmed                                                         0 ----- 2 ------     what at least two reach

Every reading is judged, never an average: a cloud of gas passes in seconds.

Sources of steps: an alarm at or below 20 %LEL (text of GB 50838 as quoted in secondary pages); 25 and 50 %LEL for the
two levels of GB/T 50493-2019 (from memory of the standard, not looked up; seen in an inspection form); O2 19.5/18 and
23.5 %, CO 30-60 ppm, H2S 5-20 ppm (instrument manuals). What 100 %LEL is in %vol is a setting of the profile: 5.0 for
methane in Chinese practice, 4.4 in IEC tables. Two-out-of-three voting: practice of IEC 61511 (from memory of it, not
looked up).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32, I64
from processors.conditions.pipeline.arrivals import first_of_group, fresh_rows, group, newest_so_far
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["GasVotes", "GasVoting"]

Bools = NDArray[np.bool_]
QUORUM = 3
"""From this many detectors on, two must agree; that is what two-out-of-three means."""


@dataclass(frozen=True, slots=True)
class GasVotes:
    """What groups say, a row a reading or a row a group.

    `level` is the confirmed level, `highest` the highest that any voter has, `voters` how many voted; levels are
    `UNKNOWN` where too few voted. `ts` is the newest time seen in the group, as of which detectors are fresh or stale.
    """

    group: I32
    ts: I64
    level: I8
    highest: I8
    voters: I32


class GasVoting:
    """Two-out-of-three voting in groups of three or more detectors, the maximum in groups of one or two.

    A detector votes with its last reading for as long as it is valid; one without a value (NaN, level -1), stale, or
    never heard of does not vote. Where fewer than two of a group of three or more vote, nothing can be confirmed:
    `level` is `UNKNOWN`, not 0, and `highest` tells what the only voter says.
    25 bytes a detector, 24 a group.
    """

    def __init__(self, validity: int) -> None:
        """`validity` (ns): how much older than the newest reading of its group a detector's may be."""
        self._validity = validity
        self._detectors = Table({
            "group": ("int32", (), -1), "ts": ("int64", (), NEVER), "level": ("int8", (), UNKNOWN),
        })  # fmt: skip
        self._groups = Table({"newest": ("int64", (), NEVER)})
        self._index()

    def _index(self) -> None:
        of = self._detectors["group"]
        self._members = group(of)
        place = np.empty(len(of), np.int32)
        grouped = of[self._members]
        place[self._members] = np.arange(len(of)) - first_of_group(grouped)
        self._place = place
        self._size = np.bincount(of, minlength=len(self._groups))
        self._begin = np.cumsum(self._size) - self._size

    def grow(self, groups: I32) -> None:
        """Know detectors: `groups` gives the group of each, those known already first, and unchanged."""
        had = len(self._detectors)
        if not np.array_equal(groups[:had], self._detectors["group"]):
            raise ValueError("a detector stays in its group: a changed grouping is a new GasVoting")
        self._detectors.grow(len(groups))
        self._detectors["group"][:] = groups
        self._groups.grow(int(groups.max()) + 1 if len(groups) else 0)
        self._index()

    def update(self, detector: I32, ts: I64, level: I8) -> GasVotes:
        """Take readings in order of arrival; what the group of each says right after it.

        A reading no newer than the detector's last changes no vote.
        """
        return self.update_alike((self,), detector, ts, (level,))[0]

    def update_alike(
        self, alike: "Sequence[GasVoting]", detector: I32, ts: I64, levels: Sequence[I8]
    ) -> list[GasVotes]:
        """As `update` of each with its own levels, at little more than the price of one.

        `alike` have been given the same readings, with other levels, from the beginning; this one is the first of them.
        """
        n = len(detector)
        state_levels, state_ts = [each.stands.copy() for each in alike], self._detectors["ts"].copy()
        counts = np.zeros(n, np.bool_)
        counts[fresh_rows(detector, ts, self._detectors["ts"])] = True
        of = self._detectors["group"][detector]
        order = group(of)
        of, at, who, counts = of[order], ts[order], detector[order], counts[order]
        whats = [level[order] for level in levels]
        begin = first_of_group(of)
        now = np.maximum(at[newest_so_far(of, at)], self._groups["newest"][of])
        # nearly always all say the same: one vote is theirs, too
        one = all(np.array_equal(each, columns[0]) for columns in (levels, state_levels) for each in columns[1:])
        tallies = [_Tally(n) for _ in alike[: 1 if one else None]]
        place = self._place[who]
        size = self._size[of]
        for k in range(int(size.max(initial=0))):  # over places within a group, not over rows
            there = size > k
            member = self._members[np.where(there, self._begin[of] + k, 0)]
            last = np.maximum.accumulate(np.where((place == k) & counts, np.arange(n), -1))
            here = last >= begin
            fresh = there & (now - np.where(here, at[last], state_ts[member]) <= self._validity)
            for tally, what, state_level in zip(tallies, whats, state_levels, strict=False):
                its_level = np.where(here, what[last], state_level[member])
                tally.add(its_level, fresh & (its_level >= 0))
        back = np.empty(n, np.intp)
        back[order] = np.arange(n)
        of_row, when, newest, who_counts = of[back], now[back], self._detectors["ts"], who[counts]
        for each, what in zip(alike, whats, strict=True):
            each.note(of, now, who_counts, newest[who_counts], what[counts])
        made = [
            GasVotes(of_row, when, tally.confirmed(size)[back], tally.first[back], tally.voters[back])
            for tally in tallies
        ]
        return made * len(alike) if one else made

    @property
    def stands(self) -> I8:
        """Newest level of each detector."""
        level: I8 = self._detectors["level"]
        return level

    def note(self, group: I32, now: I64, detector: I32, ts: I64, level: I8) -> None:
        """How far groups have come, and the newest reading of detectors."""
        self._groups["newest"][group] = now
        self._detectors["ts"][detector], self._detectors["level"][detector] = ts, level

    def at(self, now: int) -> GasVotes:
        """What every group says at `now`, when no reading came: detectors grow stale in silence."""
        n = len(self._groups)
        when = np.maximum(self._groups["newest"], now)
        tally = _Tally(n)
        for k in range(int(self._size.max(initial=0))):
            there = self._size > k
            member = self._members[np.where(there, self._begin + k, 0)]
            its_level, its_ts = self._detectors["level"][member], self._detectors["ts"][member]
            tally.add(its_level, there & (its_level >= 0) & (when - its_ts <= self._validity))
        return GasVotes(np.arange(n, dtype=np.int32), when, tally.confirmed(self._size), tally.first, tally.voters)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return {**self._detectors.snapshot(), **self._groups.snapshot()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot; detectors and their groups come with it."""
        self._detectors.restore(state)
        self._groups.restore(state)
        self._index()


class _Tally:
    """The two highest levels among voters, and how many voted."""

    def __init__(self, n: int) -> None:
        self.first = np.full(n, UNKNOWN, np.int8)
        self.second = np.full(n, UNKNOWN, np.int8)
        self.voters = np.zeros(n, np.int32)

    def add(self, level: I8, votes: Bools) -> None:
        vote = np.where(votes, level, np.int8(UNKNOWN))
        np.maximum(self.second, np.minimum(self.first, vote), out=self.second)
        np.maximum(self.first, vote, out=self.first)
        self.voters += votes

    def confirmed(self, size: NDArray[np.integer]) -> I8:
        level: I8 = np.where(size >= QUORUM, self.second, self.first)
        return level
