"""The feed on a real hub through a real control door: nothing is lost without a gap, and no gap stands for nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.link import feed as feed_module
from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.door import Door
from gateway.link.feed import EVERYTHING, Feed, Reading
from gateway.live.events import Kind
from gateway.stores.alarm_tables import alarm_place
from tests.support.live_gateway import Town, alarm
from tests.support.running import eventually

ALARMS = LiveFilter(frozenset({Kind.ALARM}))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_RETRY_SECS", 0.01)
    monkeypatch.setattr(feed_module, "_LINGER_SECS", 0.0)


@pytest.fixture
def town(data_folder: Path) -> Town:
    return Town(data_folder, stored={0: 10.0, 1: 11.0})


@asynccontextmanager
async def _feed(town: Town, **options: Any) -> AsyncIterator[Feed]:
    feed = Feed(Door(town.folder), **options)
    feed.start()
    try:
        yield feed
    finally:
        await feed.end()
        await feed._door.close()


class Reader:
    """Keeps what it reads."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.events: list[FeedEvent] = []

    async def read(self) -> None:
        while events := await self.reading.next():
            self.events += events

    @property
    def alarms(self) -> list[str]:
        return [event.data["alarm"] for event in self.events if event.kind is Kind.ALARM]

    @property
    def gaps(self) -> list[int | None]:
        return [event.data["lost"] for event in self.events if event.kind is Kind.GAP]

    def values(self, device: str = "d0") -> list[float]:
        latest = [event.data for event in self.events if event.kind is Kind.LATEST]
        return [data["quantities"]["speed"]["value"] for data in latest if data["device"] == device]


@contextmanager
def _reading(feed: Feed, wanted: LiveFilter = EVERYTHING) -> Iterator[Reader]:
    with feed.reader(wanted) as reading:
        reader = Reader(reading)
        task: asyncio.Task[None] | None = None

        async def begin(after: tuple[str, int] | None = None) -> list[FeedEvent]:
            nonlocal task
            first = await reading.begin(after)
            task = asyncio.get_running_loop().create_task(reader.read())
            return first

        reader.begin = begin  # type: ignore[attr-defined]
        try:
            yield reader
        finally:
            if task is not None:
                task.cancel()


async def _begun(reader: Reader, after: tuple[str, int] | None = None) -> list[FeedEvent]:
    found: list[FeedEvent] = await reader.begin(after)  # type: ignore[attr-defined]
    return found


async def test_while_only_alarms_are_wanted_nothing_else_is_asked_for(town: Town) -> None:
    town.standing = [alarm(1)]
    async with town.open() as hub, _feed(town) as feed:
        with _reading(feed, ALARMS) as reader:
            (standing,) = await _begun(reader)
            town.read(0, 20.0)
            town.change(alarm(2))
            await eventually(lambda: reader.alarms == ["a2"], "the alarm comes")
        assert (standing.data["alarm"], standing.data["title"]) == ("a1", "Gas")
        assert not hub._listened
        assert "latest_columns" not in town.asked


async def test_a_snapshot_has_what_is_stored_and_what_was_told_since(town: Town) -> None:
    async with town.open(), _feed(town) as feed:
        with _reading(feed) as reader:
            first = await _begun(reader)
            assert {event.levels[1]: event.data["quantities"]["speed"]["value"] for event in first} == {
                "d0": 10.0, "d1": 11.0,
            }  # fmt: skip
            town.read(0, 20.0)
            await eventually(lambda: reader.values() == [20.0], "the reading comes")
        with _reading(feed) as another:
            again = await _begun(another)
        assert {event.levels[1]: event.data["quantities"]["speed"]["value"] for event in again} == {
            "d0": 20.0, "d1": 11.0,
        }  # fmt: skip


async def test_after_a_while_without_readers_a_snapshot_is_of_now(town: Town) -> None:
    async with town.open() as hub, _feed(town) as feed:
        with _reading(feed) as reader:
            await _begun(reader)
            town.read(0, 20.0)
            await eventually(lambda: reader.values() == [20.0], "the reading comes")
        await eventually(lambda: not hub._listened, "nobody wants readings any more")
        town.read(0, 30.0)
        town.stored[0] = 30.0
        with _reading(feed) as reader:
            first = await _begun(reader)
            assert [event.data["quantities"]["speed"]["value"] for event in first if event.levels[1] == "d0"] == [30.0]
            assert reader.gaps == []


