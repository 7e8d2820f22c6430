"""Incidents: what is linked and what is not, their lives, their first cause."""

from typing import Any

from gateway.engine.alarm_model import AlarmState
from gateway.engine.city import CityEngine
from tests.support.city import HOUR, MINUTE, Alarm, add, advance, built_in, call, city, city_content, events, together
from tests.support.engine import START

BURST = ("water.burst", "dma-1", "dma-1")
JAM = ("traffic.congestion", "road-1", "tianhe")


def newest(engine: CityEngine) -> Any:
    (one,) = engine.incidents.incidents.values()
    return one


def cause_of(engine: CityEngine) -> str:
    return engine.incidents.parts[newest(engine).cause].kind


def test_ten_calls_about_one_burst_are_one_incident() -> None:
    engine = city()
    call(engine, *(add(f"r{k}", "no-water", k * MINUTE) for k in range(4)), at=4 * MINUTE)
    said = call(engine, Alarm(*BURST, at=2 * MINUTE).raised(), at=5 * MINUTE)
    rest = call(engine, *(add(f"r{k}", "no-water", k * MINUTE) for k in range(4, 10)), at=10 * MINUTE)

    assert events(said) == ["joined", "cause"]
    assert events(rest) == ["joined"] * 6
    assert (newest(engine).total, newest(engine).reports) == (11, 10)
    assert cause_of(engine) == "water.burst"


def test_alarms_of_several_domains_near_each_other_are_one_incident_with_its_first_cause() -> None:
    engine = city()
    call(engine, Alarm(*JAM, at=10 * MINUTE, priority=4).raised(), at=10 * MINUTE)
    call(engine, add("r1", "road-flooded", 12 * MINUTE), at=12 * MINUTE)
    said = call(engine, Alarm(*BURST, at=5 * MINUTE, priority=1).raised(), at=15 * MINUTE)

    change = said.incidents[-1]
    assert (change.change, change.cause_kind, change.cause_asset, change.priority) == ("cause", *BURST[:2], 1)
    assert change.domains == "drainage,traffic,water"
    assert (change.since, change.parts, change.standing, change.reports) == (START + 5 * MINUTE, 3, 3, 1)
    assert len(engine.incidents.incidents) == 1


def test_what_is_far_away_or_of_no_kin_or_of_another_time_is_an_incident_of_its_own() -> None:
    engine = city()
    call(engine, Alarm(*BURST).raised())
    call(
        engine, Alarm("traffic.congestion", "road-9", "nansha").raised(), add("r1", "gas-smell"), add("r2", "other"),
        add("r3", "other"), Alarm("traffic.congestion", "road-1", "tianhe", at=-HOUR).raised(),
    )  # fmt: skip
    assert together(engine) == {
        frozenset({"water.burst dma-1"}), frozenset({"traffic.congestion road-9"}),
        frozenset({"traffic.congestion road-1"}), frozenset({"r1"}), frozenset({"r2"}), frozenset({"r3"}),
    }  # fmt: skip


def test_an_effect_may_come_long_after_its_cause_began_as_long_as_that_stands() -> None:
    engine = city()
    burst = Alarm(*BURST)
    call(engine, burst.raised())
    call(engine, add("r1", "no-water", 9 * HOUR), at=9 * HOUR)
    call(engine, burst.returned(10 * HOUR), at=10 * HOUR)
    call(engine, add("r2", "no-water", 14 * HOUR, asset="critical-1"), at=14 * HOUR)
    assert together(engine) == {frozenset({"water.burst dma-1", "r1"}), frozenset({"r2"})}


