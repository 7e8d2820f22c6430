"""Notifications in records.db and the SQL over them; each function runs inside its caller's transaction.

notify_state        one row: transitions up to `seen` are planned
notify_messages     what goes out together, with its state and outcome
notify_items        what is in them; an id is there once
notify_escalations  who is told next, and when, while nobody acknowledges
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.engine.alarm_model import Transition
from gateway.notify.model import Item, Message, MessageState, message_id

__all__ = [
    "NOTIFY_SCHEMA", "Escalation", "NotifyFilter", "add_item", "cancel_waiting", "count_messages", "drop_escalation",
    "due_escalations", "fail_channel", "find_messages", "last_told", "mark_attempt", "mark_outcome", "move_seen",
    "new_transitions", "next_messages", "plan_escalation", "prune", "put_back", "seal", "start_at_newest",
    "told_channels", "told_that_it_stands",
]  # fmt: skip

NOTIFY_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS notify_state(id INTEGER PRIMARY KEY CHECK (id = 0), seen INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notify_messages(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, "
    "kind TEXT NOT NULL, channel TEXT NOT NULL, zone TEXT NOT NULL, priority INTEGER NOT NULL, "
    "created INTEGER NOT NULL, due INTEGER NOT NULL, held INTEGER NOT NULL, state TEXT NOT NULL, "
    "attempts INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0, done_at INTEGER NOT NULL DEFAULT 0, "
    "problem TEXT NOT NULL DEFAULT '')",
    "CREATE INDEX IF NOT EXISTS notify_message_state ON notify_messages(state, channel, due)",
    "CREATE TABLE IF NOT EXISTS notify_items(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
    "message TEXT NOT NULL, alarm TEXT NOT NULL, level INTEGER NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0, "
    "body BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS notify_item_message ON notify_items(message)",
    "CREATE INDEX IF NOT EXISTS notify_item_alarm ON notify_items(alarm)",
    "CREATE TABLE IF NOT EXISTS notify_escalations(alarm TEXT NOT NULL, route TEXT NOT NULL, step INTEGER NOT NULL, "
    "due INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(alarm, route))",
    "CREATE INDEX IF NOT EXISTS notify_escalation_due ON notify_escalations(due)",
)
_TRANSITION = Transition.__struct_fields__
_NAMES = ", ".join('"until"' if name == "until" else name for name in _TRANSITION)
_COLUMNS = "id, kind, channel, zone, priority, created, due, state, attempts, tried_at, done_at, problem"
_MOST_ITEMS = 1_000
"""Of a message that is read back; more are counted by nobody who reads it."""
_ITEM = msgspec.json.Decoder(Item)
_CHANGE = msgspec.json.Decoder(Transition)


@dataclass(frozen=True, slots=True)
class NotifyFilter:
    """Which messages; what is empty doesn't narrow."""

    id: str = ""
    state: str = ""
    channel: str = ""
    zones: Sequence[str] = ()
    before: str = ""
    """Older than the message with this id."""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Escalation:
    """One that is due."""

    alarm: str
    route: str
    step: int
    due: int
    change: Transition


# -- what there is to plan ---------------------------------------------------------------------------------------------


def start_at_newest(db: sqlite3.Connection) -> None:
    """Where nothing was ever planned, begin behind what is on record: nobody is told of old things."""
    db.execute("INSERT OR IGNORE INTO notify_state SELECT 0, coalesce(max(number), 0) FROM transitions")


def new_transitions(db: sqlite3.Connection, most: int) -> list[tuple[int, Transition]]:
    """Transitions that are not planned yet with their numbers, in order."""
    rows = db.execute(
        f"SELECT number, {_NAMES} FROM transitions WHERE number > (SELECT seen FROM notify_state) "  # noqa: S608
        "ORDER BY number LIMIT ?", (most,),
    )  # fmt: skip
    out = []
    for number, *values in rows:
        fields = dict(zip(_TRANSITION, values, strict=True))
        out.append((number, Transition(**fields | {"historic": bool(fields["historic"])})))
    return out


def move_seen(db: sqlite3.Connection, number: int) -> None:
    """Transitions up to `number` are planned."""
    db.execute("UPDATE notify_state SET seen = ?", (number,))


# -- planning ----------------------------------------------------------------------------------------------------------