async def test_no_alarm_is_lost_or_told_twice_while_others_come_and_go(town: Town) -> None:
    """Each reader of everything lets the stream bring more, and less when it goes."""
    async with town.open(), _feed(town) as feed:
        with _reading(feed, ALARMS) as steady:
            await _begun(steady)
            number = 0

            async def raise_alarms() -> None:
                nonlocal number
                while True:
                    number += 1
                    town.change(alarm(number))
                    town.read(number % 4, float(number))
                    await asyncio.sleep(0)

            raising = asyncio.get_running_loop().create_task(raise_alarms())
            for _ in range(15):
                with _reading(feed) as passing:
                    await _begun(passing)
                    seen = number
                    await eventually(lambda: number > seen + 3, "more alarms")  # noqa: B023
            raising.cancel()
            await eventually(lambda: len(steady.alarms) >= number, "all alarms came")
            assert steady.alarms == [f"a{k}" for k in range(1, number + 1)]
            assert steady.gaps == []


async def test_what_others_want_of_the_gateway_is_no_gap_to_readers_of_alarms(town: Town) -> None:
    """MQTT publishes everything: ids run ahead of what the feed asks for."""
    town.hub_options = {"history": 20}
    async with town.open() as hub, _feed(town) as feed:
        hub.subscribe()
        with _reading(feed, ALARMS) as steady:
            await _begun(steady)
            town.change(alarm(1))
            for k in range(100):
                town.read(k % 4, float(k))
            with _reading(feed) as passing:
                await _begun(passing)
                town.change(alarm(2))
                await eventually(lambda: steady.alarms == ["a1", "a2"], "both alarms came")
            assert (steady.gaps, passing.gaps) == ([], [])
            assert "a1" not in passing.alarms, "the snapshot had it"


async def test_who_comes_back_gets_what_is_behind_and_nothing_twice(town: Town) -> None:
    async with town.open(), _feed(town) as feed:
        with _reading(feed) as reader:
            await _begun(reader)
            for k in range(5):
                town.read(0, float(k))
            await eventually(lambda: len(reader.events) == 5, "they came")
            seen = reader.events[2]
        with _reading(feed) as reader:
            behind = await _begun(reader, (seen.epoch, seen.id))
            assert [event.data["quantities"]["speed"]["value"] for event in behind] == [3.0, 4.0]


async def test_a_web_process_that_starts_anew_lets_its_readers_go_on(town: Town) -> None:
    """The history is the gateway's: what a reader saw through the process before counts in this one."""
    async with town.open():
        async with _feed(town) as before:
            with _reading(before) as reader:
                await _begun(reader)
                town.read(0, 1.0)
                town.change(alarm(1))
                await eventually(lambda: len(reader.events) == 2, "they came")
                seen = reader.events[-1]
        town.change(alarm(2))
        async with _feed(town) as feed:
            with _reading(feed, ALARMS) as reader:
                behind = await _begun(reader, (seen.epoch, seen.id))
                assert [event.data.get("alarm") for event in behind] == ["a2"]
                town.change(alarm(3))
                await eventually(lambda: reader.alarms == ["a3"], "it goes on")
                assert reader.gaps == []


async def test_more_than_a_queue_of_missed_events_comes_whole(town: Town) -> None:
    town.hub_options = {"history": 200, "queue": 20}
    async with town.open():
        async with _feed(town) as before:
            with _reading(before, ALARMS) as reader:
                await _begun(reader)
                town.change(alarm(0))
                await eventually(lambda: reader.alarms == ["a0"], "it came")
                seen = reader.events[-1]
        for k in range(1, 151):
            town.change(alarm(k))
        async with _feed(town) as feed:
            with _reading(feed, ALARMS) as reader:
                behind = await _begun(reader, (seen.epoch, seen.id))
                assert [event.data.get("alarm") for event in behind] == [f"a{k}" for k in range(1, 151)]


async def test_a_gateway_that_starts_anew_is_a_gap_and_new_states(town: Town) -> None:
    town.standing = [alarm(1)]
    async with _feed(town) as feed:
        async with town.open():
            with _reading(feed) as reader:
                await _begun(reader)
                town.read(0, 1.0)
                await eventually(lambda: reader.values() == [1.0], "it came")
                seen = reader.events[-1]
                town.standing, town.stored = [alarm(2)], {0: 40.0}
        with _reading(feed) as reader, _reading(feed, ALARMS) as alarms:
            async with town.open():
                await eventually(lambda: feed.epoch == "run2", "it is met")
                first = await _begun(reader)
                assert {event.data.get("alarm", event.levels[1]) for event in first} == {"a2", "d0"}
                assert [event.data["quantities"]["speed"]["value"] for event in first if event.levels[1] == "d0"] == [
                    40
                ]
                behind = await _begun(alarms, (seen.epoch, seen.id))
                assert [(event.kind, event.epoch, event.data["lost"]) for event in behind] == [(Kind.GAP, "run2", None)]
                town.read(0, 2.0)
                town.change(alarm(3))
                await eventually(lambda: (reader.values(), alarms.alarms) == ([2.0], ["a3"]), "they go on")
                assert (reader.gaps, alarms.gaps) == ([], [])


