"""What each part of the flow tells the others as things come about: rows durable, outputs durable, stored, lost, full.

intake --journaled--> runner --committed--> writers, live hub --stored--> notifications
                      (with the times that it took, and the events for logs and counters)
"""

from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from gateway.engine.results import StepResult
from gateway.errors import JournalFull, QuotaFull
from gateway.journal.outbox_drops import Dropped
from gateway.rows import Rows
from gateway.runtime.flood_notes import tell_floods
from gateway.runtime.stages import Stages
from gateway.runtime.stores import RECORDS
from gateway.telemetry.process_events import InboxFull, OutboxFull
from gateway.telemetry.reading_events import (
    DeviceProvisioned,
    MessageRejected,
    ReadingsLate,
    RevisionSkipped,
    RevisionWritten,
)
from gateway.telemetry.store_events import DeadLettersPurgedError, ReadingsDroppedError
from processors.columns import AggregateBatch

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["HandOvers"]


class HandOvers:
    """Belongs to one gateway, whose parts call it from the event loop."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._stages = Stages()

    # -- the flow -----------------------------------------------------------------------------------------------------

    def journaled(self, first_offset: int, rows: Rows, came_at: float) -> None:
        """Rows are durable: the engine may have them."""
        self._stages.journaled(first_offset + len(rows), came_at, len(rows))
        self._gateway.runner.journaled(first_offset, rows)

    def acked(self, secs: float, messages: int) -> None:
        """So long after they came, PUBACKs left."""
        self._gateway.view.ack.observe(secs, messages)
        self._gateway.metrics.ack.observe(secs, messages)

    def committed(self, rows: Rows, result: StepResult, position: int | None) -> None:
        """A call's outputs are durable, at `position` of the outbox where there is something to store."""
        gateway, emit = self._gateway, self._gateway.telemetry.emit
        self._stages.committed(gateway.engines.offset, position)
        gateway.view.committed(monotonic(), len(rows), result)
        gateway.live_parts.committed(result)
        gateway.rebirth_parts.committed(result)
        gateway.metrics.outbox_fsync.observe(gateway.runner.commit_secs)
        for reject in result.rejects:
            emit(MessageRejected(reject.reason, reject.profile, reject.detail))
        for device in result.devices:
            if device.state != "known":
                emit(DeviceProvisioned(device.id, device.profile, device.state))
        tell_floods(result, gateway.telemetry)
        late = sum(amount for key, amount in result.counts.items() if key.term == "late")
        if late:
            emit(ReadingsLate(late))
        if position is not None:
            for writer in gateway.writers:
                # who is told of alarms is told from the records
                urgent = writer.name == RECORDS and len(result.transitions) > 0
                writer.wake(len(result.readings), urgent=urgent)

    def stored(self, store: str, position: int) -> None:
        """A store has everything up to `position`."""
        gateway = self._gateway
        if store == RECORDS:
            gateway.notify_parts.stored()
        if store == gateway.stores[0].name:
            now = monotonic()
            for came_at, messages in self._stages.stored(position):
                gateway.view.stored.observe(now - came_at, messages)
                gateway.metrics.stored.observe(now - came_at, messages)

    def revised(self, windows: AggregateBatch) -> None:
        """Windows were computed anew."""
        self._gateway.view.revised(len(windows))
        self._gateway.live_parts.revised(windows)
        self._gateway.telemetry.emit(RevisionWritten(len(windows)))

    # -- what was lost, or has no room --------------------------------------------------------------------------------

    def skipped(self, series: int, reason: str) -> None:
        """A window was not computed anew."""
        self._gateway.telemetry.emit(RevisionSkipped(series, reason))

    def lost(self, source: str, messages: int) -> None:
        """A source's broker says that it dropped messages."""
        number = next(each.source for each in self._gateway.sources if each.name == source)
        self._gateway.intake.lost_at_broker(number, messages)

    def purged(self, letters: int, purged: int, held: int) -> None:
        """Dead letters went, for there is a bound on them."""
        self._gateway.telemetry.emit(DeadLettersPurgedError(letters, purged, held))

    def dropped(self, store: str, lost: Dropped) -> None:
        """Readings went that a store was never given."""
        writer = next(writer for writer in self._gateway.writers if writer.name == store)
        first, last = (str(np.datetime64(ts // 1_000_000, "ms")) for ts in (lost.first, lost.last))
        remedy = writer.remedy or f"Bring {store} back, or give [outbox] a larger `quota_bytes`."
        self._gateway.telemetry.emit(
            ReadingsDroppedError(store, lost.readings, first, last, writer.problem or "slow", remedy)
        )

    def inbox_full(self, problem: str) -> None:
        """Nothing is acknowledged until there is room."""
        self._gateway.telemetry.emit(InboxFull(problem))

    def outbox_full(self, error: JournalFull) -> None:
        """The engine waits: for the quota, where room can be made, or for the disk."""
        if isinstance(error, QuotaFull):
            self._gateway.room.full(error)
        else:
            self.stuck(error.problem)

    def stuck(self, problem: str) -> None:
        """No room can be made in the outbox."""
        self._gateway.telemetry.emit(OutboxFull(problem))
