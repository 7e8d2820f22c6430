"""From candidates to windows: which readings are accepted, with which flag, and what a late one changes.

candidates -> duplicates, conflicts -> quality flags -> windows
              (dedupe.py)              (quality.py)     (processors.windows; late: its panes are dirty)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gateway.codecs.compiled import CompiledProfile
from gateway.engine.brought import Brought
from gateway.engine.candidates import Candidates
from gateway.engine.dedupe import Dedupe
from gateway.engine.late_panes import late_panes
from gateway.engine.outputs import Outputs
from gateway.engine.quality import Quality
from gateway.engine.registry import Registry
from gateway.reasons import Unstored
from gateway.rows import Rows
from processors.columns import U8, FlagRewrites, ReadingBatch
from processors.flags import Why
from processors.windows.window_set import WindowSet

__all__ = ["Acceptance"]


class Acceptance:
    """Belongs to one zone engine, whose parts it works on; it has no state of its own."""

    def __init__(self, registry: Registry, dedupe: Dedupe, windows: WindowSet, quality: Quality) -> None:
        self._registry = registry
        self._dedupe = dedupe
        self._windows = windows
        self._quality = quality

    def accept(
        self, came: Candidates, rows: Rows, offset: int, profiles: Mapping[str, CompiledProfile], out: Outputs
    ) -> None:
        """Sort duplicates out, give the rest to the windows, mark what late readings change.

        `rows` are those of the call that `came` is from, the first of them at `offset`.
        """
        self._dedupe.grow(len(self._registry.series))
        self._new_series(profiles, out)
        kinds = self._dedupe.sort(self._windows, came.series, came.ts, came.value)
        late = kinds.late
        came.why[late] |= np.uint32(Why.LATE)
        accepted = kinds.fresh | late
        measured = came.flag.copy() if self._quality.compares else came.flag
        self._check(accepted, came, out)
        self._tally("accepted", accepted, came, out)
        self._tally("duplicate", kinds.duplicate, came, out)
        self._tally("conflict", kinds.conflict, came, out)
        if kinds.conflict.any():
            self._keep_conflicts(kinds.conflict, came, rows, offset, profiles, out)
        fresh = kinds.fresh
        self._windows.add(came.series[fresh], came.ts[fresh], came.value[fresh], came.flag[fresh])
        if late.any():
            self._tally("late", late, came, out, book="beside")
            self._mark_late(came.series[late], came.ts[late], out)
        batch, row = ReadingBatch(came.series, came.ts, came.value, came.flag, came.why), came.row
        if not accepted.all():
            batch, row = batch.take(accepted), row[accepted]
        out.readings.append(batch)
        out.brought.append(Brought.by(batch, row + np.int64(offset)))
        if self._quality.compares and len(batch):
            self._compare(batch, measured, accepted, came, rows, out)

    def _compare(
        self, batch: ReadingBatch, measured: U8, accepted: Any, came: Candidates, rows: Rows, out: Outputs
    ) -> None:
        """Accepted readings against their neighbours'; `measured` are the flags by what needs no order."""
        received = rows.received_at()[came.row[accepted]]
        lane, pane_secs = self._registry.lane[came.device[accepted]], self._windows.pane_secs[batch.series]
        self._rewrite(self._quality.compare(batch, measured[accepted], received, lane, pane_secs), out)

    def _check(self, accepted: Any, came: Candidates, out: Outputs) -> None:
        """Flags and reasons of the quality checks; verdicts on stored readings become rewrites."""
        self._quality.bind(self._registry.series)
        rows = slice(None) if accepted.all() else np.flatnonzero(accepted)
        came.flag[rows], came.why[rows], rewrites = self._quality.judge(
            came.series[rows], came.ts[rows], came.value[rows], came.flag[rows], came.why[rows]
        )
        self._rewrite(rewrites, out)

    def _rewrite(self, rewrites: FlagRewrites, out: Outputs) -> None:
        if len(rewrites):
            out.rewrites.append(rewrites)
            open_ = self._windows.reflag(rewrites.series, rewrites.ts, rewrites.flag)
            if not open_.all():
                self._mark_late(rewrites.series[~open_], rewrites.ts[~open_], out)

    def _tally(self, term: str, mask: Any, came: Candidates, out: Outputs, book: str = "reading") -> None:
        if not mask.any():
            return
        device = came.device[mask]
        self._registry.count(term, device)
        lanes = np.bincount(self._registry.lane[device])
        per_profile: dict[str, int] = {}
        for lane in np.flatnonzero(lanes).tolist():
            profile = self._registry.lanes[lane][1]
            per_profile[profile] = per_profile.get(profile, 0) + int(lanes[lane])
        for profile, amount in per_profile.items():
            out.count(book, term, amount, profile=profile)

    def _keep_conflicts(
        self, mask: Any, came: Candidates, rows: Rows, offset: int, profiles: Mapping[str, CompiledProfile],
        out: Outputs,
    ) -> None:  # fmt: skip
        for k, device, series in zip(
            came.row[mask].tolist(), came.device[mask].tolist(), came.series[mask].tolist(), strict=True
        ):
            record = self._registry.records[device]
            detail = f"{self._registry.series[series].quantity}: another value stands at the same time already"
            profile = profiles[record.profile]
            out.dead_letter(offset + k, rows[k], Unstored.CONFLICT, detail, profile.redact, profile.name, record.id)

    def _mark_late(self, series: Any, ts: Any, out: Outputs) -> None:
        self._windows.taint(series, ts)
        out.dirty.append(late_panes(self._windows, series, ts))

    def _new_series(self, profiles: Mapping[str, CompiledProfile], out: Outputs) -> None:
        if out.series and out.series[-1].index >= len(self._windows.pane_secs):
            new = self._registry.series[len(self._windows.pane_secs) :]
            panes = np.fromiter((profiles[name.profile].pane_secs for name in new), np.int32, len(new))
            owners = [self._registry.by_id(name.device) for name in new]
            self._windows.add_series(panes, self._registry.lane[owners])
