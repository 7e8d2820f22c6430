"""An alarm that is open: raised and not closed yet, or put aside by somebody. One a key at most.

Only what was announced asks for anything: what began and ended while it was put aside, or in a backlog, closes by
itself; what was announced stays until it is acknowledged (and, where it latches, reset), put aside meanwhile or not.
"""

import msgspec

from gateway.engine.alarm_model import AlarmState

__all__ = ["OpenAlarm"]


class OpenAlarm(msgspec.Struct):
    """Changed in place by `Alarms` and by acts. Blank (nothing wrong) while it is neither active nor announced."""

    key: int
    id: str
    since: int
    level: int = 0
    value: float | None = None
    active: bool = False
    acknowledged: bool = False
    acknowledged_level: int = 0
    """Level at the acknowledgement: a higher one asks anew."""
    announced: bool = False
    """Somebody was told."""
    historic: bool = False
    latching: bool = False
    shelved_until: int = 0
    suppressed: bool = False
    out_of_service: bool = False
    comment: tuple[str, str] = ("", "")
    """The newest one: who and what."""

    @property
    def blank(self) -> bool:
        """Nothing is wrong: it is only put aside."""
        return not self.active and not self.announced

    @property
    def put_aside(self) -> bool:
        """Somebody decided that it is not to be announced."""
        return bool(self.shelved_until) or self.suppressed or self.out_of_service

    @property
    def process_state(self) -> AlarmState:
        """Where it would be, were it not put aside."""
        if self.active:
            return AlarmState.ACKNOWLEDGED if self.acknowledged else AlarmState.UNACKNOWLEDGED
        if not self.announced:
            return AlarmState.NORMAL
        if not self.acknowledged:
            return AlarmState.RETURNED
        return AlarmState.LATCHED if self.latching else AlarmState.NORMAL

    @property
    def state(self) -> AlarmState:
        """By precedence: decisions first, then the process."""
        if self.out_of_service:
            return AlarmState.OUT_OF_SERVICE
        if self.suppressed:
            return AlarmState.SUPPRESSED
        if self.shelved_until:
            return AlarmState.SHELVED
        return self.process_state

    def begin(self, level: int, value: float | None, latching: bool) -> None:
        """The condition holds: nobody has acknowledged that."""
        self.active, self.acknowledged, self.acknowledged_level = True, False, 0
        self.level, self.value, self.latching = level, value, latching

    def move(self, level: int, value: float | None) -> bool:
        """To another level; True: above what was acknowledged, so that it asks anew."""
        self.level, self.value = level, value
        anew = self.acknowledged and level > self.acknowledged_level
        if anew:
            self.acknowledged = False
        return anew

    def clear(self) -> None:
        """Nothing is wrong any more; what was decided stays."""
        self.active = self.acknowledged = self.announced = self.historic = self.latching = False
        self.level, self.value, self.acknowledged_level = 0, None, 0
