"""The shift's list: filters, what can be done, floods."""

from dataclasses import replace

import pytest

from gateway.console.view.alarm_book import Alarm
from gateway.console.view.alarms import AlarmFilter, acts_on, counts, flood_of, shown

MINUTE = 60_000_000_000
GAS = Alarm(
    alarm="a1",
    change="raised",
    state="unacknowledged",
    condition="gas.lel",
    asset="gas-1",
    zone="tianhe",
    domain="gas",
    level=1,
    priority=2,
    value=30.0,
    who="",
    text="",
    at=0,
    now=0,
    since=0,
)
FEEDER = replace(
    GAS, alarm="a2", condition="grid.voltage-low", zone="feeder-1", domain="grid", priority=4, asset="meter-1"
)
SHELVED = replace(GAS, alarm="a3", state="shelved", priority=1)
WITHIN = {"tianhe": frozenset({"tianhe", "feeder-1"})}
TITLES = {"gas.lel": "Combustible gas", "grid.voltage-low": "Undervoltage"}


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ({}, ["a1", "a2", "a3"]),
        ({"domain": "grid"}, ["a2"]),
        ({"zone": "tianhe"}, ["a1", "a2", "a3"]),
        ({"zone": "feeder-1"}, ["a2"]),
        ({"priority": "2"}, ["a1", "a3"]),
        ({"state": "waiting"}, ["a1", "a2"]),
        ({"state": "aside"}, ["a3"]),
        ({"state": "standing"}, ["a1", "a2"]),
        ({"search": "combustible GAS-1"}, ["a1", "a3"]),
        ({"search": "voltage"}, ["a2"]),
        ({"priority": "9"}, ["a1", "a2", "a3"]),
        ({"search": "<script>"}, []),
    ],
)
def test_filters(which: dict[str, str], names: list[str]) -> None:
    found = shown([GAS, FEEDER, SHELVED], AlarmFilter.of(which), TITLES, WITHIN)
    assert [alarm.alarm for alarm in found] == names


def test_a_filter_stands_in_the_address() -> None:
    which = AlarmFilter.of({"zone": " tianhe ", "priority": "2", "search": "x" * 500})
    assert which.query() == {"zone": "tianhe", "priority": "2", "search": "x" * 100}
    assert AlarmFilter.of(which.query()) == which


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("unacknowledged", "ack"), ("returned", "ack"), ("latched", "reset"), ("shelved", "unshelve"),
        ("out_of_service", "in_service"), ("acknowledged", "shelve"), ("suppressed", "comment"),
    ],
)  # fmt: skip
def test_what_can_be_done(state: str, first: str) -> None:
    assert acts_on(replace(GAS, state=state))[0] == first


def test_counts_leave_out_what_is_put_aside() -> None:
    found = counts([GAS, replace(GAS, alarm="b", state="acknowledged"), FEEDER, SHELVED])
    assert found == {1: (0, 0), 2: (2, 1), 3: (0, 0), 4: (1, 1)}


def test_more_than_ten_in_ten_minutes_is_a_flood() -> None:
    now = 60 * MINUTE
    many = [replace(FEEDER, alarm=f"b{k}", since=now - 5 * MINUTE) for k in range(11)]
    old = [replace(GAS, alarm=f"o{k}", since=now - 11 * MINUTE) for k in range(20)]
    assert flood_of([*many, *old], now).is_one
    assert flood_of([*many, *old], now).groups[0] == ("grid.voltage-low", "feeder-1", 11)
    assert not flood_of([*many[:10], *old], now).is_one
