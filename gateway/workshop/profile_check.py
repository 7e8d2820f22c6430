"""A changed profile tried on a gateway's recent messages before it goes live: asked of the desk, judged here.

    desk: profiles in force, recent messages of the topics of both --> comparison.py, on a thread --> plain data

The same for the API, the console and `cityloom profile check`. The gateway only hands out what it has.
"""

import asyncio
import base64
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from gateway.config.bounds import Bounds
from gateway.config.profiles import Profile, load_profiles
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors, Missing
from gateway.workshop.comparison import Change, Compared, ComparedReading, Readers, compare, summary_of
from gateway.workshop.message import Heard, shown_payload
from gateway.workshop.trial import Reading, Trouble

__all__ = ["MOST_MESSAGES", "MOST_TEXT", "Asks", "check_profile"]

MOST_MESSAGES = 1_000
MOST_TEXT = 256 * 1024
"""Characters of a profile."""
_MOST_READINGS, _MOST_TROUBLES = 50, 20
"""Of a message that are told one by one."""
_SHOWN_CHARS = 400
_MOST_TOPICS = 200


class Asks(Protocol):
    """A link to a desk."""

    def ask(self, method: str, **arguments: Any) -> Awaitable[Any]:
        """A method of the desk: plain data. Raises CommandError."""
        ...


async def check_profile(link: Asks, text: str, replaces: str = "", limit: int = 200) -> dict[str, Any]:
    """Try `text`, a profile's TOML, on up to `limit` recent messages in place of the profile named `replaces`.

    `replaces` "": in place of the one whose name the text has, or beside all others where there is none. Of the answer
    `problems` (file, key, problem, remedy) is empty where the text can be used; else there is nothing more in it.

    Raises:
        Missing: no profile in force has that name.
        CommandError: the gateway can't be asked.
    """
    found = await link.ask("profiles_in_force")
    tables: Mapping[str, Mapping[str, Any]] = found["profiles"]
    if replaces and replaces not in tables:
        raise Missing(f"There is no profile {replaces!r}.", "Name one that is in force, or none.", 1)
    now, changed, problems = await asyncio.to_thread(_sets, tables, text, replaces)
    if changed is None:
        return {**_nothing(), "problems": problems}
    mine, old = changed
    topics = [template.text for profile in (mine, old) if profile is not None for template in profile.templates]
    asked = await link.ask("recent_messages", topics=list(dict.fromkeys(topics))[:_MOST_TOPICS], limit=limit)
    bounds = msgspec.convert(found["bounds"], Bounds)
    return await asyncio.to_thread(_checked, now, changed, bounds, asked)


def _sets(
    tables: Mapping[str, Mapping[str, Any]], text: str, replaces: str
) -> tuple[tuple[Profile, ...], tuple[Profile, Profile | None] | None, list[dict[str, str]]]:
    """Profiles in force; the changed one with the one that it replaces, or None and what is wrong with it."""
    now = load_profiles(tables)
    file = f"{replaces or 'profile'}.toml"
    try:
        name = replaces or str(read_toml(text, file).get("name", ""))
        others = {each: table for each, table in tables.items() if each != name}
        # the text comes last, so that a topic or a name that two have is told of this one
        loaded = load_profiles({**others, file: text})
    except ConfigErrors as errors:
        return now, None, [_problem(error) for error in errors.problems]
    mine = next(profile for profile in loaded if profile.name not in others)
    return now, (mine, next((profile for profile in now if profile.name == name), None)), []


def _problem(error: ConfigError) -> dict[str, str]:
    return {"file": error.file, "key": error.key, "problem": error.what, "remedy": error.remedy}


def _checked(
    now: Sequence[Profile], changed: tuple[Profile, Profile | None], bounds: Bounds, asked: Mapping[str, Any]
) -> dict[str, Any]:
    mine, old = changed
    messages = [
        Heard(each["received_at"], each["topic"], base64.b64decode(each["payload"])) for each in asked["messages"]
    ]
    at = max((heard.received_at or 0 for heard in messages), default=0)
    before = Readers(now, bounds, at)
    after = Readers([*(profile for profile in now if profile is not old), mine], bounds, at)
    compared = compare(before, after, messages)
    return {
        **_nothing(), "profile": mine.name, "replaces": "" if old is None else old.name,
        "looked": asked["looked"], "since": asked["since"], "summary": summary_of(compared),
        "messages": [_message(each, after) for each in compared],
    }  # fmt: skip


def _nothing() -> dict[str, Any]:
    return {
        "profile": "", "replaces": "", "problems": [], "looked": 0, "since": 0, "summary": summary_of(()),
        "messages": [],
    }  # fmt: skip


def _message(one: Compared, readers: Readers) -> dict[str, Any]:
    topic, payload = readers.redact(one.heard)
    # what went wrong and what changed first: of thousands of readings the first ones are told
    readings = sorted(one.readings, key=lambda reading: reading.change is Change.SAME)
    return {
        "received_at": one.heard.received_at, "topic": topic, "bytes": len(payload),
        "payload": shown_payload(payload, _SHOWN_CHARS), "change": str(one.change), "profile": one.profile,
        "outcome": one.then.outcome, "reason": one.then.reason,
        "outcome_now": one.now.outcome, "reason_now": one.now.reason,
        "readings": [_reading(reading) for reading in readings[:_MOST_READINGS]], "readings_in_all": len(readings),
        "troubles": [_trouble(trouble) for trouble in one.then.troubles[:_MOST_TROUBLES]],
    }  # fmt: skip


def _reading(one: ComparedReading) -> dict[str, Any]:
    shown = one.shown
    return {
        "change": str(one.change), "device": shown.device, "quantity": shown.quantity, "ts": shown.ts,
        "at_receipt": shown.at_receipt, "then": _value(one.then), "now": _value(one.now),
    }  # fmt: skip


def _value(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {"value": reading.value, "unit": reading.unit, "flag": reading.flag.name.lower(), "state": reading.state}


def _trouble(one: Trouble) -> dict[str, str]:
    return {"path": one.path, "reason": one.reason, "detail": one.detail, "hint": one.hint}
