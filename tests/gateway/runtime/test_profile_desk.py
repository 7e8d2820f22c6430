"""Profiles in force, their files, and recent messages: the newest first, bounded, with dead letters behind them."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import seeds
from gateway.errors import CommandError, Missing
from gateway.journal.inbox import Inbox
from gateway.journal.opening import open_journal
from gateway.rows import Row, RowKind
from gateway.runtime import profile_desk
from gateway.runtime.profile_desk import ProfileDesk
from gateway.stores.records import DeadLetter, LetterFilter

GAS, WATER = "city/{zone}/gas/{device}", "city/{zone}/water/{device}"


class Records:
    """Dead letters."""

    def __init__(self) -> None:
        self.held: list[DeadLetter] = []

    async def letters(self, which: LetterFilter) -> Sequence[DeadLetter]:
        """The newest ones."""
        return self.held[: which.limit]


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made, outbox, _ = open_journal(tmp_path, inbox_quota=1 << 26, outbox_quota=1 << 26)
    yield made
    made.close()
    outbox.close()


@pytest.fixture
def desk(inbox: Inbox) -> ProfileDesk:
    made = ProfileDesk()
    made._office = SimpleNamespace(inbox=inbox, records=Records(), settings=SimpleNamespace(profiles_dir=None))
    return made


def fill(inbox: Inbox, *topics: str, first: int = 1, payload: bytes = b"{}") -> None:
    inbox.append([Row(first + k, RowKind.MESSAGE, 1, 0, topic, payload) for k, topic in enumerate(topics)], {}, {})


def letter(number: int, topic: str, offset: int) -> DeadLetter:
    return DeadLetter(f"l{number}", offset, 5, "unreadable", "", 1, "", topic, b"\xff", "", None)


def offsets(found: dict[str, Any]) -> list[int]:
    return [each["offset"] for each in found["messages"]]


async def test_the_newest_messages_of_the_topics_come_first(desk: ProfileDesk, inbox: Inbox) -> None:
    fill(inbox, "city/a/gas/1", "city/a/water/1", "city/b/gas/2", "else")
    found = await desk.recent_messages([GAS])

    assert offsets(found) == [2, 0]
    assert (found["looked"], found["since"]) == (4, 1)
    assert base64.b64decode(found["messages"][0]["payload"]) == b"{}"
    assert offsets(await desk.recent_messages([GAS, WATER], limit=2)) == [2, 1]


async def test_what_is_no_message_is_passed_over(desk: ProfileDesk, inbox: Inbox) -> None:
    inbox.append([Row(1, RowKind.ACT, 0, 0, "city/a/gas/1", b"")], {}, {})
    fill(inbox, "city/a/gas/1", first=2)

    assert offsets(await desk.recent_messages([GAS])) == [1]


async def test_it_looks_page_by_page_until_it_has_enough(
    desk: ProfileDesk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_desk, "_PAGE_ROWS", 7)
    fill(inbox, *(f"city/a/gas/{k}" if k % 10 == 0 else "else" for k in range(100)))
    found = await desk.recent_messages([GAS], limit=3)

    assert offsets(found) == [90, 80, 70]
    assert found["looked"] == 35
    monkeypatch.setattr(profile_desk, "_MOST_ROWS", 20)
    assert offsets(await desk.recent_messages([GAS])) == [90, 80]


async def test_bytes_and_time_are_bounded(desk: ProfileDesk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(inbox, *["city/a/gas/1"] * 5, payload=b"x" * 100)
    monkeypatch.setattr(profile_desk, "_MOST_BYTES", 250)
    assert offsets(await desk.recent_messages([GAS])) == [4, 3]
    monkeypatch.setattr(profile_desk, "_MOST_SECS", -1.0)
    assert (await desk.recent_messages([GAS]))["looked"] == 0


async def test_dead_letters_come_behind_and_once(desk: ProfileDesk, inbox: Inbox) -> None:
    fill(inbox, "city/a/gas/1")
    records: Any = desk._office.records
    records.held = [letter(1, "city/a/gas/1", 0), letter(2, "city/a/gas/9", -7), letter(3, "else", -8)]

    assert offsets(await desk.recent_messages([GAS])) == [0, -7]
    assert offsets(await desk.recent_messages([GAS], limit=1)) == [0]


async def test_a_topic_that_is_none_is_told(desk: ProfileDesk) -> None:
    with pytest.raises(CommandError, match="no topic of a profile"):
        await desk.recent_messages(["a/+/b"])


async def test_the_text_is_that_of_the_file(desk: ProfileDesk, tmp_path: Path) -> None:
    assert (await desk.profile_text("gas-detector"))["text"] == seeds.profile_texts()["gas-detector"]
    with pytest.raises(Missing):
        await desk.profile_text("nothing")
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "a.toml").write_text("name = ", encoding="utf-8")
    (folder / "b.toml").write_text('# mine\nname = "mine"\n', encoding="utf-8")
    desk._office.settings.profiles_dir = folder

    found = await desk.profile_text("mine")
    assert (found["file"], found["text"]) == (str(folder / "b.toml"), '# mine\nname = "mine"\n')
    with pytest.raises(Missing):
        await desk.profile_text("gas-detector")