def add_item(
    db: sqlite3.Connection, item: Item, kind: str, channel: str, *, now: int, due: int, held: int, expired: str = ""
) -> bool:
    """Put an item into the message that gathers for its channel, zone and kind, or a new one; False: it was there.

    Args:
        due: when the message goes at the latest, with whatever has gathered by then.
        held: when quiet hours let it go, 0: they don't hold it. What waits until morning goes with nothing earlier.
        expired: why it is not sent at all.
    """
    if db.execute("SELECT 1 FROM notify_items WHERE id = ?", (item.id,)).fetchone() is not None:
        return False
    state = MessageState.EXPIRED if expired else MessageState.GATHERING
    row = db.execute(
        "SELECT id FROM notify_messages WHERE state = ? AND channel = ? AND zone = ? AND kind = ? AND held = ? "
        "AND problem = ? AND due >= ? ORDER BY number DESC LIMIT 1",
        (state, channel, item.zone, kind, held, expired, now),
    ).fetchone()
    if row is None:
        name = message_id(channel, item.id)
        db.execute(
            "INSERT INTO notify_messages(id, kind, channel, zone, priority, created, due, held, state, problem) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, kind, channel, item.zone, item.priority, now, due, held, state, expired),
        )
    else:
        name = row[0]
        db.execute(
            "UPDATE notify_messages SET priority = min(priority, ?), due = min(due, ?) WHERE id = ?",
            (item.priority, due, name),
        )
    db.execute(
        "INSERT INTO notify_items(id, message, alarm, level, body) VALUES (?, ?, ?, ?, ?)",
        (item.id, name, item.alarm, item.level, msgspec.json.encode(item)),
    )
    return True


def last_told(db: sqlite3.Connection, alarm: str) -> int | None:
    """Level at which somebody was last told that an alarm stands; None: nobody was."""
    row = db.execute(
        "SELECT level FROM notify_items WHERE alarm = ? AND level > 0 ORDER BY number DESC LIMIT 1", (alarm,)
    ).fetchone()
    return None if row is None else int(row[0])


def told_that_it_stands(db: sqlite3.Connection, alarm: str) -> bool:
    """Whether what was last told of an alarm, or is going to be, is that it stands."""
    row = db.execute(
        "SELECT i.level FROM notify_items i JOIN notify_messages m ON m.id = i.message "
        "WHERE i.alarm = ? AND NOT i.cancelled AND m.state NOT IN ('cancelled', 'expired') "
        "ORDER BY i.number DESC LIMIT 1", (alarm,),
    ).fetchone()  # fmt: skip
    return row is not None and row[0] > 0


def told_channels(db: sqlite3.Connection, alarm: str) -> list[str]:
    """Channels that were, or are going to be, told of an alarm, in the order in which they were."""
    rows = db.execute(
        "SELECT m.channel, min(i.number) FROM notify_items i JOIN notify_messages m ON m.id = i.message "
        "WHERE i.alarm = ? AND NOT i.cancelled AND m.state NOT IN ('cancelled', 'expired') "
        "GROUP BY m.channel ORDER BY 2", (alarm,),
    )  # fmt: skip
    return [row[0] for row in rows]


def cancel_waiting(db: sqlite3.Connection, alarm: str, why: str) -> None:
    """What has not gone out of an alarm need not any more."""
    rows = db.execute(
        "SELECT DISTINCT m.id FROM notify_items i JOIN notify_messages m ON m.id = i.message "
        "WHERE i.alarm = ? AND NOT i.cancelled AND m.state = 'gathering'", (alarm,),
    ).fetchall()  # fmt: skip
    for (name,) in rows:
        db.execute("UPDATE notify_items SET cancelled = 1 WHERE alarm = ? AND message = ?", (alarm, name))
        db.execute(
            "UPDATE notify_messages SET state = 'cancelled', problem = ? WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM notify_items WHERE message = ? AND NOT cancelled)", (why, name, name),
        )  # fmt: skip


def plan_escalation(db: sqlite3.Connection, change: Transition, route: str, step: int, due: int) -> None:
    """Tell the next one at `due`; what is planned already for this alarm and route stays, unless it is a later step."""
    db.execute(
        "INSERT INTO notify_escalations VALUES (?, ?, ?, ?, ?) ON CONFLICT(alarm, route) DO UPDATE SET "
        "step = excluded.step, due = excluded.due, body = excluded.body WHERE excluded.step > step",
        (change.alarm, route, step, due, msgspec.json.encode(change)),
    )


def drop_escalation(db: sqlite3.Connection, alarm: str, route: str | None = None) -> None:
    """Nobody else need be told of an alarm; by one route, or any."""
    db.execute("DELETE FROM notify_escalations WHERE alarm = ? AND (? IS NULL OR route = ?)", (alarm, route, route))