async def test_readers_that_stay_are_told_of_the_gap_between_two_runs(town: Town) -> None:
    async with _feed(town) as feed:
        with _reading(feed) as everything, _reading(feed, ALARMS) as alarms:
            async with town.open():
                await _begun(everything)
                await _begun(alarms)
                town.change(alarm(1))
                await eventually(lambda: alarms.alarms == everything.alarms == ["a1"], "it came")
            async with town.open():
                town.change(alarm(2))
                await eventually(lambda: alarms.alarms == everything.alarms == ["a1", "a2"], "they go on")
            for reader in (everything, alarms):
                assert reader.gaps == [None]
                assert [event.kind for event in reader.events] == [Kind.ALARM, Kind.GAP, Kind.ALARM]


async def test_a_cut_within_a_run_loses_nothing(town: Town) -> None:
    async with _feed(town) as feed:
        with _reading(feed) as reader, _reading(feed, ALARMS) as alarms:
            async with town.open():
                await _begun(reader)
                await _begun(alarms)
                town.change(alarm(1))
                await eventually(lambda: reader.alarms == ["a1"], "it came")
            town.change(alarm(2))
            async with town.open(again=True):
                town.change(alarm(3))
                await eventually(lambda: reader.alarms == alarms.alarms == ["a1", "a2", "a3"], "all came")
            assert (reader.gaps, alarms.gaps) == ([], [])


async def test_readings_that_went_by_during_a_cut_are_a_gap_to_who_reads_them(town: Town) -> None:
    async with _feed(town) as feed:
        with _reading(feed) as reader, _reading(feed, ALARMS) as alarms:
            async with town.open():
                await _begun(reader)
                await _begun(alarms)
            town.read(0, 5.0)
            town.stored[0] = 5.0
            async with town.open(again=True):
                town.change(alarm(3))
                await eventually(lambda: reader.alarms == alarms.alarms == ["a3"], "it came")
                assert (reader.gaps, alarms.gaps) == ([None], [])
                with _reading(feed) as another:
                    first = await _begun(another)
                latest = [event.data for event in first if event.kind is Kind.LATEST]
                assert [data["quantities"]["speed"]["value"] for data in latest if data["device"] == "d0"] == [5.0]


async def test_what_the_feed_itself_lost_is_a_gap_with_its_number_to_who_wants_everything(town: Town) -> None:
    town.hub_options = {"queue": 10}
    async with town.open() as hub, _feed(town) as feed:
        with _reading(feed) as everything, _reading(feed, ALARMS) as alarms:
            await _begun(everything)
            await _begun(alarms)
            for k in range(25):  # within one turn of the loop: nobody can take them meanwhile
                town.change(alarm(k))
            await eventually(lambda: "a24" in everything.alarms and "a24" in alarms.alarms, "the newest came")
            (lost,) = everything.gaps
            assert (lost or 0) + len(everything.alarms) == 25
            assert (lost or 0) > 0
            assert alarms.gaps == [None], "how many of these were alarms nobody knows"
            assert hub.newest_id == feed.newest_id


async def test_a_slow_reader_gets_one_gap_and_the_others_none(town: Town) -> None:
    async with town.open(), _feed(town, queue=10) as feed:
        with _reading(feed) as quick, feed.reader() as slow:
            await _begun(quick)
            await slow.begin()
            for k in range(30):
                town.read(k % 4, float(k))
                await eventually(lambda: len(quick.events) == k + 1, "it came")  # noqa: B023
            first, *rest = await slow.next()
            assert (first.kind, first.data["lost"], first.id) == (Kind.GAP, 20, rest[0].id - 1)
            assert len(rest) == 10
            assert quick.gaps == []
            town.read(0, 99.0)
            assert [event.kind for event in await slow.next()] == [Kind.LATEST]


async def test_zones_devices_domains_and_priorities_narrow(town: Town) -> None:
    async with town.open(), _feed(town) as feed:
        with (
            _reading(feed, LiveFilter(zones=frozenset({"z1"}))) as zone,
            _reading(feed, LiveFilter(devices=frozenset({"d2"}))) as device,
            _reading(feed, LiveFilter(domains=frozenset({"gas"}))) as gas,
            _reading(feed) as everything,
        ):
            for reader in (zone, device, gas, everything):
                await _begun(reader)
            for k in range(4):
                town.read(k, float(k))
            town.change(alarm(7), alarm(8, zone="z1"))
            await eventually(lambda: len(everything.events) == 6, "they came")
            await eventually(lambda: len(zone.events) == 3 and len(gas.events) == 2, "they came")
            assert [event.levels[1] for event in zone.events[:2]] == ["d1", "d3"]
            assert zone.alarms == ["a8"]
            assert [event.levels[1] for event in device.events] == ["d2"]
            assert gas.alarms == ["a7", "a8"]


