"""records.db: device records and dead letters."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from gateway.engine.results import DeviceRecord, Reject
from gateway.errors import Halt, Retry
from gateway.stores.base import StoreCursor
from gateway.stores.records import Held, LetterFilter, RecordsConfig, RecordsStore
from gateway.stores.records_tables import letter_id
from tests.support.blocks import T0, Journal

ALL = LetterFilter()


@pytest.fixture
def config(tmp_path: Path) -> RecordsConfig:
    return RecordsConfig(tmp_path / "new folder" / "records.db", max_letters=10, max_letter_bytes=100_000)


@pytest_asyncio.fixture
async def store(config: RecordsConfig) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(config)
    await made.open()
    yield made
    await made.close()


def reject(offset: int, reason: str = "unreadable", device: str = "", profile: str = "", size: int = 5) -> Reject:
    payload, topic = b"\x00" * size, f"city/{offset}"
    return Reject(offset, T0 + offset, reason, f'row {offset}; it\'s "bad"', 1, profile, topic, payload, device)


def device(name: str, state: str = "provisioned", since: int = T0) -> DeviceRecord:
    return DeviceRecord(name, "loop_detector", "tianhe", (f"t/{name}",), 113.3, None, "8a41", "road 1", state, since)


async def test_a_letter_comes_back_whole(store: RecordsStore) -> None:
    journal = Journal()
    one = reject(7, "wrong_type", "D'1", "loop_detector")
    assert await store.write(journal.block(store, rejects=[one])) == []
    [letter] = await store.letters(ALL)
    assert letter.id == letter_id(7, "wrong_type", "D'1")
    assert len(letter.id) == 12
    assert Reject(*letter[1:10]) == one
    assert letter.replayed_at is None


async def test_letters_are_listed_newest_first_and_narrowed(store: RecordsStore) -> None:
    journal = Journal()
    rows = [reject(1, "unreadable"), reject(2, "wrong_type", "D1", "loop"), reject(3, "wrong_type", "D2", "meter")]
    await store.write(journal.block(store, rejects=rows))

    async def offsets(**terms: object) -> list[int]:
        return [letter.offset for letter in await store.letters(LetterFilter(**terms))]  # type: ignore[arg-type]

    assert await offsets() == [3, 2, 1]
    assert await offsets(limit=2) == [3, 2]
    assert await offsets(limit=0) == []
    assert await offsets(reason="wrong_type") == [3, 2]
    assert await offsets(profile="loop") == [2]
    assert await offsets(profile="") == [1]
    assert await offsets(device="D2") == [3]
    assert await offsets(since=T0 + 2) == [3, 2]
    assert await offsets(reason="wrong_type", device="D1") == [2]
    assert await offsets(ids=[letter_id(1, "unreadable", ""), "no such id"]) == [1]
    assert await offsets(reason="'; DROP TABLE dead_letters; --") == []
    assert await store.letter_counts() == {"unreadable": 1, "wrong_type": 2}


async def test_a_letter_is_there_once_however_often_it_comes(store: RecordsStore) -> None:
    journal = Journal()
    block = journal.block(store, rejects=[reject(1), reject(1), reject(1, "wrong_type"), reject(1, "wrong_type", "D2")])
    await store.write(block)
    await store.write(block)
    await store.write(journal.block(store, rejects=[reject(1)]))
    assert len(await store.letters(ALL)) == 3


async def test_beyond_the_bound_on_number_the_oldest_go_and_are_counted(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(
        journal.block(store, rejects=[reject(k, "unreadable" if k % 2 else "wrong_type") for k in range(8)])
    )
    await store.write(journal.block(store, rejects=[reject(k, "time_invalid") for k in range(8, 13)]))
    assert [letter.offset for letter in await store.letters(ALL)] == list(range(12, 2, -1))
    assert await store.purged_counts() == {"wrong_type": 2, "unreadable": 1}
    await store.write(journal.block(store, rejects=[reject(k) for k in range(100, 125)]))
    assert [letter.offset for letter in await store.letters(ALL)] == list(range(124, 114, -1))
    assert sum((await store.purged_counts()).values()) == 38 - 10


async def test_beyond_the_bound_on_bytes_the_oldest_go(store: RecordsStore) -> None:
    journal = Journal()
    for k in range(5):
        await store.write(journal.block(store, rejects=[reject(k, size=30_000)]))
    assert [letter.offset for letter in await store.letters(ALL)] == [4, 3, 2]
    await store.write(journal.block(store, rejects=[reject(9, size=200_000)]))
    assert await store.letters(ALL) == []


async def test_the_bounds_hold_across_a_restart(store: RecordsStore, config: RecordsConfig) -> None:
    journal = Journal()
    await store.write(journal.block(store, rejects=[reject(k) for k in range(10)]))
    await store.close()
    again = RecordsStore(config)
    await again.open()
    await again.write(journal.block(again, rejects=[reject(10)]))
    assert [letter.offset for letter in await again.letters(ALL)] == list(range(10, 0, -1))
    await again.close()


async def test_replayed_letters_are_marked(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(journal.block(store, rejects=[reject(1), reject(2)]))
    ids = [letter.id for letter in await store.letters(ALL)]
    assert await store.mark_replayed(ids[:1], T0 + 99) == 1
    assert await store.mark_replayed([], T0) == 0
    assert await store.mark_replayed(["no such id"], T0) == 0
    [replayed] = await store.letters(LetterFilter(replayed=True))
    assert (replayed.offset, replayed.replayed_at) == (2, T0 + 99)
    assert [letter.offset for letter in await store.letters(LetterFilter(replayed=False))] == [1]


async def test_purged_letters_are_gone_and_make_room(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(
        journal.block(store, rejects=[reject(k, "unreadable" if k < 6 else "wrong_type") for k in range(10)])
    )
    assert await store.purge(LetterFilter(reason="unreadable", limit=2)) == 2
    assert [letter.offset for letter in await store.letters(LetterFilter(reason="unreadable"))] == [3, 2, 1, 0]
    assert await store.purge(LetterFilter(reason="unreadable")) == 4
    await store.write(journal.block(store, rejects=[reject(k) for k in range(20, 26)]))
    assert len(await store.letters(ALL)) == 10
    assert await store.purged_counts() == {}


async def test_the_oldest_come_page_by_page_and_none_that_came_since(store: RecordsStore) -> None:
    journal = Journal()
    point = msgspec.structs.replace(reject(0), topic="")  # of a store: no message
    await store.write(journal.block(store, rejects=[point, *(reject(k) for k in range(1, 5))]))
    which = LetterFilter(replayed=False, message=True, upto=await store.last_number())
    pages = []
    while page := await store.oldest(which, Held(2, 100_000)):
        pages.append([letter.offset for letter in page])
        await store.write(journal.block(store, rejects=[reject(100 + letter.offset) for letter in page]))
        assert await store.mark_replayed([letter.id for letter in page], T0) == len(page)
        assert await store.count(which) == 4 - sum(map(len, pages))
    assert pages == [[1, 2], [3, 4]]


@pytest.mark.parametrize(("most", "taken"), [(5000, 3), (100, 1), (0, 1)])
async def test_a_page_is_bounded_in_bytes_too(store: RecordsStore, most: int, taken: int) -> None:
    await store.write(Journal().block(store, rejects=[reject(k, size=1300) for k in range(5)]))
    page = await store.oldest(ALL, Held(100, most))
    assert [letter.offset for letter in page] == list(range(taken))


async def test_what_goes_for_want_of_room_is_told_with_its_figures(config: RecordsConfig) -> None:
    told: list[tuple[int, int, int]] = []
    store, journal = RecordsStore(config, purged=lambda *figures: told.append(figures)), Journal()
    await store.open()
    for first in (0, 6, 12):
        await store.write(journal.block(store, rejects=[reject(k) for k in range(first, first + 6)]))
    assert told == [(2, 2, 10), (6, 8, 10)]
    assert (await store.held()).number == 10
    assert await store.purged_counts() == {"unreadable": 8}
    await store.close()


async def test_of_a_device_the_newest_record_stands(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(journal.block(store, devices=[device("D2"), device("D1", "pending"), device("D1", "known")]))
    await store.write(journal.block(store, devices=[device("D2", "known", T0 + 5)]))
    assert await store.devices() == [device("D1", "known"), device("D2", "known", T0 + 5)]


async def test_the_cursor_is_in_the_same_transaction(store: RecordsStore, config: RecordsConfig) -> None:
    journal = Journal()
    await store.write(journal.block(store, rejects=[reject(1)]))
    broken = journal.block(store, rejects=[reject(2)], devices=[device("D1"), None])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        await store.write(broken)
    await store.close()
    again = RecordsStore(config)
    assert await again.open() == StoreCursor("journal-1", 1, 0)
    assert [letter.offset for letter in await again.letters(ALL)] == [1]
    assert await again.devices() == []
    await again.close()


async def test_a_new_file_has_no_cursor_and_needs_no_names(store: RecordsStore) -> None:
    journal = Journal()
    journal.series("D1")
    assert await store.open() is None
    block = journal.block(store)
    assert block.series == []
    await store.write(block)
    assert await store.open() == StoreCursor("journal-1", 1, 0)


async def test_blocks_of_another_journal_are_not_taken(store: RecordsStore) -> None:
    await store.write(Journal().block(store))
    stranger = Journal("journal-2")
    stranger.position = 9
    with pytest.raises(Halt, match=r"journal-1.*journal-2"):
        await store.write(stranger.block(store, rejects=[reject(1)]))


async def test_a_file_that_another_process_writes_is_tried_again(
    store: RecordsStore, config: RecordsConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store._db is not None
    store._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(config.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retry, match="busy"):
        await store.write(Journal().block(store))
    other.execute("ROLLBACK")
    other.close()
    await store.write(Journal().block(store))


async def test_a_damaged_file_stops_the_store(config: RecordsConfig) -> None:
    config.path.parent.mkdir()
    config.path.write_bytes(b"no database " * 1000)
    store = RecordsStore(config)
    with pytest.raises(Halt, match="damaged") as caught:
        await store.open()
    assert "journal salvage" in caught.value.remedy
    await store.close()


async def test_a_full_disk_stops_the_store_and_loses_nothing(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(journal.block(store))
    assert store._db is not None
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    block = journal.block(store, rejects=[reject(1, size=90_000)])
    with pytest.raises(Halt, match="no room"):
        await store.write(block)
    store._db.execute("PRAGMA max_page_count = 100000")
    await store.write(block)
    assert len(await store.letters(ALL)) == 1


async def test_a_file_of_another_schema_stops_the_store(store: RecordsStore, config: RecordsConfig) -> None:
    await store.close()
    other = sqlite3.connect(config.path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    again = RecordsStore(config)
    with pytest.raises(Halt, match="version 99"):
        await again.open()
    await again.close()


async def test_a_folder_that_cannot_be_made_stops_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = RecordsStore(RecordsConfig(tmp_path / "file" / "records.db"))
    with pytest.raises(Halt) as caught:
        await store.open()
    assert caught.value.remedy
    await store.close()


async def test_letters_of_a_span_are_counted_by_reason_and_profile(store: RecordsStore) -> None:
    rows = [reject(1), reject(2, "wrong_type", "D1", "loop"), reject(3, "wrong_type", "D2", "loop"), reject(4)]
    await store.write(Journal().block(store, rejects=rows))

    assert await store.letters_between(T0 + 1, T0 + 4) == [("unreadable", "", 1), ("wrong_type", "loop", 2)]
    assert await store.letters_between(T0, T0 + 1) == []