def due_escalations(db: sqlite3.Connection, now: int) -> list[Escalation]:
    """Those that are due, the oldest first."""
    rows = db.execute(
        "SELECT alarm, route, step, due, body FROM notify_escalations WHERE due <= ? ORDER BY due, alarm, route", (now,)
    ).fetchall()
    return [Escalation(alarm, route, step, due, _CHANGE.decode(body)) for alarm, route, step, due, body in rows]


def seal(db: sqlite3.Connection, now: int) -> list[str]:
    """What is due is final from now on, and goes out; gives the channels that have something to send."""
    db.execute("UPDATE notify_messages SET state = 'sending' WHERE state = 'gathering' AND due <= ?", (now,))
    return [row[0] for row in db.execute("SELECT DISTINCT channel FROM notify_messages WHERE state = 'sending'")]


def prune(db: sqlite3.Connection, before: int) -> int:
    """Forget what is done since before `before`, but for alarms that stand: whoever was told must hear of their end.
    Gives how many messages."""
    which = (
        "state IN ('sent', 'cancelled', 'expired', 'failed') AND due < ? AND id NOT IN (SELECT message FROM "
        "notify_items JOIN alarms ON alarms.alarm = notify_items.alarm WHERE alarms.state <> 'normal')"
    )
    db.execute(f"DELETE FROM notify_items WHERE message IN (SELECT id FROM notify_messages WHERE {which})", (before,))  # noqa: S608
    return db.execute(f"DELETE FROM notify_messages WHERE {which}", (before,)).rowcount  # noqa: S608


# -- sending -----------------------------------------------------------------------------------------------------------


def next_messages(db: sqlite3.Connection, channel: str, most: int, but: Sequence[str] = ()) -> list[Message]:
    """What a channel has to send, the oldest first, with items; `but`: not these."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM notify_messages WHERE state = 'sending' AND channel = ? "  # noqa: S608
        "AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?",
        (channel, msgspec.json.encode(list(but)).decode(), most),
    ).fetchall()
    return [_message(db, row) for row in rows]


def mark_attempt(db: sqlite3.Connection, message: str, now: int) -> None:
    """It is about to be sent."""
    db.execute("UPDATE notify_messages SET attempts = attempts + 1, tried_at = ? WHERE id = ?", (now, message))


def mark_outcome(db: sqlite3.Connection, message: str, state: str, now: int, problem: str) -> None:
    """What came of it."""
    done = now if state in (MessageState.SENT, MessageState.FAILED) else 0
    db.execute(
        "UPDATE notify_messages SET state = ?, done_at = ?, problem = ? WHERE id = ?", (state, done, problem, message)
    )


def fail_channel(db: sqlite3.Connection, channel: str, now: int, problem: str) -> None:
    """Nobody sends for this channel."""
    db.execute(
        "UPDATE notify_messages SET state = 'failed', done_at = ?, problem = ? WHERE state = 'sending' AND channel = ?",
        (now, problem, channel),
    )


def put_back(db: sqlite3.Connection, message: str, now: int) -> bool:
    """Try a failed message again from now on; False: there is no such one."""
    changed = db.execute(
        "UPDATE notify_messages SET state = 'sending', due = ? WHERE id = ? AND state = 'failed'", (now, message)
    )
    return changed.rowcount > 0


# -- looking -----------------------------------------------------------------------------------------------------------


def find_messages(db: sqlite3.Connection, which: NotifyFilter) -> list[Message]:
    """The newest first, with items."""
    terms, values = ["1"], list[Any]()
    for name in ("state", "channel"):
        if value := getattr(which, name):
            terms.append(f"{name} = ?")
            values.append(value)
    if which.zones:
        terms.append("zone IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.zones)).decode())
    if which.before:
        terms.append("number < (SELECT number FROM notify_messages WHERE id = ?)")
        values.append(which.before)
    if which.id:
        terms.append("id >= ? AND id < ? || 'g'")
        values += [which.id, which.id]
    query = f"SELECT {_COLUMNS} FROM notify_messages WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT ?"  # noqa: S608
    return [_message(db, row) for row in db.execute(query, (*values, max(which.limit, 0))).fetchall()]


def count_messages(db: sqlite3.Connection) -> dict[str, int]:
    """How many there are in each state."""
    return dict(db.execute("SELECT state, count(*) FROM notify_messages GROUP BY state").fetchall())


def _message(db: sqlite3.Connection, row: tuple[Any, ...]) -> Message:
    bodies = db.execute(
        "SELECT body FROM notify_items WHERE message = ? AND NOT cancelled ORDER BY number LIMIT ?",
        (row[0], _MOST_ITEMS),
    )
    made = Message(*row)
    return msgspec.structs.replace(made, items=tuple(_ITEM.decode(body) for (body,) in bodies))
