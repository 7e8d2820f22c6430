"""Acts: shelving and its expiry, suppression, out of service, which goes before which; repeated and senseless acts."""

from typing import Any

import pytest

from gateway.engine.alarm_model import alarm_id
from gateway.engine.alarms import Alarms
from tests.gateway.engine.alarm_support import Desk, S, same_state

ASIDE = [
    ("shelve", "unshelve", "shelved", "unshelved", "shelved"),
    ("suppress", "unsuppress", "suppressed", "unsuppressed", "suppressed"),
    ("out_of_service", "in_service", "removed_from_service", "returned_to_service", "out_of_service"),
]


@pytest.mark.parametrize(("act", "undo", "done", "undone", "state"), ASIDE)
def test_what_is_put_aside_while_active_is_announced_no_more_until_it_comes_back(
    act: str, undo: str, done: str, undone: str, state: str
) -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.act(act, 11, until=1000) == [(done, state, 11)]
    assert desk.alarms.standing() == 0
    assert desk.say((12, 2)) == [("level", state, 12)]
    assert desk.act(undo, 20) == [(undone, "unacknowledged", 20)]
    assert desk.alarms.standing() == 1


@pytest.mark.parametrize(("act", "undo", "done", "undone", "state"), ASIDE)
def test_what_began_and_ended_while_put_aside_asks_for_nothing(
    act: str, undo: str, done: str, undone: str, state: str
) -> None:
    desk = Desk(latching=True)
    assert desk.act(act, 5, until=1000) == [(done, state, 5)]

    assert desk.say((10, 1), (20, 0), (30, 1), (40, 0)) == [
        ("raised", state, 10),
        ("returned", state, 20),
        ("raised", state, 30),
        ("returned", state, 40),
    ]
    assert desk.alarms.figures.in_ten_minutes(50 * S) == 0
    assert desk.act(undo, 50) == [(undone, "normal", 50)]
    assert desk.alarms.open == {}


@pytest.mark.parametrize(("act", "undo", "done", "undone", "state"), ASIDE)
def test_what_was_announced_and_ended_while_put_aside_still_asks_for_its_acknowledgement(
    act: str, undo: str, done: str, undone: str, state: str
) -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act(act, 11, until=1000)

    assert desk.say((20, 0)) == [("returned", state, 20)]
    assert desk.act(undo, 50) == [(undone, "returned", 50)]
    assert desk.act("ack", 51) == [("acknowledged", "normal", 51)]


@pytest.mark.parametrize(("act", "undo", "done", "undone", "state"), ASIDE)
def test_what_is_put_aside_before_anything_is_wrong_is_one_record_from_then_on(
    act: str, undo: str, done: str, undone: str, state: str
) -> None:
    desk = Desk()
    desk.act(act, 5, until=1000)
    name = desk.out[0].alarm
    assert name == alarm_id("gas.lel", "a", 5 * S)
    assert (desk.out[0].level, desk.out[0].since, desk.out[0].value) == (0, 5 * S, None)

    desk.say((10, 1))
    assert (desk.out[0].alarm, desk.out[0].since) == (name, 10 * S)
    assert desk.act(undo, 20) == [(undone, "unacknowledged", 20)]
    assert desk.out[0].alarm == name
    assert desk.alarms.figures.in_ten_minutes(21 * S) == 1


@pytest.mark.parametrize(("act", "undo", "done", "undone", "state"), ASIDE)
def test_what_is_put_aside_and_taken_back_while_nothing_is_wrong_is_forgotten(
    act: str, undo: str, done: str, undone: str, state: str
) -> None:
    desk = Desk()
    desk.act(act, 5, until=1000)

    assert desk.act("ack", 6) == []
    assert desk.act(undo, 7) == [(undone, "normal", 7)]
    assert desk.alarms.open == {}
    assert desk.act(undo, 8) == []


def test_a_shelving_expires_by_the_clock_at_its_time() -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act("shelve", 11, until=100)
    assert desk.out[0].until == 100 * S

    assert desk.advance(500, now=99) == []
    assert desk.advance(0, now=105) == [("unshelved", "unacknowledged", 100)]
    assert (desk.out[0].now, desk.out[0].who, desk.out[0].until) == (105 * S, "", 0)
    assert desk.advance(0, now=106) == []


def test_an_acknowledged_alarm_is_still_acknowledged_after_its_shelving() -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act("ack", 11)
    desk.act("shelve", 12, until=100)

    assert desk.advance(0, now=100) == [("unshelved", "acknowledged", 100)]
    assert desk.alarms.figures.in_ten_minutes(101 * S) == 1


def test_a_level_that_rose_while_shelved_asks_anew_afterwards() -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act("ack", 11)
    desk.act("shelve", 12, until=100)
    desk.say((20, 3))

    assert desk.advance(0, now=100) == [("unshelved", "unacknowledged", 100)]


def test_a_shelving_can_be_moved_and_cannot_end_in_the_past() -> None:
    desk = Desk()

    assert desk.act("shelve", 10, until=10) == []
    assert desk.alarms.open == {}
    assert desk.act("shelve", 10, until=100) == [("shelved", "shelved", 10)]
    assert desk.act("shelve", 20, until=50) == [("shelved", "shelved", 20)]
    assert desk.advance(0, now=50) == [("unshelved", "normal", 50)]


