"""What people (and the design) do to an alarm: acknowledge, reset, shelve, suppress, take out of service, comment.

Each act is a function that changes an open alarm and says whether there was something to change: doing it again changes
nothing. A request that makes no sense is refused, never an error: it comes from outside and is in the journal already.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

import msgspec

from gateway.engine.alarm_model import Act, AlarmState, Change
from gateway.engine.alarm_open import OpenAlarm

__all__ = ["CHANGES", "PUTTING_ASIDE", "ActIds", "ActRequest", "carry_out"]

PUTTING_ASIDE = frozenset({Act.SHELVE, Act.SUPPRESS, Act.OUT_OF_SERVICE})
"""These can be done while nothing is wrong."""

CHANGES = {
    Act.ACK: Change.ACKNOWLEDGED, Act.RESET: Change.RESET, Act.SHELVE: Change.SHELVED, Act.UNSHELVE: Change.UNSHELVED,
    Act.SUPPRESS: Change.SUPPRESSED, Act.UNSUPPRESS: Change.UNSUPPRESSED,
    Act.OUT_OF_SERVICE: Change.REMOVED_FROM_SERVICE, Act.IN_SERVICE: Change.RETURNED_TO_SERVICE,
    Act.COMMENT: Change.COMMENTED,
}  # fmt: skip


class ActRequest(msgspec.Struct, frozen=True):
    """An act on the alarm of (condition, asset)."""

    act: Act
    condition: str
    asset: str
    who: str = ""
    text: str = ""
    until: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    """UTC ns, for SHELVE."""
    id: str = ""
    """Of the act: one that was seen before changes nothing."""
    alarm: str = ""
    """Where given, the act is meant for the alarm with this id and no later one of the same name."""

    @classmethod
    def of(cls, act: Mapping[str, Any]) -> Self | None:
        """None: it is no act."""
        try:
            return msgspec.convert(dict(act), cls)
        except msgspec.ValidationError:
            return None


class ActIds:
    """Ids of the newest acts; bounded."""

    def __init__(self, kept: int = 1_000) -> None:
        self.kept = kept
        self._ids: dict[str, None] = {}

    def seen(self, act: str) -> bool:
        """Whether an id came before; from now on it has. An act without an id is always new."""
        if not act:
            return False
        if act in self._ids:
            return True
        self._ids[act] = None
        while len(self._ids) > self.kept:
            del self._ids[next(iter(self._ids))]
        return False

    def snapshot(self) -> list[str]:
        """The oldest first."""
        return list(self._ids)

    def restore(self, ids: list[str]) -> None:
        """Take over what `snapshot` gave."""
        self._ids = dict.fromkeys(ids)


def carry_out(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    """Change an alarm; False: there was nothing to change."""
    return _ACTS[request.act](alarm, request, now)


def _ack(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    if alarm.blank or alarm.acknowledged:
        return False
    alarm.acknowledged, alarm.acknowledged_level = True, alarm.level
    return True


def _reset(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    if alarm.process_state is not AlarmState.LATCHED:
        return False
    alarm.latching = False
    return True


def _shelve(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    if request.until <= now or request.until == alarm.shelved_until:
        return False
    alarm.shelved_until = request.until
    return True


def _unshelve(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    was, alarm.shelved_until = bool(alarm.shelved_until), 0
    return was


def _suppress(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    was, alarm.suppressed = alarm.suppressed, True
    return not was


def _unsuppress(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    was, alarm.suppressed = alarm.suppressed, False
    return was


def _out_of_service(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    was, alarm.out_of_service = alarm.out_of_service, True
    return not was


def _in_service(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    was, alarm.out_of_service = alarm.out_of_service, False
    return was


def _comment(alarm: OpenAlarm, request: ActRequest, now: int) -> bool:
    said = (request.who, request.text)
    if not request.text or said == alarm.comment:
        return False
    alarm.comment = said
    return True


_ACTS: dict[Act, Callable[[OpenAlarm, ActRequest, int], bool]] = {
    Act.ACK: _ack, Act.RESET: _reset, Act.SHELVE: _shelve, Act.UNSHELVE: _unshelve, Act.SUPPRESS: _suppress,
    Act.UNSUPPRESS: _unsuppress, Act.OUT_OF_SERVICE: _out_of_service, Act.IN_SERVICE: _in_service,
    Act.COMMENT: _comment,
}  # fmt: skip