def test_what_stands_for_days_is_not_the_cause_of_its_like() -> None:
    engine = city()
    call(engine, add("r1", "manhole"), add("r2", "manhole", HOUR // 2), at=HOUR // 2)
    call(engine, add("r3", "manhole", 48 * HOUR), at=48 * HOUR)
    assert together(engine) == {frozenset({"r1", "r2"}), frozenset({"r3"})}


def test_congestion_of_the_rush_hour_is_one_only_where_roads_stop_at_the_same_time() -> None:
    engine = city()
    call(engine, Alarm("traffic.congestion", "road-1", "tianhe").raised())
    call(engine, Alarm("traffic.congestion", "road-2", "tianhe", at=10 * MINUTE).raised(), at=10 * MINUTE)
    assert together(engine) == {frozenset({"traffic.congestion road-1", "traffic.congestion road-2"})}

    engine = city()
    call(engine, Alarm("traffic.congestion", "road-1", "tianhe").raised())
    call(engine, Alarm("traffic.congestion", "road-2", "tianhe", at=40 * MINUTE).raised(), at=40 * MINUTE)
    assert len(together(engine)) == 2


def test_troubles_of_one_network_belong_together_however_far_apart() -> None:
    engine = city()
    call(engine, Alarm("water.pressure-low", "critical-1", "dma-1").raised(), Alarm(*BURST, at=MINUTE).raised())
    assert len(together(engine)) == 1
    assert cause_of(engine) == "water.burst"


def test_the_network_comes_before_its_parts_where_both_began_at_about_the_same_time() -> None:
    engine = city()
    call(engine, Alarm("grid.dip", "meter-1", "feeder-1").raised())
    call(engine, Alarm("grid.dip", "feeder-1", "feeder-1", at=MINUTE).raised(), at=MINUTE)
    assert newest(engine).cause == f"alarm {Alarm('grid.dip', 'feeder-1', 'feeder-1', at=MINUTE).id}"

    engine = city()
    call(engine, Alarm("grid.dip", "meter-1", "feeder-1").raised())
    call(engine, Alarm("grid.dip", "feeder-1", "feeder-1", at=HOUR).raised(), at=HOUR)
    assert newest(engine).cause == f"alarm {Alarm('grid.dip', 'meter-1', 'feeder-1').id}"


def test_a_later_alarm_that_joins_two_incidents_makes_them_one_under_the_older_id() -> None:
    engine = city()
    first = call(engine, add("r1", "road-flooded", 5 * MINUTE)).incidents[0].incident
    second = call(engine, add("r2", "no-water", 6 * MINUTE)).incidents[0].incident
    assert first != second

    said = call(engine, Alarm(*BURST, at=7 * MINUTE).raised(), at=7 * MINUTE)

    assert events(said) == ["merged", "joined", "cause"]
    assert (said.incidents[0].incident, said.incidents[0].into, said.incidents[0].state) == (second, first, "merged")
    assert min(first, second) == first
    assert newest(engine).id == first
    assert (newest(engine).total, newest(engine).reports) == (3, 2)


def test_an_incident_closes_when_all_of_it_has_been_over_for_a_while_and_opens_again() -> None:
    engine = city()
    burst = Alarm(*BURST)
    call(engine, burst.raised(), add("r1", "no-water"))
    assert events(call(engine, burst.returned(HOUR), at=HOUR)) == ["over"]
    done = call(engine, advance("r1", "resolved", 2 * HOUR), at=2 * HOUR)
    assert events(done) == ["over", "closing"]
    assert events(call(engine, at=2 * HOUR + 14 * MINUTE)) == []
    closed = call(engine, at=2 * HOUR + 15 * MINUTE)
    assert [(c.change, c.state, c.at) for c in closed.incidents] == [
        ("closed", "closed", START + 2 * HOUR + 15 * MINUTE)
    ]

    again = call(engine, advance("r1", "reopened", 3 * HOUR), at=3 * HOUR)

    assert events(again) == ["again", "reopened"]
    assert again.incidents[-1].standing == 1
    call(engine, advance("r1", "resolved", 4 * HOUR), at=4 * HOUR)
    assert events(call(engine, at=100 * HOUR)) == ["closed"]
    assert (engine.incidents.incidents, engine.incidents.parts) == ({}, {})


def test_an_alarm_that_comes_again_soon_is_the_same_part_and_later_another() -> None:
    engine = city()
    one = Alarm(*JAM)
    call(engine, one.raised())
    call(engine, one.returned(10 * MINUTE), at=10 * MINUTE)
    soon = call(engine, Alarm(*JAM, at=30 * MINUTE).raised(), at=30 * MINUTE)
    assert events(soon) == ["again", "reopened"]
    assert soon.incidents[0].part == Alarm(*JAM, at=30 * MINUTE).id
    call(engine, Alarm(*JAM, at=30 * MINUTE).returned(40 * MINUTE), at=40 * MINUTE)
    later = call(engine, Alarm(*JAM, at=5 * HOUR).raised(), at=5 * HOUR)
    assert events(later) == ["opened", "closed"]


def test_a_repeated_alarm_is_again_part_of_its_incident() -> None:
    engine = city()
    one = Alarm(*BURST)
    call(engine, one.raised())
    call(engine, one.returned(10 * MINUTE), at=10 * MINUTE)
    assert events(call(engine, one.repeated(12 * MINUTE), at=12 * MINUTE)) == ["again", "reopened"]


def test_what_is_historic_or_put_aside_opens_nothing_and_holds_nothing_open() -> None:
    engine = city()
    burst, shelved = Alarm(*BURST), {"change": "shelved", "state": AlarmState.SHELVED}
    assert events(call(engine, burst.raised(historic=True))) == []
    assert events(call(engine, burst.raised(**shelved))) == []
    assert events(call(engine, burst.raised(change="unshelved"))) == ["opened"]
    assert events(call(engine, burst.raised(**shelved))) == ["over", "closing"]


def test_a_change_of_the_most_urgent_priority_is_told() -> None:
    engine = city()
    one = Alarm(*JAM, priority=4)
    call(engine, one.raised())
    said = call(engine, one.raised(change="level", priority=3))
    assert [(c.change, c.priority) for c in said.incidents] == [("priority", 3)]
    assert events(call(engine, one.raised(change="acknowledged", state="acknowledged", priority=3))) == []


def test_what_is_known_to_be_in_a_district_only_is_near_nothing() -> None:
    engine = city()
    call(engine, add("r1", "no-water", zone="tianhe"), add("r2", "no-water", zone="tianhe"), Alarm(*BURST).raised())
    assert len(together(engine)) == 3


def test_rings_and_resolution_say_what_is_near() -> None:
    east = {"lon": 113.3345, "lat": 23.1355}  # 800 m
    rules = built_in()
    engine = city(rules)
    call(engine, add("r1", "gas-smell"), add("r2", "gas-smell", **east))
    assert len(together(engine)) == 1
    rules["linking"] |= {"resolution": 10}
    engine = city(rules)
    call(engine, add("r1", "gas-smell"), add("r2", "gas-smell", **east))
    assert len(together(engine)) == 2


def test_a_part_that_was_over_long_ago_is_forgotten_while_its_incident_goes_on() -> None:
    engine = city()
    call(engine, Alarm(*BURST).raised(), add("r1", "no-water"), add("r2", "no-water", MINUTE))
    call(engine, advance("r2", "resolved", HOUR), at=HOUR)
    call(engine, at=24 * HOUR)
    assert "report r2" in engine.incidents.parts
    call(engine, at=26 * HOUR)
    assert "report r2" not in engine.incidents.parts
    assert (newest(engine).total, sum(newest(engine).standing)) == (3, 2)


def test_a_new_configuration_keeps_what_is_linked_and_rules_what_comes() -> None:
    engine = city()
    call(engine, Alarm(*BURST).raised(), add("r1", "no-water"))
    engine.configure(city_content(built_in() | {"links": []}))
    call(engine, add("r2", "no-water", MINUTE), add("r3", "road-flooded", MINUTE))
    assert together(engine) == {frozenset({"water.burst dma-1", "r1", "r2"}), frozenset({"r3"})}