def test_an_alarm_can_be_acknowledged_while_it_is_put_aside() -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act("suppress", 11)

    assert desk.act("ack", 12) == [("acknowledged", "suppressed", 12)]
    assert desk.say((20, 0)) == [("returned", "suppressed", 20)]
    assert desk.act("unsuppress", 30) == [("unsuppressed", "normal", 30)]


def test_a_reset_leaves_a_shelving_as_it_is() -> None:
    desk = Desk(latching=True)
    desk.say((10, 1), (20, 0))
    desk.act("ack", 21)
    desk.act("shelve", 22, until=1000)

    assert desk.act("reset", 23) == [("reset", "shelved", 23)]
    assert desk.say((30, 1)) == [("raised", "shelved", 30)]


def test_out_of_service_goes_before_suppression_and_that_before_shelving() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.act("shelve", 11, until=100) == [("shelved", "shelved", 11)]
    assert desk.act("out_of_service", 12) == [("removed_from_service", "out_of_service", 12)]
    assert desk.act("suppress", 13) == [("suppressed", "out_of_service", 13)]
    assert desk.act("in_service", 14) == [("returned_to_service", "suppressed", 14)]
    assert desk.act("unsuppress", 15) == [("unsuppressed", "shelved", 15)]
    assert desk.alarms.standing() == 0
    assert desk.advance(0, now=100) == [("unshelved", "unacknowledged", 100)]


def test_what_is_suppressed_returns_to_service_without_being_announced() -> None:
    desk = Desk()
    desk.act("suppress", 1)
    desk.act("out_of_service", 2)
    desk.say((10, 1))
    desk.act("in_service", 11)

    assert desk.alarms.figures.in_ten_minutes(12 * S) == 0


@pytest.mark.parametrize(
    "act", ["ack", "shelve", "suppress", "out_of_service", "comment", "unshelve", "unsuppress", "in_service", "reset"]
)
@pytest.mark.parametrize("named", [False, True])
def test_an_act_that_comes_twice_changes_nothing_the_second_time(act: str, named: bool) -> None:
    desk = Desk()
    desk.say((10, 1))
    more = {"until": 1000, "text": "seen", **({"id": "42"} if named else {})}
    desk.act(act, 11, **more)
    before = desk.alarms.snapshot()

    assert desk.act(act, 12, **more) == []
    assert same_state(desk.alarms.snapshot(), before)


def test_the_same_id_is_the_same_act_even_after_a_restart_and_when_it_would_change_something() -> None:
    desk = Desk()
    desk.say((10, 1))
    desk.act("ack", 11, id="42")
    desk.say((12, 3))
    desk.restart()

    assert desk.act("ack", 13, id="42") == []
    assert desk.act("ack", 13, id="43") == [("acknowledged", "acknowledged", 13)]


def test_only_the_newest_ids_are_remembered() -> None:
    desk = Desk()
    for k in range(2500):
        desk.act("comment", 1, id=str(k))

    assert len(desk.alarms.snapshot()["acts"]) == 1000


def test_an_act_meant_for_an_alarm_that_is_closed_does_not_meet_the_next_one() -> None:
    desk = Desk()
    desk.say((10, 1), (20, 0))
    first = desk.out[0].alarm
    desk.act("ack", 21, alarm=first)
    desk.say((30, 1))

    assert desk.act("ack", 31, alarm=first) == []
    assert desk.act("ack", 32, alarm=desk.alarms.open[0].id) == [("acknowledged", "acknowledged", 32)]


def test_a_comment_is_kept_with_who_said_it() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.act("comment", 11, text="valve closed") == [("commented", "unacknowledged", 11)]
    assert (desk.out[0].who, desk.out[0].text) == ("li", "valve closed")
    assert desk.act("comment", 12, text="") == []
    assert desk.act("comment", 13, text="valve closed", who="wang") == [("commented", "unacknowledged", 13)]


def test_there_is_nothing_to_do_where_nothing_is_open() -> None:
    desk = Desk()

    for act in ("ack", "reset", "comment", "unshelve", "unsuppress", "in_service"):
        assert desk.act(act, 1, text="hello") == []
    assert desk.alarms.open == {}


@pytest.mark.parametrize(
    "act",
    [
        {},
        {"act": "explode", "condition": "gas.lel", "asset": "a"},
        {"act": "shelve", "condition": "gas.lel", "asset": "a"},
        {"act": "shelve", "condition": "gas.lel", "asset": "a", "until": "tomorrow"},
        {"act": "shelve", "condition": "gas.lel", "asset": "a", "until": 2**63},
        {"act": "ack", "condition": "gas.lel", "asset": "nowhere"},
        {"act": "ack", "condition": ["gas.lel"], "asset": "a"},
        {"act": "ack", "condition": "gas.lel", "asset": "a", "who": None},
        {"act": ["ack"], "condition": "gas.lel", "asset": "a"},
    ],
)
def test_a_senseless_act_is_refused_and_changes_nothing(act: dict[str, Any]) -> None:
    desk = Desk()
    desk.say((10, 1))
    before = desk.alarms.snapshot()

    assert not desk.alarms.act(act, 11 * S, 11 * S, desk.out)
    assert len(desk.out) == 1
    assert same_state(desk.alarms.snapshot(), before)


def test_decisions_live_through_a_restart() -> None:
    desk = Desk()
    desk.act("shelve", 1, until=100)
    desk.act("suppress", 2)
    desk.restart()

    assert isinstance(desk.alarms, Alarms)
    assert desk.advance(0, now=100) == [("unshelved", "suppressed", 100)]
    assert desk.say((110, 1)) == [("raised", "suppressed", 110)]
