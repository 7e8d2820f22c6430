"""The live hub: what listeners get, what they don't, and that nobody is held up."""

import asyncio
import json
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.engine.alarm_model import Transition
from gateway.engine.results import DeviceRecord, StepResult
from gateway.live.events import Interest, Kind, LiveEvent
from gateway.live.hub import LiveHub
from gateway.live.subscription import Subscription
from processors.columns import ReadingBatch
from tests.support.blocks import T0, Journal, aggregates, readings, rewrites

RAISED = Transition(
    "a1", "raised", "unacknowledged", "gas.lel", "gas-1", "tianhe", "gas", 2, 1, 26.5, T0, T0 + 5, T0, False
)


class City:
    """A hub over a few devices, a quantity `speed` each but for the first, which also has `flow`."""

    def __init__(self, devices: int = 3, **options: Any) -> None:
        self.names = Journal()
        for k in range(devices):
            self.names.series(f"d{k}")
        self.names.series("d0", "flow")
        self.hub = LiveHub(
            lambda series: self.names.names[series], self._record, epoch="now", titles={"gas.lel": "Gas"}.get,  # type: ignore[arg-type]
            **options,
        )  # fmt: skip

    @staticmethod
    def _record(device: str) -> DeviceRecord:
        return DeviceRecord(device, "loop", f"zone-{device[1:]}", (), None, None, "", "road-1", "known", 0)

    def commit(self, *rows: tuple[int, int, float, int, int], **more: Any) -> None:
        self.hub.committed(StepResult(readings=readings(*rows), **more))


def drained(subscription: Subscription) -> list[LiveEvent]:
    out = []
    while (event := subscription.take()) is not None:
        out.append(event)
    return out


def test_many_readings_of_a_device_are_told_as_one_with_the_newest_of_each_quantity() -> None:
    city = City()
    listener = city.hub.subscribe()
    for k in range(50):
        city.commit((0, T0 + k, k, 1, 0), (3, T0 + k, 10 * k, 3, 1))
    assert drained(listener) == []

    city.hub.flush()

    (event,) = drained(listener)
    assert (event.kind, event.levels, event.zone) == (Kind.LATEST, ("zone-0", "d0"), "zone-0")
    assert event.data["quantities"]["speed"] == {
        "value": 49, "unit": "km/h", "flag": 1, "why": [], "time": "2023-11-14T22:13:20.000000049Z",
    }  # fmt: skip
    flow = event.data["quantities"]["flow"]
    assert (flow["value"], flow["flag"], len(flow["why"])) == (490, 3, 1)
    assert {name: event.data[name] for name in ("device", "profile", "zone", "asset")} == {
        "device": "d0", "profile": "loop", "zone": "zone-0", "asset": "road-1",
    }  # fmt: skip
    city.hub.flush()
    assert drained(listener) == []


def test_what_is_missing_is_null_and_not_zero() -> None:
    city = City()
    listener = city.hub.subscribe()
    city.commit((1, T0, np.nan, 9, 0), aggregates=aggregates((1, 60, T0, 0, 0, np.nan)))

    city.hub.flush()

    window, latest = drained(listener)
    assert (latest.data["quantities"]["speed"]["value"], latest.data["quantities"]["speed"]["flag"]) == (None, 9)
    assert (window.data["quantities"]["speed"]["mean"], window.data["quantities"]["speed"]["count"]) == (None, 0)
    assert "NaN" not in json.dumps([window.data, latest.data])


def test_windows_of_the_chosen_steps_are_told_and_their_revisions() -> None:
    city = City(steps=(60, 900))
    listener = city.hub.subscribe(Interest(frozenset((Kind.AGGREGATE,))))
    city.commit(aggregates=aggregates((0, 60, T0, 0, 5, 1.0), (0, 10, T0, 0, 5, 1.0), (1, 900, T0, 0, 5, 1.0)))
    city.hub.flush()
    city.hub.revised(aggregates((0, 60, T0, 1, 6, 2.0)))
    city.hub.flush()

    told = [(event.levels, event.data["quantities"]["speed"]["revision"]) for event in drained(listener)]
    assert told == [(("zone-0", "d0", "1m"), 0), (("zone-1", "d1", "15m"), 0), (("zone-0", "d0", "1m"), 1)]


