"""The gateway notes the head of the audit log each hour and at its end, where the log's own file has no say.

    records.db --head--> another one than noted last? --> audit-heads.txt, and the gateway's log: AuditHeadNoted

By the machine's clock, as all of access: a city's hour may be a minute long.
"""

from contextlib import closing
from pathlib import Path

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import Anchor
from gateway.access.database import AccessDatabase
from gateway.access.heads import AuditHeads
from gateway.clock import Clock, SystemClock
from gateway.errors import GatewayError
from gateway.telemetry.access_events import AuditHeadNoted
from gateway.telemetry.telemetry import Telemetry

__all__ = ["AuditNotes"]

_HOUR = 3_600_000_000_000


class AuditNotes:
    """Of one gateway; called from one thread at a time. Trouble with the file leaves it to the next hour."""

    def __init__(self, folder: Path, telemetry: Telemetry, clock: Clock | None = None) -> None:
        self._path = folder / "records.db"
        self._heads = AuditHeads(folder)
        self._telemetry = telemetry
        self._clock = clock or SystemClock()
        self._noted: Anchor | None = None
        self._next = 0

    def due(self) -> None:
        """Note it, where an hour has passed since the last time; at once the first time."""
        if self._clock.now() >= self._next:
            self.note()

    def note(self) -> None:
        """Note it, where it is another than before."""
        now = self._clock.now()
        self._next = now + _HOUR
        try:
            with closing(AccessDatabase(self._path, make=False)) as database:
                head = AuditLog(database).head()
            if not head.seq or head == self._noted:
                return
            known = self._heads.read()
            if not known or known[-1] != head:
                self._heads.note(now, head)
        except (GatewayError, OSError):
            return
        self._noted = head
        self._telemetry.emit(AuditHeadNoted(head.seq, head.hash))
