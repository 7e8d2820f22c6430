"""The schedule of the whole city."""

import json
from collections import Counter, defaultdict
from itertools import islice, pairwise, takewhile

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.faults import Faults
from device_sims.fleet.fleet import Fleet, Message
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND, LocalTime
from device_sims.world.recordings import guangzhou_speed, household_power, minute_of_day, slot_that_ended
from tests.support.payloads import said, unpacked

MORNING = 1_772_496_000 * SECOND  # Tuesday 2026-03-03T08:00:00+08:00


def _messages(hours: float, faults: str = "", seed: int = 5, devices: int | None = None) -> list[Message]:
    fleet = Fleet(load_city(devices), seed, MORNING, Faults.parse(faults))
    end = MORNING + int(hours * HOUR)
    return list(takewhile(lambda message: message.due < end, fleet.messages()))


def _keys(messages: list[Message]) -> set[tuple[str, int]]:
    return {(message.device, reading.ts) for message in messages for reading in message.readings}


@pytest.fixture(scope="module")
def hour() -> list[Message]:
    return _messages(1.0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    spec = "duplicate=0.1,late=0.1:60,reorder=0.1,invalid=0.1,wrong_type=0.1,outage=0.1:300"
    first, again = _messages(0.1, spec), _messages(0.1, spec)
    assert first == again
    assert [m.payload for m in _messages(0.1, spec, seed=6)] != [m.payload for m in first]


def test_a_run_that_starts_later_says_the_same_about_the_same_moments(hour: list[Message]) -> None:
    start = MORNING + 17 * MINUTE + 3 * SECOND
    later = Fleet(load_city(), 5, start).messages()
    after = [m for m in hour if m.due >= start and not m.topic.endswith("/speed")]
    same = [m for m in islice(later, 5000) if m.due < MORNING + HOUR and not m.topic.endswith("/speed")]
    assert [(m.device, m.payload) for m in same] == [(m.device, m.payload) for m in after[: len(same)]]
    assert len(same) > 4000


def test_a_device_says_the_same_when_fewer_devices_run(hour: list[Message]) -> None:
    by_name: dict[str, list[bytes]] = defaultdict(list)
    for message in hour:
        by_name[message.device].append(message.payload)
    some = _messages(1.0, devices=30)
    assert len({message.device for message in some}) == 30
    for name in {message.device for message in some}:
        assert [m.payload for m in some if m.device == name] == by_name[name]


def test_some_pressure_loggers_compress(hour: list[Message]) -> None:
    compressing = {m.device: m.payload[:2] == b"\x1f\x8b" for m in hour if m.device.startswith("press-")}
    assert 0 < sum(compressing.values()) < len(compressing) / 2


def test_messages_come_in_order_and_never_before_they_are_measured(hour: list[Message]) -> None:
    assert all(one.due <= other.due for one, other in pairwise(hour))
    assert all(reading.ts <= message.due for message in hour for reading in message.readings)
    assert all(message.due - message.readings[0].ts <= 30 * SECOND for message in hour)


def test_every_device_speaks_at_its_interval(hour: list[Message]) -> None:
    city = load_city()
    times: dict[str, list[int]] = defaultdict(list)
    for message in hour:
        times[message.device].append(message.readings[0].ts)
    for device in city.devices:
        gaps = {b - a for a, b in pairwise(times[device.id])}
        assert gaps <= {city.intervals[device.profile]}
        assert len(times[device.id]) == pytest.approx(HOUR / city.intervals[device.profile], abs=1)


def test_no_device_repeats_a_key(hour: list[Message]) -> None:
    keys = Counter((m.device, r.quantity, r.ts) for m in hour for r in m.readings)
    assert max(keys.values()) == 1


def test_segments_play_the_recorded_day_and_the_missing_column_is_null(hour: list[Message]) -> None:
    local = LocalTime("Asia/Shanghai")
    segments = [m for m in hour if m.device.startswith("seg-")]
    assert len(segments) == 300
    for message in segments:
        told = json.loads(message.payload)
        slot = slot_that_ended(local, np.array([told["ts"] * SECOND]))[0]
        expected = guangzhou_speed()[slot, int(message.device[4:]) - 1]
        if message.device == "seg-0048":
            assert told["speed"] is None
            assert told["samples"] == 0
            assert message.readings[0].value is None
        else:
            assert told["speed"] == message.readings[0].value == expected


def test_three_meters_play_the_household_days_on_their_phases(hour: list[Message]) -> None:
    local = LocalTime("Asia/Shanghai")
    meters = [m for m in hour if m.device in {"meter-0089", "meter-0090", "meter-0091"}]
    assert len(meters) == 180
    for message in meters:
        told = json.loads(message.payload)
        minute = minute_of_day(local, np.array([told["ts"] * 1_000_000]))[0]
        first = int(message.device[-2:]) - 89
        days = [household_power()[(first + phase) % 3, minute] for phase in range(3)]
        assert list(told["u"].values()) == [day[2] for day in days]
        assert list(told["i"].values()) == [day[3] for day in days]
        assert told["p"] == pytest.approx(sum(day[0] for day in days), abs=1e-9)


def test_values_are_plausible_at_any_hour() -> None:
    limits = {
        "speed": (2, 110), "flow": (0, 3000), "occupancy": (0, 0.92), "u_a": (200, 250), "p": (0, 1300),
        "pf": (0.5, 1), "f": (49.9, 50.1), "pressure": (50, 500), "lel": (0, 5), "o2": (20, 21.5), "level": (-1, 6),
        "battery": (0, 4), "temperature": (15, 35),
    }  # fmt: skip
    city = load_city()
    for offset in range(0, 7 * DAY, 5 * HOUR):
        for message in islice(Fleet(city, 5, MORNING + offset).messages(), 400):
            for quantity, _, value in message.readings:
                low, high = limits.get(quantity, (-np.inf, np.inf))
                assert value is None or low <= value <= high, (message.device, quantity, value)


def test_traffic_is_denser_at_eight_than_at_three_at_night() -> None:
    def flow(start: int) -> float:
        messages = islice(Fleet(load_city(), 5, start).messages(), 600)
        return float(
            np.mean([r.value for m in messages for r in m.readings if r.quantity == "flow" and "loop" in m.device])
        )

    assert flow(MORNING) > 4.0 * flow(MORNING - 5 * HOUR)


def test_the_water_counter_never_falls_and_the_sequence_counts_by_one(hour: list[Message]) -> None:
    flows = [json.loads(m.payload) for m in hour if m.device == "flow-0003"]
    assert all(a["total"] <= b["total"] for a, b in pairwise(flows))
    assert all((a["seq"] + 1) % 65536 == b["seq"] for a, b in pairwise(flows))


# ---- faults ----


def test_duplicates_are_the_same_bytes_and_name_themselves() -> None:
    messages = _messages(0.2, "duplicate=0.2")
    doubled = [m for m in messages if m.fault]
    assert len(doubled) / len(messages) == pytest.approx(0.333, abs=0.05)
    assert all(count == 2 for count in Counter((m.device, m.payload) for m in doubled).values())


def test_late_and_reordered_messages_change_the_order_and_nothing_else() -> None:
    calm, moved = _messages(0.5), _messages(0.5, "late=0.1:120,reorder=0.1")
    said = {(m.device, m.payload) for m in calm}
    assert {(m.device, m.payload) for m in moved} <= said
    held = [(m.due - m.readings[0].ts, m) for m in moved if m.fault == "late"]
    assert len(held) > 50
    assert max(delay for delay, _ in held) <= 150 * SECOND
    loops = [m for m in moved if m.device.startswith("loop-")]
    by_device: dict[str, list[int]] = defaultdict(list)
    for message in loops:
        by_device[message.device].append(message.readings[0].ts)
    assert any(b < a for times in by_device.values() for a, b in pairwise(times))


def test_an_outage_is_sent_afterwards_oldest_first_and_pressure_loggers_put_it_into_one_message() -> None:
    calm, cut = _messages(2.0), _messages(2.5, "outage=0.3:1800")
    assert _keys(calm) <= _keys(cut)
    kept = [m for m in cut if m.fault == "outage"]
    pressure = [m for m in kept if m.device.startswith("press-")]
    assert max(len(m.readings) for m in pressure) == 30
    others = [m for m in kept if m.device.startswith("loop-")]
    bursts = Counter((m.device, m.due) for m in others)
    assert max(bursts.values()) == 30
    for name in {m.device for m in others}:
        times = [m.readings[0].ts for m in others if m.device == name]
        assert times == sorted(times)


def test_a_backlog_of_two_days_is_sent_at_the_start() -> None:
    messages = _messages(0.02, "backlog=0.03:172800")
    kept = [m for m in messages if m.fault == "backlog"]
    names = {m.device for m in kept if m.device.startswith(("loop-", "meter-"))}
    assert names
    for name in names:
        times = [m.readings[0].ts for m in kept if m.device == name]
        assert len(times) == 2880
        assert times == sorted(times)
        assert MORNING - 2 * DAY <= times[0] < times[-1] < MORNING
    assert {m.due for m in kept if m.device in names} == {MORNING}


def test_a_clock_ahead_moves_the_time_stamps_and_not_the_sending() -> None:
    ahead = 94_608_000 * SECOND
    messages = _messages(0.1, "clock=0.1:94608000")
    wrong = [m for m in messages if m.fault == "clock"]
    assert {m.device for m in wrong}.isdisjoint({m.device for m in messages if not m.fault})
    assert {m.device for m in wrong}
    for message in wrong:
        assert 0 <= message.due + ahead - message.readings[0].ts <= 30 * SECOND


def test_spoilt_payloads_tell_only_what_can_still_be_read() -> None:
    calm = {(m.device, m.due): m for m in _messages(0.2)}
    spoilt = _messages(0.2, "invalid=0.1,wrong_type=0.1")
    for message in spoilt:
        twin = calm[message.device, message.due]
        if message.fault == "invalid":
            assert message.readings == ()
            with pytest.raises(ValueError, match="unreadable"):
                said(message)
        elif message.fault == "wrong_type":
            assert b'"n/a"' in unpacked(message.payload)
            assert set(message.readings) < set(twin.readings)
            assert len(message.readings) == len(twin.readings) - 1
        else:
            assert message == twin
    assert Counter(m.fault for m in spoilt).keys() == {"", "invalid", "wrong_type"}
