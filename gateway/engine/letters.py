"""How many dead letters are kept: of a flood a sample, so that it neither fills the journal nor pushes others' out.

A bucket for each (reason, profile): so many at once, so many a second in the long run; a long payload counts as
several. What is not kept is counted (`letters_not_kept`, beside the sums); the ledger has its message either way.
"""

from collections.abc import Iterable
from typing import Any

__all__ = ["LetterQuota"]

_SECOND = 1_000_000_000
_PIECE_BYTES = 4096


class LetterQuota:
    """Bounded by reasons and profiles. Goes by receipts, the newest so far where an older one comes again."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, str], int] = {}
        self._newest = 0
        self._each = self._depth = 0

    def configure(self, per_second: float, burst: int) -> None:
        """How many; 0 a second: all."""
        self._each = round(_SECOND / per_second) if per_second else 0
        self._depth = self._each * burst

    def has_room(self, reason: str, profile: str, received_at: int, size: int) -> bool:
        """Whether a letter of `size` bytes is kept; it takes its share."""
        if not self._each:
            return True
        self._newest = now = max(self._newest, received_at)
        due = max(self._due.get((reason, profile), 0), now)
        if due - now + self._each > self._depth:
            return False
        # the last one may overdraw: a payload of any length fits an empty bucket
        self._due[reason, profile] = due + self._each * (1 + size // _PIECE_BYTES)
        return True

    def snapshot(self) -> list[Any]:
        """Everything, as plain lists."""
        return [self._newest, [[*of, due] for of, due in self._due.items()]]

    @classmethod
    def restore(cls, state: Iterable[Any]) -> "LetterQuota":
        """What gave `state`."""
        made = cls()
        made._newest, dues = state
        made._due = {(reason, profile): due for reason, profile, due in dues}
        return made