class CrowdedTown(Town):
    """Which gives alarms page by page, as the desk does."""

    async def alarms(self, after: Sequence[int | str] = (), limit: int = 100, **_: Any) -> list[dict[str, Any]]:
        """See Desk."""
        found = sorted(await super().alarms(), key=lambda each: alarm_place(each, among_open=True))
        return [each for each in found if not after or alarm_place(each, among_open=True) > tuple(after)][:limit]


async def test_of_very_many_alarms_all_stand(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_ALARMS_PAGE", 3)
    town = CrowdedTown(data_folder, standing=[alarm(number) for number in range(6)])
    async with town.open(), _feed(town) as feed:
        await feed.prepared(ALARMS)
        assert sorted(event.data["alarm"] for event in feed.snapshot(ALARMS)) == [f"a{number}" for number in range(6)]
        assert town.asked.count("alarms") >= 3


async def test_readers_are_told_when_it_is_over(town: Town) -> None:
    async with town.open(), _feed(town) as feed:
        with feed.reader() as reading:
            await reading.begin()
            feed.close()
            assert await reading.next() == []


async def test_a_feed_without_a_gateway_begins_empty_and_tells_when_one_comes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_PREPARE_SECS", 0.05)
    async with _feed(town) as feed:
        with _reading(feed, ALARMS) as reader:
            assert await _begun(reader) == []
            async with town.open():
                await eventually(lambda: feed.connected, "it is met")
                town.change(alarm(1))
                await eventually(lambda: reader.alarms == ["a1"], "it came")
                assert reader.gaps == [None], "what stood before it does not know"


async def test_while_the_database_is_away_what_happens_is_told_all_the_same(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_PREPARE_SECS", 2.0)
    monkeypatch.setattr(feed_module, "_ASK_AGAIN_SECS", 0.05)
    town.database_away, town.standing = True, [alarm(1)]
    async with town.open() as hub, _feed(town) as feed:
        with _reading(feed) as reader:
            first = await _begun(reader)
            assert [event.data["alarm"] for event in first] == ["a1"], "what stands is known but for readings"
            town.read(0, 20.0)
            town.change(alarm(2))
            await eventually(lambda: (reader.values(), reader.alarms) == ([20.0], ["a2"]), "they come")
            assert hub.subscribers == 1
            town.database_away = False
            await eventually(lambda: feed.state(Kind.LATEST, "z1", "d1") is not None, "the rest is known by now")
            assert reader.gaps == []


class ReloadedTown(Town):
    """Another condition judges loops since its files were read again."""

    reloaded = False

    async def conditions(self) -> list[dict[str, Any]]:
        """See Desk."""
        named = {"name": "transit.late", "title": "Late", "profile": "loop"} if self.reloaded else None
        return [named] if named else await super().conditions()


async def test_what_profiles_are_about_is_known_anew_after_a_reload(data_folder: Path) -> None:
    town = ReloadedTown(data_folder)
    async with town.open() as hub, _feed(town) as feed:
        with _reading(feed, LiveFilter(domains=frozenset({"transit"}))) as reader, _reading(feed) as all_of_it:
            await _begun(reader)
            await _begun(all_of_it)
            town.read(0, 1.0)
            await eventually(lambda: all_of_it.values() == [1.0], "it came")
            town.reloaded, hub.configuration = True, 1
            town.read(0, 2.0)
            await eventually(lambda: feed.domain_of == {"loop": "transit"}, "what it is about is known", 5.0)
            town.read(0, 3.0)
            await eventually(lambda: all_of_it.values() == [1.0, 2.0, 3.0], "it came")
            assert reader.values()[-1:] == [3.0]
            assert all_of_it.gaps == []


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
async def test_words_with_signs_that_some_take_for_ends_of_lines_come_whole(town: Town, sign: str) -> None:
    """Pasted from elsewhere, a comment has them; JSON leaves them as they are."""
    said = msgspec.structs.replace(alarm(1), text=f"first{sign}second")
    async with town.open(), _feed(town) as feed:
        with _reading(feed, ALARMS) as reader:
            await _begun(reader)
            town.change(said, alarm(2))
            await eventually(lambda: reader.alarms == ["a1", "a2"], "both came")
            assert reader.events[0].data["text"] == said.text
            assert reader.gaps == []
