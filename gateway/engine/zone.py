"""ZoneEngine: judges the devices of the zones it hosts. Pure: rows and `now` in, columns out.

    rows -> route -> decode -> identify -> time gate -> deduplicate -> quality flags -> windows -> rollups
            (messages.py, devices.py)      (timegate.py) (acceptance.py)                (processors.windows)

The same rows, calls and `now` give the same outputs to the byte, wherever a snapshot and restore lies between. What it
computes for a zone does not depend on which other zones it hosts: lanes are (zone, profile), series are devices'.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.codecs.compiled import CompiledProfile, compile_profile
from gateway.config.content import EngineContent
from gateway.config.profiles import Profile, load_profiles
from gateway.engine.acceptance import Acceptance
from gateway.engine.candidates import Candidates, Observed
from gateway.engine.common_delay import CommonDelay
from gateway.engine.conditions.judge import Judge
from gateway.engine.dedupe import Dedupe
from gateway.engine.devices import Devices
from gateway.engine.edge_nodes import EdgeNodes
from gateway.engine.limits import Limits
from gateway.engine.messages import Messages
from gateway.engine.outputs import Outputs
from gateway.engine.quality import Quality
from gateway.engine.registry import Registry
from gateway.engine.results import DeviceRecord, StepResult
from gateway.engine.router import Router
from gateway.engine.sequences import SequenceTracker
from gateway.engine.throttle import throttle_of
from gateway.engine.timegate import TimeGate
from gateway.engine.timezone import day_edges
from gateway.engine.usual import Usual
from gateway.reasons import Lost
from gateway.rows import NO_MESSAGE, Row, RowKind, Rows, Run
from processors.windows.watermark import Watermarks
from processors.windows.window_set import WindowSet

__all__ = ["ZoneEngine"]

_NO_MESSAGES = frozenset({int(kind) for kind in RowKind} - {int(RowKind.MESSAGE), int(RowKind.REPLAY)})
_SECOND = 1_000_000_000
_CLOCK_EVERY = 5 * _SECOND
_CLOCK_CALLS = 100  # so often at least: a clock of ours that was set back stands still


class ZoneEngine:
    """Never called concurrently. Blank until its first CONFIG row."""

    def __init__(self) -> None:
        self.offset = 0
        """Offset of the next row that it expects."""
        self.now = 0
        self.newest_event = 0
        """Newest event time of a device with a steady clock, less its usual delay; never ahead of its receipt."""
        self.newest_receipt = 0
        """Receipt of the newest message of any device."""
        self.config_digest = ""
        self.clock_suspect = ""
        """`fast` or `slow` where it is our own clock that is wrong."""
        self._content_bytes = b""
        self._live_since = -1
        self._clock_judged_at = self._clock_calls = 0
        self._delay = CommonDelay()
        self.registry = Registry()
        self._sequences = SequenceTracker()
        self.edge_nodes = EdgeNodes()
        self.limits = Limits()
        self._dedupe = Dedupe()
        self._windows = WindowSet(np.empty(0, np.int64))
        self._watermarks = Watermarks()
        self._closed_at = np.empty(0, np.int64)
        self.judge = Judge()
        self._quality = Quality()
        self._acceptance = Acceptance(self.registry, self._dedupe, self._windows, self._quality)
        self._content: EngineContent | None = None
        self._messages: Messages | None = None
        self._profiles: dict[str, CompiledProfile] = {}
        self._raw_profiles: tuple[Profile, ...] = ()

    # -- the one call ---------------------------------------------------------------------------------------------

    def step(self, rows: Sequence[Row], now: int, live: bool) -> StepResult:
        """Take `rows` (contiguous from `offset`), or none for a tick; `now` drives timers only and never goes back."""
        self.limits.clock_stands = now <= self.now
        self.now = max(self.now, now)
        out = Outputs(self.limits.letters)
        came = Rows.of(rows)
        # where runs end says nothing: what comes between two rows that are no messages is taken as one
        between: list[Run] = []
        for run in came.runs:
            if run.kind not in _NO_MESSAGES:
                between.append(run)
                continue
            self._take(Rows(between), out)
            between = []
            for row in Rows([run]):
                self._obey(row, out)
                self.offset += 1
        self._take(Rows(between), out)
        self._progress(live)
        # without rows nothing waits to be read: what is missing by now is missing
        self.edge_nodes.tick(self.now, came.runs[-1].last_at if came.runs else self.now, out)
        self._close(out)
        self._judge(live, out)
        return out.result()

    def _obey(self, row: Row, out: Outputs) -> None:
        """Take a row that is no message."""
        if row.kind == RowKind.CONFIG:
            self._configure(row, out)
        elif row.kind == RowKind.CLOSE:
            self._watermarks.close(msgspec.msgpack.decode(row.payload, type=int))
        elif row.kind == RowKind.LOST and not row.flags & NO_MESSAGE:
            out.count("message", "lost", reason=Lost.DAMAGE, source=row.source)
        elif row.kind == RowKind.ACT and not self.judge.act(row, self.now, out.transitions):
            out.count("beside", "acts_without_effect")

    def _take(self, rows: Rows, out: Outputs) -> None:
        if not rows:
            return
        assert self._messages is not None, "the first row of a journal is its configuration"
        candidates, observed = self._messages.read(rows, self.offset, out)
        self._lanes()
        if candidates:
            self._acceptance.accept(Candidates.concat(candidates), rows, self.offset, self._profiles, out)
        for seen in observed:
            self._observe(seen)
        self.offset += len(rows)

    # -- time -----------------------------------------------------------------------------------------------------

    def _observe(self, seen: Observed) -> None:
        self._watermarks.observe(seen.lane, seen.ts, seen.received_at, seen.steady)
        self.newest_receipt = max(self.newest_receipt, int(seen.received_at.max()))
        steady = np.minimum(seen.ts + seen.usual, seen.received_at)[seen.steady]
        if len(steady):
            self.newest_event = max(self.newest_event, int(steady.max()))
            self._delay.newest = max(self._delay.newest, int(seen.ts[seen.steady].max()))

    def _progress(self, live: bool) -> None:
        """Wall-clock progress counts only while the source is live; after a reconnect it starts afresh."""
        if self._content is None:
            return
        options = self._content.options
        self._live_since = (self._live_since if self._live_since >= 0 else self.now) if live else -1
        if live:
            self._watermarks.advance_idle(self.now, options.idle_timeout_ns, self._live_since)
        self._clock_calls += 1
        if self.now - self._clock_judged_at >= _CLOCK_EVERY or self._clock_calls >= _CLOCK_CALLS:
            self._clock_judged_at, self._clock_calls = self.now, 0
            self.clock_suspect = self._delay.suspect(
                self.registry, self.now, self.newest_receipt, options.clock_bound_ns, self._live_since
            )

    def _close(self, out: Outputs) -> None:
        watermark = self._watermarks.current()
        # panes end on whole tens of seconds: between two of them there is nothing to close
        tens = watermark // (10 * _SECOND)
        if len(tens) == len(self._closed_at) and (tens == self._closed_at).all():
            return
        self._closed_at = tens
        aggregates, dirty = self._windows.close(watermark)
        out.aggregates.append(aggregates)
        out.dirty.append(dirty)

    def _judge(self, live: bool, out: Outputs) -> None:
        """Conditions see what is not late: readings by their flag, windows as they close."""
        self.judge.step(out.brought, out.aggregates, self._watermarks.current(), self.now, live, out)

    @property
    def series_lane(self) -> NDArray[np.int32]:
        """Lane of each series."""
        return self._windows.lane

    @property
    def series_pane(self) -> NDArray[np.int32]:
        """Finest step of each series in seconds."""
        return self._windows.pane_secs

    def pane_of(self, series: int) -> int:
        """Finest step of a series in seconds: what its profile had when it was met, whatever it says by now."""
        return int(self._windows.pane_secs[series])

    @property
    def day_edges(self) -> NDArray[np.int64]:
        """Local midnights of the city."""
        return self._windows.day_edges

    def flooding(self, most: int) -> list[str]:
        """Devices that messages were shed of within the last minute."""
        return [self.registry.records[device].id for device in self.limits.rates.flooding(self.now)[:most]]

    def watermarks(self) -> dict[tuple[str, str], int]:
        """Watermark of each lane (zone, profile)."""
        return dict(zip(self.registry.lanes, self._watermarks.current().tolist(), strict=False))

    def usual(self, series: int, ts: NDArray[np.int64]) -> Usual | None:
        """What has been learned of a series as of now, at `ts` (UTC ns): by a condition, else by its quality check."""
        return self.judge.usual(series, ts) or self._quality.usual(series, ts)

    # -- configuration ----------------------------------------------------------------------------------------------

    def _configure(self, row: Row, out: Outputs) -> None:
        self._load(row.payload)
        assert self._content is not None
        quantities = {name: [q.name for q in profile.quantities] for name, profile in self._profiles.items()}
        self.registry.relayout(quantities)
        self._retune_lanes()
        for device in self._content.devices:
            record = DeviceRecord(
                device.id, device.profile, device.zone, tuple(device.keys), device.lon, device.lat, device.cell,
                device.asset, "known", row.received_at,
            )  # fmt: skip
            index, changed = self.registry.put(record, quantities.get(device.profile, ()))
            if changed:
                out.devices.append(record)
                self._lanes()
                mine = self.registry.series_of_device(index)
                self._windows.set_lane(mine, np.full(len(mine), self.registry.lane[index], np.int32))
        self.limits.configure(self._content.options, self.registry)
        self.registry.laid_out()
        self._quality.configure(self._raw_profiles, self._windows.day_edges, self.registry.series)
        self.judge.configure(self._content, self._raw_profiles, self.registry, self.now, out.transitions)

    def _load(self, content_bytes: bytes) -> None:
        content = EngineContent.decode(content_bytes)
        profiles = load_profiles(content.profiles)
        options = content.options
        compiled = [compile_profile(profile, options.bounds) for profile in profiles]
        self._content, self._content_bytes, self.config_digest = content, content_bytes, content.digest
        self._profiles = {profile.name: profile for profile in compiled}
        gate = TimeGate(options.max_ahead_ns, options.clock_bound_ns, options.late_horizon_ns)
        self.limits.configure(options, self.registry)
        devices = Devices(self.registry, frozenset(content.zones), options.max_devices, self.limits.new_devices)
        devices.list_only({device.id for device in content.devices})
        throttles = [throttle_of(each, options, self.limits) for each in profiles]
        router = Router(profiles, options.bounds.max_topic_bytes)
        self.edge_nodes.configure(options, self.registry)
        self._messages = Messages(compiled, router, gate, devices, self._sequences, self.edge_nodes, throttles)
        self._windows.day_edges = day_edges(content.timezone)
        self._raw_profiles = profiles

    def _lanes(self) -> None:
        """Bring watermarks up to the lanes that the registry has opened."""
        lanes = self.registry.lanes
        for lane in range(len(self._watermarks), len(lanes)):
            profile = self._profiles.get(lanes[lane][1])
            self._watermarks.add_lane(profile.out_of_orderness_ns if profile else 10 * _SECOND)

    def _retune_lanes(self) -> None:
        """The profiles may have changed how long to wait."""
        for lane, (_, name) in enumerate(self.registry.lanes[: len(self._watermarks)]):
            profile = self._profiles.get(name)
            if profile is not None:
                self._watermarks.set_out_of_orderness(lane, profile.out_of_orderness_ns)

    # -- snapshot ---------------------------------------------------------------------------------------------------

    @property
    def content(self) -> bytes:
        """The configuration in force, as its row brought it."""
        return self._content_bytes

    @property
    def configuration(self) -> EngineContent | None:
        """The same, read; None before the first."""
        return self._content

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on, as arrays, numbers, strings and lists of them."""
        return {
            "offset": self.offset,
            "now": self.now,
            "newest_event": self.newest_event,
            "newest_receipt": self.newest_receipt,
            "live_since": self._live_since,
            "clock_suspect": self.clock_suspect,
            "clock_judged_at": self._clock_judged_at,
            "clock_calls": self._clock_calls,
            "common_delay": self._delay.snapshot(),
            "content": self._content_bytes,
            "registry": self.registry.snapshot(),
            "sequences": self._sequences.snapshot(),
            "edge_nodes": self.edge_nodes.snapshot(),
            "limits": self.limits.snapshot(),
            "newest": self._dedupe.newest[: len(self.registry.series)].copy(),
            "windows": self._windows.snapshot(),
            "watermarks": self._watermarks.snapshot(),
            "closed_at": self._closed_at.copy(),
            "quality": self._quality.snapshot(),
            "judge": self.judge.snapshot(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "ZoneEngine":
        """The engine that gave `state`."""
        made = cls()
        made.offset, made.now, made._live_since = state["offset"], state["now"], state["live_since"]
        made.newest_event, made.newest_receipt = state["newest_event"], state["newest_receipt"]
        made.clock_suspect = state["clock_suspect"]
        made._clock_judged_at, made._clock_calls = state["clock_judged_at"], state.get("clock_calls", 0)
        made._delay = CommonDelay.restore(state.get("common_delay", ()))  # none before 0.4
        made.registry = Registry.restore(state["registry"])
        made._sequences = SequenceTracker.restore(state["sequences"])
        made.edge_nodes = EdgeNodes.restore(state.get("edge_nodes", ()))  # none before 0.3
        made.limits = Limits.restore(state.get("limits", {}))  # none before 0.4
        made._windows = WindowSet.restore(state["windows"])
        made._acceptance = Acceptance(made.registry, made._dedupe, made._windows, made._quality)
        made._watermarks = Watermarks.restore(state["watermarks"])
        made._closed_at = state["closed_at"].copy()
        if state["content"]:
            made._load(state["content"])
        newest = state["newest"]
        if made._content is not None:
            rest = made._raw_profiles, made._windows.day_edges, made.registry.series
            made._quality.restore(state.get("quality", {}), *rest)
            made.judge.restore(state.get("judge", {}), made._content, made._raw_profiles, made.registry)
        made._dedupe.grow(len(newest))
        made._dedupe.newest[: len(newest)] = newest
        return made
