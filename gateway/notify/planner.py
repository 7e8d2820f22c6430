r"""From changes of alarms to what is told to whom: one round is one transaction of records.db.

    transitions after `seen` --> take ----> items in messages that gather
                                   \--> escalations          (an acknowledgement, or the end, takes them back)
    escalations that are due ------------> items for the next channel
    messages that are due ---------------> sealed: `sending`

The same rows and `now` give the same plan; a round that a crash undoes is done again. Who has to be told:
- an alarm that waits for an acknowledgement: raised, repeated, brought back, or at a level above the one last told;
- that it is over: whoever was told that it stands; of what ended while it was put aside, when that is over too.
Not told: what is historic (over before anybody could act), what was put aside, comments.
"""

import sqlite3
from collections.abc import Iterable

from msgspec.structs import replace

from gateway.engine.alarm_model import AlarmState, Change, Transition
from gateway.notify.model import Item, NotifyKind, Reminder, item_id
from gateway.notify.routes import Route, Rules
from gateway.notify.tables import (
    add_item,
    cancel_waiting,
    drop_escalation,
    due_escalations,
    last_told,
    move_seen,
    new_transitions,
    plan_escalation,
    seal,
    told_channels,
    told_that_it_stands,
)

__all__ = ["Planner"]

_AT_ONCE = 2_000
"""Transitions a round."""
_ASKS = frozenset({Change.RAISED, Change.REPEATED, Change.UNSHELVED, Change.UNSUPPRESSED, Change.RETURNED_TO_SERVICE})
_OVER = frozenset({Change.RETURNED, Change.RETIRED})
_ASIDE_NO_MORE = frozenset({Change.UNSHELVED, Change.UNSUPPRESSED, Change.RETURNED_TO_SERVICE})
_DECIDED = {
    AlarmState.ACKNOWLEDGED: "acknowledged before it went out", AlarmState.SHELVED: "shelved before it went out",
    AlarmState.SUPPRESSED: "suppressed before it went out",
    AlarmState.OUT_OF_SERVICE: "taken out of service before it went out",
}  # fmt: skip


class Planner:
    """Has no state of its own but the rules: everything else is in the tables."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def round(self, db: sqlite3.Connection, now: int, reminders: Iterable[Reminder] = ()) -> tuple[list[str], bool]:
        """Plan what there is at `now`; gives the channels that have something to send, and whether there is more."""
        changes = new_transitions(db, _AT_ONCE)
        for _, change in changes:
            self._take(db, change, now)
        if changes:
            move_seen(db, changes[-1][0])
        more = len(changes) == _AT_ONCE
        if not more:  # an acknowledgement may be among the rest
            self._escalate(db, now)
        for reminder in reminders:
            self._remind(db, reminder, now)
        return seal(db, now), more

    def _take(self, db: sqlite3.Connection, change: Transition, now: int) -> None:
        state = AlarmState(change.state)
        if state is not AlarmState.UNACKNOWLEDGED:
            drop_escalation(db, change.alarm)  # somebody knows, or it is over
        if state in _DECIDED:
            cancel_waiting(db, change.alarm, _DECIDED[state])
            return
        if change.historic:
            return
        if self._asks(db, change, state):
            self._raise(db, change, now)
        elif change.change in _OVER:
            self._return(db, change, now)
        elif change.change in _ASIDE_NO_MORE and told_that_it_stands(db, change.alarm):
            self._return(db, replace(change, change=str(Change.RETURNED)), now)

    @staticmethod
    def _asks(db: sqlite3.Connection, change: Transition, state: AlarmState) -> bool:
        if state is not AlarmState.UNACKNOWLEDGED:
            return False
        if change.change == Change.LEVEL:
            told = last_told(db, change.alarm)
            return told is None or change.level > told
        return change.change in _ASKS

    def _raise(self, db: sqlite3.Connection, change: Transition, now: int) -> None:
        expired = self._expired(change, now)
        for route in self._rules.matching(change):
            due = self._due(change, now, route)
            for channel in route.channels:
                self._add(db, change, NotifyKind.ALARM, channel, 0, now, route, expired)
            if route.escalate and not expired:
                plan_escalation(db, change, route.name, 1, due + route.escalate_after_ns)

    def _return(self, db: sqlite3.Connection, change: Transition, now: int) -> None:
        wants = {
            channel for route in self._rules.routes if route.returned for channel in (*route.channels, *route.escalate)
        }
        route = next(iter(self._rules.matching(change)), None)
        for channel in told_channels(db, change.alarm):
            if channel in wants:
                self._add(db, change, NotifyKind.ALARM, channel, 0, now, route, self._expired(change, now))

    def _escalate(self, db: sqlite3.Connection, now: int) -> None:
        for due in due_escalations(db, now):
            route = self._rules.route(due.route)
            if route is None or due.step > len(route.escalate):
                drop_escalation(db, due.alarm, due.route)
                continue
            self._add(db, due.change, NotifyKind.ESCALATION, route.escalate[due.step - 1], due.step, now, route, "")
            if due.step < len(route.escalate):
                plan_escalation(db, due.change, route.name, due.step + 1, now + route.escalate_after_ns)
            else:
                drop_escalation(db, due.alarm, due.route)

    def _remind(self, db: sqlite3.Connection, reminder: Reminder, now: int) -> None:
        for channel in reminder.channels:
            name = f"{reminder.subject} {reminder.device}"
            told = Transition(
                name, "due", "", reminder.subject, reminder.device, reminder.zone, "device", 0, 4, None, reminder.due,
                now, reminder.due, False, text=reminder.text,
            )  # fmt: skip
            self._add(db, told, NotifyKind.REMINDER, channel, 0, now, None, "")

    def _add(
        self, db: sqlite3.Connection, change: Transition, kind: NotifyKind, channel: str, step: int, now: int,
        route: Route | None, expired: str,
    ) -> None:  # fmt: skip
        release = self._rules.held_until(now, change.priority, route)
        item = Item(
            item_id(change, channel, step), change.alarm, change.change, change.condition, change.asset, change.zone,
            change.domain, 0 if change.change in _OVER else change.level, change.priority, change.value, change.at,
            change.since, change.text,
        )  # fmt: skip
        held = release if release > now else 0
        add_item(
            db, item, kind, channel, now=now, due=held or now + self._gather_ns(change), held=held, expired=expired
        )

    def _due(self, change: Transition, now: int, route: Route) -> int:
        return max(self._rules.held_until(now, change.priority, route), now + self._gather_ns(change))

    def _gather_ns(self, change: Transition) -> int:
        """How long it waits for others of its zone; what has gathered already goes with it."""
        return 0 if change.priority <= self._rules.at_once and change.change not in _OVER else self._rules.group_ns

    def _expired(self, change: Transition, now: int) -> str:
        """Why it is too late to tell."""
        return "nothing ran that could have told it in time" if now - change.now > self._rules.max_age_ns else ""
