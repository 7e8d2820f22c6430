r"""Saturation and recovery: normal load, several times what the gateway can take for a while, normal load again.

    offered   ____/-------\________________       behind: how long ago was what it has received by now published?
    received  ____/-----------------\______       From the schedule that the loads kept, at every look.

What it cost: nothing may be lost, memory stays bounded, and `behind` is back to normal soon after the backlog is gone.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from gateway.bench.children import Child
from gateway.bench.curve import Point, Stage
from gateway.bench.stand import Stand, taken, unread

__all__ = ["Sending", "recovery"]

_LOOK_SECS = 0.5
_NORMAL = 0.4
"""Share of what it can take."""
_MB = 2**20


class Sending:
    """How much had been sent at each moment: loads one after the other, followed in a thread each."""

    def __init__(self, began: float) -> None:
        self._at = [began]
        self._sent = [0]
        self._base = 0

    def follow(self, load: Child) -> threading.Thread:
        """Note what a load tells until it ends; join the thread before the next one."""

        def read() -> None:
            for line in load.lines():
                self.note(time.monotonic(), line["sent"])
            self._base = self._sent[-1]

        thread = threading.Thread(target=read, name="bench.sending")
        thread.start()
        return thread

    def note(self, moment: float, sent: int) -> None:
        """A load has sent so many by now."""
        self._at.append(moment)
        self._sent.append(max(self._base + sent, self._sent[-1]))

    @property
    def total(self) -> int:
        """Sent by now, as far as it is known."""
        return self._sent[-1]

    def behind(self, received: int, now: float) -> float:
        """How long ago the oldest message that has not come by now was sent; 0: all have come."""
        return max(now - self.when(received + 1), 0.0) if received < self.total else 0.0

    def when(self, number: int) -> float:
        """When the `number`-th message was sent, between two looks by proportion; the newest look where it wasn't."""
        place = bisect_left(self._sent, number)
        if place >= len(self._sent):
            return self._at[-1]
        if not place:
            return self._at[0]
        low, high = self._sent[place - 1], self._sent[place]
        return self._at[place - 1] + (self._at[place] - self._at[place - 1]) * (number - low) / (high - low)


def recovery(times: float, stage: Stage) -> Iterator[Point]:
    """A point a look; the last one says what was lost, and how long after the surge it was back to normal."""
    plan = replace(stage.plan, speed=1.0)
    surge, calm = stage.secs(20.0), stage.secs(15.0)
    with Stand(plan) as stand:
        devices = plan.devices
        stand.load(devices)
        stand.drained()
        probe = stage.count(100_000)
        began = time.monotonic()
        stand.load(probe)
        stand.drained()
        most = probe / (time.monotonic() - began)
        first = stand.sent
        sending, points = Sending(time.monotonic()), list[Point]()
        phases = [(_NORMAL * most, calm), (times * most, surge), (_NORMAL * most, calm)]
        whole = sum(secs for _, secs in phases)
        began = time.monotonic()

        def look(offered: float) -> None:
            status, now = stand.status(), time.monotonic()
            received = taken(status)[0] - first
            before = points[-1] if points else {"secs": 0.0, "received": 0}
            span = max(now - began - before["secs"], 1e-3)
            points.append({
                "secs": round(now - began, 2), "offered_per_s": round(offered, 1),
                "received_per_s": round((received - before["received"]) / span, 1), "received": received,
                "behind_secs": round(sending.behind(received, now), 3),
                "rss_mb": round(stand.resident() / _MB, 1), "waiting": status["inbox"]["waiting"],
            })  # fmt: skip
            stage.told(min(round(now - began), round(whole)), round(whole))

        ended = began
        for phase, (rate, secs) in enumerate(phases):
            # more than the sender can is sent as fast as it goes
            with stand.loading(max(round(rate * secs), devices), rate if rate <= 1000 * devices else 0.0) as load:
                reader = sending.follow(load)
                while reader.is_alive():
                    reader.join(_LOOK_SECS)
                    look(rate)
            if phase == 1:
                ended = time.monotonic() - began
        after = stand.drained(watch=lambda _: look(0.0))
        look(0.0)
        normal = max([point["behind_secs"] for point in points if point["secs"] <= calm] or [0.0]) + _LOOK_SECS
        late = [point["secs"] for point in points if point["secs"] > ended and point["behind_secs"] > normal]
        points[-1].update({
            "capacity_per_s": round(most, 1), "lost": unread(after, stand.sent),
            "balanced": after["ledger"]["balanced"], "peak_mb": round(after["cpu"]["peak_rss_bytes"] / _MB, 1),
            "normal_after_secs": round(max(late, default=ended) - ended, 2),
        })  # fmt: skip
    yield from points