def test_a_new_verdict_on_the_newest_reading_is_told() -> None:
    city = City()
    listener = city.hub.subscribe()
    city.commit((0, T0, 5, 1, 0))
    city.hub.flush()
    city.commit(rewrites=rewrites((0, T0, 4, 2)))
    city.hub.flush()

    assert [event.data["quantities"]["speed"]["flag"] for event in drained(listener)] == [1, 4]


def test_alarms_are_told_at_once() -> None:
    city = City()
    listener = city.hub.subscribe()

    city.commit(transitions=[RAISED])

    (event,) = drained(listener)
    assert (event.kind, event.levels) == (Kind.ALARM, ("tianhe", "gas.lel", "gas-1"))
    assert (event.data["title"], event.data["state"], event.data["until"]) == ("Gas", "unacknowledged", None)
    assert event.data["at"] == "2023-11-14T22:13:20.000000000Z"


def test_no_more_devices_than_there_is_room_for_and_each_gets_its_turn() -> None:
    city = City(devices=10, most_events=3)
    listener = city.hub.subscribe()
    city.commit(*((k, T0, k, 1, 0) for k in range(10)))
    seen: list[str] = []
    for turn in range(4):
        city.commit((0, T0 + turn + 1, turn, 1, 0))  # one that never rests
        city.hub.flush()
        told = [event.data["device"] for event in drained(listener)]
        assert len(told) <= 3
        seen += told

    assert set(seen) == {f"d{k}" for k in range(10)}


def test_it_says_whether_something_waits_for_want_of_room() -> None:
    city = City(devices=10, most_events=3)
    listener = city.hub.subscribe()
    city.commit(*((k, T0, k, 1, 0) for k in range(10)))
    city.hub.flush()
    turns = 1
    while city.hub.waiting:
        city.hub.flush()
        turns += 1
    assert turns == 4
    assert len(drained(listener)) == 10


def test_windows_that_close_all_at_once_do_not_hold_up_readings() -> None:
    city = City(devices=10, most_events=4)
    listener = city.hub.subscribe()
    city.commit(
        *((k, T0, k, 1, 0) for k in range(10)), aggregates=aggregates(*((k, 60, T0, 0, 5, 1.0) for k in range(10)))
    )

    city.hub.flush()

    assert sorted(event.kind for event in drained(listener)) == ["aggregate", "aggregate", "latest", "latest"]


def test_a_slow_listener_loses_the_oldest_is_told_so_and_holds_up_nobody() -> None:
    city = City(queue=3)
    slow, quick = city.hub.subscribe(), city.hub.subscribe()
    got = []
    for k in range(10):
        city.commit(transitions=[msgspec.structs.replace(RAISED, level=k)])
        got += drained(quick)

    assert [event.data["level"] for event in got] == list(range(10))
    gap, *rest = drained(slow)
    assert (gap.kind, gap.id, gap.data) == (Kind.GAP, 7, {"lost": 7})
    assert [event.data["level"] for event in rest] == [7, 8, 9]
    assert slow.lost == 7


def test_listeners_get_their_zones_and_kinds_only() -> None:
    city = City()
    mine = city.hub.subscribe(Interest(frozenset((Kind.LATEST,)), frozenset(("zone-1",))))
    city.commit((0, T0, 1, 1, 0), (1, T0, 2, 1, 0), transitions=[RAISED])
    city.hub.flush()

    assert [event.levels for event in drained(mine)] == [("zone-1", "d1")]


class Untouchable(ReadingBatch):
    """Readings that nobody may look at."""

    def take(self, which: Any) -> Any:
        raise AssertionError(f"{which} was looked at")


