"""What notification tests share: changes of alarms, a records.db in memory, a planner."""

import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.engine.alarm_model import Transition
from gateway.notify.model import Message
from gateway.notify.planner import Planner
from gateway.notify.render import Rendered, Wording, render
from gateway.notify.routes import Route, Rules
from gateway.notify.tables import NOTIFY_SCHEMA, NotifyFilter, find_messages, start_at_newest
from gateway.stores.alarm_tables import ALARM_SCHEMA, add_transitions

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
CITY = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: ZoneInfo = CITY) -> int:
    """UTC ns of a local time such as 2026-03-02 14:00."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


NOON = at("2026-03-02 12:00")


def change(
    what: str = "raised", state: str = "unacknowledged", *, now: int = NOON, alarm: str = "a1", **more: Any
) -> Transition:
    """A change of an alarm; gas in tianhe at priority 2 where nothing else is said."""
    plain = Transition(
        alarm, what, state, "gas.lel", f"gas-{alarm}", "tianhe", "gas", 1, 2, 26.5, now - SECOND, now, NOON, False
    )
    return msgspec.structs.replace(plain, **more)


class Desk:
    """records.db in memory, and rounds of planning over it."""

    def __init__(self, *routes: Route, **rules: Any) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        for statement in (*ALARM_SCHEMA, *NOTIFY_SCHEMA):
            self.db.execute(statement)
        start_at_newest(self.db)
        self.planner = Planner(Rules(routes or (Route("all", ("duty",)),), **rules))

    def note(self, *changes: Transition) -> None:
        add_transitions(self.db, changes)

    def round(self, now: int, *changes: Transition, reminders: Any = ()) -> list[str]:
        """Note changes, plan at `now`; gives the channels with something to send."""
        self.note(*changes)
        return self.planner.round(self.db, now, reminders)[0]

    def messages(self, state: str = "") -> list[Message]:
        """The oldest first."""
        return find_messages(self.db, NotifyFilter(state=state))[::-1]

    def told(self, state: str = "") -> list[tuple[str, list[str]]]:
        """(channel, what is in it) of each message."""
        return [(m.channel, [f"{item.change} {item.asset}" for item in m.items]) for m in self.messages(state)]

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()


WORDING = Wording("Guangzhou", CITY, lambda condition: {"gas.lel": "Combustible gas"}.get(condition, ""))


def rendered(*changes: Transition) -> Rendered:
    """A message about these, as it goes out."""
    with Desk() as desk:
        desk.round(NOON, *(changes or (change(),)))
        return render(desk.messages()[0], WORDING)
