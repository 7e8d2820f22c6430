"""What one call gathers before it becomes a StepResult."""

from collections.abc import Callable

from gateway.engine.alarm_model import Transition
from gateway.engine.brought import Brought
from gateway.engine.figures import Figure
from gateway.engine.letters import LetterQuota
from gateway.engine.results import DeviceRecord, EdgeNote, LedgerDelta, LedgerKey, Reject, SeriesName, StepResult
from gateway.rows import Row
from processors.columns import AggregateBatch, DirtyPanes, FlagRewrites, ReadingBatch

__all__ = ["MOST_LETTERS", "Outputs"]

MOST_LETTERS = 16
"""Of one message and one reason."""

Redact = Callable[[str, bytes], tuple[str, bytes]]
"""Topic and payload without secrets."""


class Outputs:
    """Lists in order of the rows, so that the same rows give the same encoding."""

    def __init__(self, quota: LetterQuota | None = None) -> None:
        """`quota`: how many dead letters may be kept; None: all."""
        self._quota = quota
        self.readings: list[ReadingBatch] = []
        self.brought: list[Brought] = []
        """The same, with their messages."""
        self.aggregates: list[AggregateBatch] = []
        self.dirty: list[DirtyPanes] = []
        self.series: list[SeriesName] = []
        self.devices: list[DeviceRecord] = []
        self.counts: LedgerDelta = {}
        self.rewrites: list[FlagRewrites] = []
        self.transitions: list[Transition] = []
        self.figures: list[Figure] = []
        self.edges: list[EdgeNote] = []
        self._rejects: dict[tuple[int, str, str], Reject] = {}
        self._letters: dict[tuple[int, str], int] = {}

    def count(self, book: str, term: str, amount: int = 1, *, reason: str = "", source: int | None = None,
              profile: str = "") -> None:  # fmt: skip
        """Add to an account of the ledger."""
        if amount:
            key = LedgerKey(book, term, reason, "" if source is None else str(source), profile)
            self.counts[key] = self.counts.get(key, 0) + amount

    def dead_letter(
        self, offset: int, row: Row, reason: str, detail: str, redact: Redact, profile: str = "", device: str = ""
    ) -> None:
        """Keep a message with the reason why it, or part of it, could not be used; one letter a device and reason.

        Each letter holds the whole message, so one that faults under very many devices makes only the first letters;
        ledger and devices count the rest too.
        """
        several = self._letters.get((offset, reason), 0)
        if (offset, reason, device) in self._rejects or several >= MOST_LETTERS:
            return
        self._letters[offset, reason] = several + 1
        quota = self._quota
        if quota is not None and not quota.has_room(reason, profile, row.received_at, len(row.payload)):
            self.count("beside", "letters_not_kept", reason=reason, profile=profile)
            return
        topic, payload = redact(row.topic, row.payload)
        self._rejects[offset, reason, device] = Reject(
            offset, row.received_at, reason, detail, row.source, profile, topic, payload, device
        )

    def result(self) -> StepResult:
        """Everything, concatenated."""
        return StepResult(
            readings=ReadingBatch.concat(self.readings),
            aggregates=AggregateBatch.concat(self.aggregates),
            dirty=DirtyPanes.concat(self.dirty),
            rejects=list(self._rejects.values()),
            series=self.series,
            devices=self.devices,
            counts=self.counts,
            rewrites=FlagRewrites.concat(self.rewrites),
            transitions=self.transitions,
            figures=self.figures,
            edges=self.edges,
        )
