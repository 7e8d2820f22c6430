"""The profiles' part of the desk: those in force, the texts of their files, and recent messages to try one on.

    inbox, newest page first --topics that fit--> messages ---+
    records.db, newest letters --- those not among them ------+--> whoever tries a changed profile on them

Nothing is decoded here: that costs Python time, and this process has messages to acknowledge.
"""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

import seeds
from gateway.config.toml_text import read_toml
from gateway.config.topic_template import TopicTemplate, parse_template
from gateway.errors import CommandError, ConfigErrors, JournalError, Missing
from gateway.rows import Row, RowKind
from gateway.runtime.office import Office
from gateway.stores.records import DeadLetter, LetterFilter

__all__ = ["PROFILE_METHODS", "ProfileDesk"]

PROFILE_METHODS = frozenset({"profiles_in_force", "profile_text", "recent_messages"})
_PAGE_ROWS = 500
"""Some milliseconds of a thread; the loop takes a turn between two pages."""
_MOST_ROWS = 100_000
_MOST_SECS = 2.0
_MOST_MESSAGES, _MOST_BYTES = 1_000, 2 << 20
_MOST_LETTERS = 200
_MOST_TOPICS = 200


class ProfileDesk:
    """Made by Desk."""

    _office: Office

    async def profiles_in_force(self) -> dict[str, Any]:
        """By what messages are decoded now: `profiles` are the parsed tables by name, `bounds` those of the options."""
        content = await self._office.content()
        return {
            "profiles": {name: dict(table) for name, table in content.profiles.items()},
            "bounds": msgspec.to_builtins(content.options.bounds),
        }

    async def profile_text(self, name: str) -> dict[str, Any]:
        """The text of a profile's file as it is now, with its comments; `file` is empty where it is built in.

        Raises:
            CommandError: there is no such profile, or its file can't be read.
        """
        folder = self._office.settings.profiles_dir
        found = await asyncio.to_thread(_text_of, name, folder)
        if found is None:
            raise Missing(f"There is no profile {name!r}.", "`cityloom profile list` shows those that there are.", 1)
        return {"name": name, "file": found[0], "text": found[1]}

    async def recent_messages(self, topics: Sequence[str], limit: int = 200) -> dict[str, Any]:
        """The newest messages whose topic fits one of the templates `topics`, the newest first, payloads as base64;
        then dead letters of such topics. At most `limit` together, and 2 MiB.

        It looks as far back as the inbox holds messages (the newest 10,000 rows and more, where these are small), or as
        two seconds let it: `looked` says at how many rows, `since` from when on (UTC ns; 0: none).
        """
        templates = _templates(topics)
        limit = max(1, min(limit, _MOST_MESSAGES))
        deadline = monotonic() + _MOST_SECS
        known: dict[str, bool] = {}
        messages: list[dict[str, Any]] = []
        left, looked, since = _MOST_BYTES, 0, 0
        end = self._office.inbox.end_offset
        while (
            end > self._office.inbox.begin_offset and len(messages) < limit and looked < _MOST_ROWS
            and left > 0 and monotonic() < deadline
        ):  # fmt: skip
            rows = await asyncio.to_thread(self._inbox_page, end)
            if not rows:
                break  # trimmed meanwhile
            for offset, row in reversed(rows):
                if row.kind == RowKind.MESSAGE and _fits(row.topic, templates, known):
                    left -= len(row.payload)
                    if left < 0 or len(messages) == limit:
                        break
                    messages.append(_message(offset, row.received_at, row.topic, row.payload))
            looked, since, end = looked + len(rows), rows[0][1].received_at, rows[0][0]
        seen = {message["offset"] for message in messages}
        for letter in await self._recent_letters(limit - len(messages)):
            if letter.topic and letter.offset not in seen and _fits(letter.topic, templates, known):
                left -= len(letter.payload)
                if left < 0 or len(messages) == limit:
                    break
                messages.append(_message(letter.offset, letter.received_at, letter.topic, letter.payload))
        return {"messages": messages, "looked": looked, "since": since}

    def _inbox_page(self, end: int) -> list[tuple[int, Row]]:
        """Rows before offset `end`, by offset. On a thread."""
        inbox = self._office.inbox
        start = max(end - _PAGE_ROWS, inbox.begin_offset)
        try:
            return list(enumerate(inbox.read(start, end - start), start))
        except JournalError:
            return []

    async def _recent_letters(self, wanted: int) -> Sequence[DeadLetter]:
        if wanted <= 0:
            return ()
        return await self._office.records.letters(LetterFilter(message=True, limit=_MOST_LETTERS))


def _templates(topics: Sequence[str]) -> list[TopicTemplate]:
    try:
        return [parse_template(topic) for topic in topics[:_MOST_TOPICS]]
    except ValueError as error:
        raise CommandError(f"That is no topic of a profile: {error}.", "Name topics as profiles do.", 2) from error


def _fits(topic: str, templates: Sequence[TopicTemplate], known: dict[str, bool]) -> bool:
    found = known.get(topic)
    if found is None:
        levels = topic.count("/") + 1
        found = known[topic] = any(
            template.takes_levels(levels) and template.match(topic) is not None for template in templates
        )
    return found


def _message(offset: int, received_at: int, topic: str, payload: bytes) -> dict[str, Any]:
    return {
        "offset": offset, "received_at": received_at, "topic": topic, "payload": base64.b64encode(payload).decode(),
    }  # fmt: skip


def _text_of(name: str, folder: Path | None) -> tuple[str, str] | None:
    """(file, text): of the configured folder where there is one, else built in. On a thread."""
    if folder is None:
        text = seeds.profile_texts().get(name)
        return None if text is None else ("", text)
    try:
        for file in sorted(folder.glob("*.toml")):
            text = file.read_text(encoding="utf-8")
            if _name_in(text, str(file)) == name:
                return str(file), text
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{folder} can't be read: {error}.", "Correct its files or its mode.") from error
    return None


def _name_in(text: str, file: str) -> str:
    """What a profile calls itself; "" where it is no TOML."""
    try:
        return str(read_toml(text, file).get("name", ""))
    except ConfigErrors:
        return ""
