r"""The live hub: what was committed goes to whoever listens, in this process. Fed after the commit, never before.

    committed(result) --> alarms ------------------------------> at once ---+
                     \--> readings, windows --> latest by series (numpy)    +--> history, queues of subscribers
                    flush(), at most once an interval, at most so many --+

It never holds anybody up: a commit costs one look while nobody listens, and one numpy pass over its readings while
somebody does; what becomes an event is bounded by `most_events` a flush, devices that wait longest first, each with
the newest of everything. So a reader sees every alarm, and of readings the newest state, never all of them.

A subscriber that comes back with the id of its last event gets what the bounded history still holds after it, behind a
gap where that is not all. Ids begin anew with every start: `epoch` tells one run from another.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.alarm_model import Transition
from gateway.engine.results import DeviceRecord, SeriesName, StepResult
from gateway.live.events import Interest, Kind, LiveEvent, alarm_data, time_text, why_names
from gateway.live.latest import Changed, LatestReadings, LatestWindows
from gateway.live.subscription import Subscription
from processors.columns import STATS, AggregateBatch, ReadingBatch

__all__ = ["LiveHub"]

_PENDING_READINGS = 20_000
_STEPS = {10: "10s", 60: "1m", 900: "15m", 3600: "1h", 86400: "1d"}


class LiveHub:
    """Called from the event loop only."""

    def __init__(
        self, series_name: Callable[[int], SeriesName], record_of: Callable[[str], DeviceRecord | None], *,
        epoch: str, steps: Sequence[int] = (60,), most_events: int = 200, history: int = 2_000, queue: int = 1_000,
        titles: Callable[[str], str] = lambda _: "",
    ) -> None:  # fmt: skip
        """`steps`: windows of these lengths (seconds) are told. `titles`: what people call a condition."""
        self.epoch = epoch
        self.newest_id = 0
        self.configuration = 0
        """How often the configuration was read again in this run."""
        self._series_name, self._record_of, self._titles = series_name, record_of, titles
        self.most_events = most_events
        """Devices told at once at most."""
        self._most_queued = queue
        self._subscriptions: list[Subscription] = []
        self._listened = False
        """Somebody wants more than alarms."""
        self._history: deque[LiveEvent] = deque(maxlen=history)
        self._deaf = False
        """Readings or windows went by while nobody listened."""
        self._alarms: dict[tuple[str, str], Transition] = {}
        self._pending: list[ReadingBatch] = []
        self._pending_readings = 0
        self._readings = LatestReadings()
        self._windows = [LatestWindows(step) for step in steps]
        self._changed = Changed()
        self._changed_windows = [Changed() for _ in steps]
        self._device_of = np.empty(0, np.int32)
        self._devices: list[tuple[str, list[int]]] = []
        """Device and its series."""
        self._index: dict[str, int] = {}

    # -- who feeds it -------------------------------------------------------------------------------------------------

    def committed(self, result: StepResult) -> None:
        """A call's outputs are durable."""
        for change in result.transitions:
            self._alarms[change.condition, change.asset] = change
            event = self._alarm_event(change)
            self._tell(event.kind, event.levels, event.zone, event.data)
        if not self._listened:
            self._deaf = self._deaf or len(result.readings) > 0 or len(result.aggregates) > 0
            return
        if len(result.readings):
            self._pending.append(result.readings)
            self._pending_readings += len(result.readings)
        if len(result.rewrites) or self._pending_readings > _PENDING_READINGS:
            self._digest()
        if len(result.rewrites):
            self._changed.mark(self._devices_of(self._readings.rewrite(result.rewrites)))
        self.revised(result.aggregates)

    def revised(self, aggregates: AggregateBatch) -> None:
        """Windows that are durable, new or computed again."""
        if not self._listened or not len(aggregates):
            self._deaf = self._deaf or len(aggregates) > 0
            return
        for windows, changed in zip(self._windows, self._changed_windows, strict=True):
            changed.mark(self._devices_of(windows.take(aggregates)))

    def standing(self, alarms: Iterable[Transition]) -> None:
        """Where alarms stand that this run has not heard of, such as those from before the start. Oldest first."""
        for change in alarms:
            known = self._alarms.get((change.condition, change.asset))
            if known is None or known.now < change.now:
                self._alarms[change.condition, change.asset] = change

    def alarm_states(self) -> list[LiveEvent]:
        """Where every alarm stands that changed or stood, normal ones too: for who begins, or has lost events."""
        return [self._alarm_event(change) for change in self._alarms.values()]

    def flush(self, most: int | None = None) -> None:
        """Tell what changed since the last time, of `most` devices or as many as there is room for; the rest waits."""
        left = self.most_events if most is None else most
        if not self._listened or not left:
            return
        self._digest()
        # windows close all at once and readings come all the time: neither may keep the other waiting
        for step, changed in enumerate(self._changed_windows):
            chosen = changed.take(max(left // 2, 1))
            left -= len(chosen)
            for device in chosen:
                self._tell_window(device, self._windows[step])
        for device in self._changed.take(max(left, 1)):
            self._tell_latest(device)

    @property
    def waiting(self) -> bool:
        """Something changed that has not been told for want of room."""
        return any(len(changed) for changed in (self._changed, *self._changed_windows))

    def refresh(self) -> None:
        """Tell every device once more, as there is room."""
        for known, changed in (
            (self._readings.ts, self._changed), *((w.start, c) for w, c in zip(self._windows, self._changed_windows,
                                                                               strict=True)),
        ):  # fmt: skip
            series = np.flatnonzero(known != np.iinfo(np.int64).min).astype(np.int32)
            changed.mark(self._devices_of(series))

    # -- who listens --------------------------------------------------------------------------------------------------

    def subscribe(self, interest: Interest | None = None, after: tuple[str, int] | None = None) -> Subscription:
        """Listen from now on, or from behind `after` (epoch and id of the last event that was seen)."""
        made = Subscription(interest or Interest(), self._most_queued)
        self._hear(made.interest)
        if after is not None:
            self._resume(made, *after)
        self._subscriptions.append(made)
        self._review()
        return made

    def change(self, subscription: Subscription, interest: Interest) -> None:
        """Let it want something else from now on; what is queued stays."""
        self._hear(interest)
        subscription.interest = interest
        self._review()

    def unsubscribe(self, subscription: Subscription) -> None:
        """Nothing more for this one. Idempotent."""
        subscription.close()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
        self._review()

    def _hear(self, interest: Interest) -> None:
        """Somebody begins to want this: what went by before is missing to everybody."""
        if self._deaf and _wants_more(interest) and not self._listened:
            self._deaf = False
            self._tell(Kind.GAP, (), "", {"lost": None})

    def _review(self) -> None:
        """Whether anybody wants more than alarms."""
        self._listened = any(_wants_more(each.interest) for each in self._subscriptions)
        if not self._listened:
            self._deaf = self._deaf or bool(self._pending)
            self._pending.clear()
            self._pending_readings = 0

    @property
    def subscribers(self) -> int:
        """How many listen."""
        return len(self._subscriptions)

    def _resume(self, made: Subscription, epoch: str, seen: int) -> None:
        oldest = self._history[0].id if self._history else self.newest_id + 1
        known = epoch == self.epoch and seen <= self.newest_id
        missed = [event for event in self._history if not known or event.id > seen]
        made.make_room(len(missed) + 1)
        if not known or seen + 1 < oldest:
            lost = oldest - seen - 1 if known else None
            made.offer(LiveEvent(oldest - 1, Kind.GAP, (), "", {"lost": lost}))
        for event in missed:
            made.offer(event)

    # -- events -------------------------------------------------------------------------------------------------------

    def _tell(self, kind: Kind, levels: tuple[str, ...], zone: str, data: Mapping[str, Any]) -> None:
        self.newest_id += 1
        event = LiveEvent(self.newest_id, kind, levels, zone, data)
        self._history.append(event)
        for subscription in self._subscriptions:
            subscription.offer(event)

    def _alarm_event(self, change: Transition) -> LiveEvent:
        levels = (change.zone, change.condition, change.asset)
        data = alarm_data(change, self._titles(change.condition))
        return LiveEvent(self.newest_id, Kind.ALARM, levels, change.zone, data)

    def _tell_latest(self, device: int) -> None:
        latest, quantities = self._readings, {}
        for series in self._devices[device][1]:
            if latest.known(series):
                name = self._series_name(series)
                quantities[name.quantity] = {
                    "value": _figure(float(latest.value[series])), "unit": name.unit, "flag": int(latest.flag[series]),
                    "why": why_names(int(latest.why[series])), "time": time_text(int(latest.ts[series])),
                }  # fmt: skip
        self._tell_device(Kind.LATEST, device, (), {"quantities": quantities})

    def _tell_window(self, device: int, windows: LatestWindows) -> None:
        quantities = {}
        for series in self._devices[device][1]:
            if windows.known(series):
                name = self._series_name(series)
                stats = dict(zip(STATS, map(_figure, windows.stats[series].tolist()), strict=True))
                quantities[name.quantity] = {
                    "unit": name.unit, "start": time_text(int(windows.start[series])),
                    "revision": int(windows.revision[series]), **stats, "count": int(windows.stats[series, 0]),
                }  # fmt: skip
        step = _STEPS[windows.step]
        self._tell_device(Kind.AGGREGATE, device, (step,), {"step": step, "quantities": quantities})

    def _tell_device(self, kind: Kind, device: int, tail: tuple[str, ...], data: dict[str, Any]) -> None:
        name = self._devices[device][0]
        record = self._record_of(name)
        zone = "" if record is None else record.zone
        about = {} if record is None else {"profile": record.profile, "zone": zone, "asset": record.asset}
        self._tell(kind, (zone, name, *tail), zone, {"device": name, **about, **data})

    # -- readings -----------------------------------------------------------------------------------------------------

    def _digest(self) -> None:
        """Bring what was gathered into the latest readings."""
        if self._pending:
            readings = ReadingBatch.concat(self._pending)
            self._pending.clear()
            self._pending_readings = 0
            self._changed.mark(self._devices_of(self._readings.take(readings)))

    def _devices_of(self, series: NDArray[np.int32]) -> NDArray[np.int32]:
        if len(series):
            self._learn(int(series.max()) + 1)
        devices: NDArray[np.int32] = self._device_of[series]
        return devices

    def _learn(self, size: int) -> None:
        """Which device a series is of; that never changes."""
        found = []
        for series in range(len(self._device_of), size):
            device = self._series_name(series).device
            index = self._index.setdefault(device, len(self._devices))
            if index == len(self._devices):
                self._devices.append((device, []))
            self._devices[index][1].append(series)
            found.append(index)
        if found:
            self._device_of = np.concatenate([self._device_of, np.array(found, np.int32)])


def _wants_more(interest: Interest) -> bool:
    return not interest.kinds or not interest.kinds.isdisjoint({Kind.LATEST, Kind.AGGREGATE})


def _figure(value: float) -> float | None:
    """What is not known is null; JSON has no NaN."""
    return value if np.isfinite(value) else None