def _untouchable() -> StepResult:
    return StepResult(readings=Untouchable(**readings((0, T0, 1, 1, 0)).arrays()))


@pytest.mark.parametrize("interest", [None, Interest(frozenset((Kind.ALARM,)))])
def test_readings_cost_nothing_while_nobody_wants_them(interest: Interest | None) -> None:
    city = City()
    if interest is not None:
        city.hub.subscribe(interest)
    for _ in range(1000):
        city.hub.committed(_untouchable())

    assert city.hub._pending == []
    assert city.hub.newest_id == 0


def test_nothing_is_gathered_once_the_last_listener_left() -> None:
    city = City()
    listener = city.hub.subscribe()
    city.commit((0, T0, 1, 1, 0))
    city.hub.unsubscribe(listener)
    city.hub.unsubscribe(listener)
    city.commit((0, T0 + 1, 1, 1, 0))

    city.hub.flush()

    assert (city.hub.subscribers, city.hub._pending, drained(listener)) == (0, [], [])


def test_who_comes_back_gets_what_was_told_meanwhile() -> None:
    city = City()
    first, other = city.hub.subscribe(), city.hub.subscribe()
    for k in range(5):
        city.commit(transitions=[msgspec.structs.replace(RAISED, level=k)])
    seen = drained(first)[1]
    city.hub.unsubscribe(first)

    again = city.hub.subscribe(after=("now", seen.id))

    assert [event.data["level"] for event in drained(again)] == [2, 3, 4]
    assert len(drained(other)) == 5


@pytest.mark.parametrize(("after", "lost"), [(("now", 1), 5), (("before", 3), None), (("now", 999), None)])
def test_who_comes_back_too_late_or_from_another_run_gets_a_gap_first(after: tuple[str, int], lost: int | None) -> None:
    city = City(history=4)
    for k in range(10):
        city.commit(transitions=[msgspec.structs.replace(RAISED, level=k)])

    gap, *rest = drained(city.hub.subscribe(after=after))

    assert (gap.kind, gap.data["lost"]) == (Kind.GAP, lost)
    assert [event.data["level"] for event in rest] == [6, 7, 8, 9]


def test_what_went_by_while_nobody_listened_is_a_gap() -> None:
    city = City()
    first = city.hub.subscribe()
    city.commit(transitions=[RAISED])
    seen = drained(first)[0].id
    city.hub.unsubscribe(first)
    city.commit((0, T0, 1, 1, 0))

    assert [event.kind for event in drained(city.hub.subscribe(after=("now", seen)))] == [Kind.GAP]


def test_windows_that_were_computed_again_while_nobody_listened_are_a_gap() -> None:
    city = City()
    city.hub.revised(aggregates((0, 60, T0, 1, 6, 2.0)))

    assert [event.kind for event in drained(city.hub.subscribe(after=("now", 0)))] == [Kind.GAP]


def test_where_alarms_stand_is_known_from_before_and_newer_changes_win() -> None:
    city = City()
    old = msgspec.structs.replace(RAISED, asset="gas-2", now=T0)
    city.commit(transitions=[RAISED])

    city.hub.standing([msgspec.structs.replace(RAISED, state="normal", now=T0), old])
    city.hub.standing([msgspec.structs.replace(old, state="normal", now=T0 + 1)])

    assert [(event.levels[2], event.data["state"]) for event in city.hub.alarm_states()] == [
        ("gas-1", "unacknowledged"), ("gas-2", "normal"),
    ]  # fmt: skip


async def test_a_listener_waits_for_the_next_event_and_ends_when_it_is_closed() -> None:
    city = City()
    listener = city.hub.subscribe()
    got: list[int] = []

    async def listen() -> None:
        got.extend([event.id async for event in listener])

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    city.commit(transitions=[RAISED])
    city.hub.unsubscribe(listener)
    await task

    assert got == [1]
