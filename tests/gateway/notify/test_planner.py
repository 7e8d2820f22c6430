"""From changes of alarms to what is told to whom."""

from datetime import time

import pytest

from gateway.notify.model import Reminder
from gateway.notify.routes import QuietHours, Route
from gateway.notify.tables import mark_outcome, prune, put_back, start_at_newest
from tests.gateway.notify.support import CITY, MINUTE, NOON, SECOND, Desk, at, change

ALL = Route("all", ("duty",))
NIGHT = QuietHours(CITY, time(22), time(7))


def sent(desk: Desk) -> None:
    """All that is being sent has arrived."""
    for message in desk.messages("sending"):
        mark_outcome(desk.db, message.id, "sent", NOON, "")


def test_a_burst_in_a_zone_is_one_message_and_another_zone_another() -> None:
    with Desk() as desk:
        burst = [change(alarm=f"a{k}", now=NOON + k * SECOND) for k in range(4)]
        desk.round(NOON, burst[0], change(alarm="b", zone="yuexiu"))
        desk.round(NOON + 3 * SECOND, *burst[1:])

        assert desk.round(NOON + 4 * SECOND) == []
        assert desk.round(NOON + 5 * SECOND) == ["duty"]

        assert desk.told("sending") == [("duty", [f"raised gas-a{k}" for k in range(4)]), ("duty", ["raised gas-b"])]
        desk.round(NOON + 6 * SECOND, change(alarm="late"))
        assert desk.told("gathering") == [("duty", ["raised gas-late"])]


def test_what_is_critical_waits_for_no_others_and_takes_along_what_has_gathered() -> None:
    with Desk(at_once=1) as desk:
        assert desk.round(NOON, change(alarm="a1", priority=2)) == []
        assert desk.round(NOON + SECOND, change(alarm="a2", priority=1, now=NOON + SECOND)) == ["duty"]

        assert desk.told("sending") == [("duty", ["raised gas-a1", "raised gas-a2"])]


def test_a_message_is_as_urgent_as_its_most_urgent_alarm() -> None:
    with Desk() as desk:
        desk.round(NOON, change(), change(alarm="a2", priority=1), change(alarm="a3", priority=4))
        assert [m.priority for m in desk.messages()] == [1]


def test_routes_choose_by_domain_zone_condition_and_priority() -> None:
    routes = (
        Route("gas", ("gas",), domains=frozenset({"gas"})), Route("tianhe", ("district",), zones=frozenset({"tianhe"})),
        Route("lel", ("lel",), conditions=frozenset({"gas.lel"})), Route("urgent", ("chief",), priority=1),
    )  # fmt: skip
    with Desk(*routes) as desk:
        desk.round(NOON, change())
        desk.round(NOON, change(alarm="w", domain="water", zone="yuexiu", condition="water.burst", priority=1))

        assert [channel for channel, _ in desk.told()] == ["gas", "district", "lel", "chief"]
        assert desk.told()[-1] == ("chief", ["raised gas-w"])


def test_a_channel_of_several_routes_is_told_once() -> None:
    with Desk(ALL, Route("gas", ("duty", "mail"), domains=frozenset({"gas"}))) as desk:
        desk.round(NOON, change())
        assert desk.told() == [("duty", ["raised gas-a1"]), ("mail", ["raised gas-a1"])]


@pytest.mark.parametrize(
    "quiet",
    [
        change(historic=True), change("commented"), change("raised", "shelved"), change("raised", "suppressed"),
        change("raised", "out_of_service"), change("returned", "returned"), change("acknowledged", "acknowledged"),
    ],
)  # fmt: skip
def test_what_asks_for_nobody_is_not_told(quiet: object) -> None:
    with Desk() as desk:
        desk.round(NOON, quiet)  # type: ignore[arg-type]
        assert desk.told() == []


def test_a_backlog_that_still_stands_is_told_when_it_is_raised_again() -> None:
    with Desk() as desk:
        desk.round(NOON, change(historic=True))
        desk.round(NOON + MINUTE, change(now=NOON + MINUTE))
        assert desk.told() == [("duty", ["raised gas-a1"])]


def test_only_a_level_above_the_one_last_told_is_told() -> None:
    with Desk() as desk:
        desk.round(NOON, change(level=2))
        for level in (1, 2, 3, 2, 3):
            desk.round(NOON + level, change("level", level=level, now=NOON + level))
        assert desk.told() == [("duty", ["raised gas-a1", "level gas-a1"])]
        assert [item.level for item in desk.messages()[0].items] == [2, 3]


def test_who_was_told_is_told_that_it_is_over_and_nobody_else() -> None:
    with Desk(Route("all", ("duty",)), Route("urgent", ("chief",), priority=1)) as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        sent(desk)
        desk.round(NOON + 2 * MINUTE, change("acknowledged", "acknowledged"))
        desk.round(NOON + 3 * MINUTE, change("returned", "normal", priority=1))
        assert desk.told("gathering") == [("duty", ["returned gas-a1"])]


@pytest.mark.parametrize(
    ("aside", "state", "again"),
    [
        ("shelved", "shelved", "unshelved"), ("suppressed", "suppressed", "unsuppressed"),
        ("removed_from_service", "out_of_service", "returned_to_service"),
    ],
)  # fmt: skip
def test_what_ended_while_it_was_put_aside_is_over_once_it_no_longer_is(aside: str, state: str, again: str) -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        sent(desk)
        desk.round(NOON + MINUTE, change(aside, state), change("returned", state))
        assert desk.told("gathering") == []
        desk.round(NOON + MINUTE, change(again, "normal", level=0, now=NOON + MINUTE))
        assert desk.told("gathering") == [("duty", ["returned gas-a1"])]
        desk.round(NOON + 2 * MINUTE)
        desk.round(NOON + 3 * MINUTE, change(aside, state), change(again, "normal", level=0, now=NOON + 3 * MINUTE))
        assert desk.told("gathering") == []


def test_a_route_may_do_without_the_end() -> None:
    with Desk(Route("all", ("duty",), returned=False)) as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        desk.round(NOON + MINUTE, change("returned", "returned"))
        assert desk.told("gathering") == []


def test_what_is_acknowledged_before_it_went_out_goes_nowhere() -> None:
    with Desk() as desk:
        desk.round(NOON, change(), change(alarm="a2", zone="yuexiu"))
        desk.round(NOON + SECOND, change("acknowledged", "acknowledged"))
        desk.round(NOON + 5 * SECOND)

        assert desk.told("sending") == [("duty", ["raised gas-a2"])]
        (gone,) = desk.messages("cancelled")
        assert (gone.problem, gone.items) == ("acknowledged before it went out", ())
        desk.round(NOON + MINUTE, change("returned", "normal"))
        assert desk.told("gathering") == []


def test_an_acknowledgement_takes_only_its_own_alarm_out_of_a_message() -> None:
    with Desk() as desk:
        desk.round(NOON, change(), change(alarm="a2"))
        desk.round(NOON + SECOND, change("shelved", "shelved"))
        desk.round(NOON + 5 * SECOND)
        assert desk.told("sending") == [("duty", ["raised gas-a2"])]


def test_what_repeats_a_change_tells_nothing_new() -> None:
    with Desk() as desk:
        desk.round(NOON, change(), change())
        desk.round(NOON + MINUTE)
        sent(desk)
        desk.round(NOON + MINUTE, change())
        assert desk.told() == [("duty", ["raised gas-a1"])]


def test_the_same_changes_give_the_same_ids() -> None:
    with Desk() as one, Desk() as other:
        one.round(NOON, change(), change(alarm="a2"))
        other.round(NOON + 77, change())
        other.round(NOON + 99, change(alarm="a2"))
        assert [(m.id, [i.id for i in m.items]) for m in one.messages()] == [
            (m.id, [i.id for i in m.items]) for m in other.messages()
        ]


# ---- escalation ----

STEPS = Route("all", ("duty",), escalate=("mail", "chief"), escalate_after_ns=10 * MINUTE)


def test_the_next_one_is_told_while_nobody_acknowledges() -> None:
    with Desk(STEPS) as desk:
        desk.round(NOON, change())
        desk.round(NOON + 9 * MINUTE)
        assert [channel for channel, _ in desk.told()] == ["duty"]
        due = NOON + 10 * MINUTE + 5 * SECOND  # from when the first message went out
        desk.round(due)
        desk.round(due + 9 * MINUTE)
        assert [channel for channel, _ in desk.told()] == ["duty", "mail"]
        desk.round(due + 10 * MINUTE)
        desk.round(due + 300 * MINUTE)

        assert [(m.channel, m.kind) for m in desk.messages()] == [
            ("duty", "alarm"), ("mail", "escalation"), ("chief", "escalation"),
        ]  # fmt: skip
        desk.round(due + 301 * MINUTE, change("returned", "returned"))
        assert sorted(m.channel for m in desk.messages() if m.items[0].change == "returned") == [
            "chief",
            "duty",
            "mail",
        ]


@pytest.mark.parametrize(
    ("what", "state"),
    [("acknowledged", "acknowledged"), ("returned", "returned"), ("shelved", "shelved"), ("retired", "normal")],
)
def test_it_stops_when_somebody_acts_or_it_is_over(what: str, state: str) -> None:
    with Desk(STEPS) as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        desk.round(NOON + 60 * MINUTE, change(what, state))  # late, but noted before the next one is told
        assert {m.kind for m in desk.messages()} == {"alarm"}


def test_it_begins_anew_when_the_alarm_asks_anew() -> None:
    with Desk(STEPS) as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE, change("acknowledged", "acknowledged"))
        desk.round(NOON + 2 * MINUTE, change("level", level=2, now=NOON + 2 * MINUTE))
        desk.round(NOON + 11 * MINUTE)
        assert {m.kind for m in desk.messages()} == {"alarm"}
        desk.round(NOON + 13 * MINUTE)
        assert {m.kind for m in desk.messages()} == {"alarm", "escalation"}


def test_a_route_that_is_gone_escalates_no_more() -> None:
    with Desk(STEPS) as desk:
        desk.round(NOON, change())
        desk.planner = Desk(ALL).planner
        desk.round(NOON + 60 * MINUTE)
        assert desk.db.execute("SELECT count(*) FROM notify_escalations").fetchone() == (0,)
        assert {m.kind for m in desk.messages()} == {"alarm"}


# ---- quiet hours ----


def test_at_night_only_what_is_urgent_goes_out_and_the_rest_comes_as_one_in_the_morning() -> None:
    with Desk(quiet=NIGHT) as desk:
        night = at("2026-03-02 23:30")
        desk.round(night, change(now=night), change(alarm="urgent", priority=1, now=night))
        desk.round(night + MINUTE, change(alarm="a3", now=night + MINUTE))
        assert desk.told("sending") == [("duty", ["raised gas-urgent"])]
        desk.round(at("2026-03-03 02:00"), change("returned", "returned", now=at("2026-03-03 02:00")))
        desk.round(at("2026-03-03 06:59"))
        assert desk.told("gathering") == [("duty", ["raised gas-a1", "raised gas-a3", "returned gas-a1"])]
        desk.round(at("2026-03-03 07:00"))
        assert desk.told("gathering") == []
        assert len(desk.messages("sending")) == 2


def test_an_alarm_that_waits_for_the_morning_escalates_from_the_morning_on() -> None:
    with Desk(STEPS, quiet=NIGHT) as desk:
        desk.round(at("2026-03-02 23:30"), change(now=at("2026-03-02 23:30")))
        desk.round(at("2026-03-03 07:09"))
        assert {m.kind for m in desk.messages()} == {"alarm"}
        desk.round(at("2026-03-03 07:10"))
        assert {m.kind for m in desk.messages()} == {"alarm", "escalation"}


def test_a_route_may_have_no_quiet_hours() -> None:
    with Desk(Route("all", ("duty",), quiet=False), quiet=NIGHT) as desk:
        night = at("2026-03-02 23:30")
        desk.round(night, change(now=night))
        assert desk.round(night + 5 * SECOND) == ["duty"]


# ---- what comes too late, reminders, keeping ----


def test_what_could_not_be_told_in_time_is_on_record_and_goes_nowhere() -> None:
    with Desk(STEPS) as desk:
        desk.round(NOON + 61 * MINUTE, change())
        desk.round(NOON + 300 * MINUTE)
        (late,) = desk.messages()
        assert (late.state, late.problem) == ("expired", "nothing ran that could have told it in time")
        assert [item.asset for item in late.items] == ["gas-a1"]


def test_what_happened_before_notifications_were_there_is_not_told() -> None:
    with Desk() as desk:
        desk.db.execute("DELETE FROM notify_state")
        desk.note(change(), change(alarm="a2"))
        start_at_newest(desk.db)
        start_at_newest(desk.db)
        desk.round(NOON, change(alarm="a3"))
        assert desk.told() == [("duty", ["raised gas-a3"])]


def test_a_reminder_is_told_once_and_those_of_a_zone_together() -> None:
    due = at("2026-03-10 00:00")
    both = [Reminder("calibration", f"gas-{k}", "tianhe", due, "installed 2025-03-10.", ("mail",)) for k in (1, 2)]
    with Desk() as desk:
        desk.round(NOON, reminders=both)
        desk.round(NOON + MINUTE, reminders=both)
        assert desk.told() == [("mail", ["due gas-1", "due gas-2"])]
        desk.round(NOON, reminders=[Reminder("calibration", "gas-1", "tianhe", due + 1, "", ("mail",))])
        assert len(desk.messages()) == 2


def test_ten_thousand_alarms_are_one_message() -> None:
    with Desk() as desk:
        desk.note(*(change(alarm=f"a{k}") for k in range(10_000)))
        rounds, more = 0, True
        while more:
            more = desk.planner.round(desk.db, NOON)[1]
            rounds += 1
        assert rounds > 1
        assert desk.db.execute("SELECT count(*), count(DISTINCT message) FROM notify_items").fetchone() == (10_000, 1)


def test_what_is_done_is_forgotten_in_time_and_what_waits_is_kept() -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE, change(alarm="a2"))
        desk.note(change("returned", state="normal"))
        assert prune(desk.db, NOON + 300 * MINUTE) == 0
        sent(desk)
        assert prune(desk.db, NOON + 300 * MINUTE) == 1
        assert desk.told() == [("duty", ["raised gas-a2"])]


def test_what_was_told_of_an_alarm_is_kept_while_it_stands() -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        sent(desk)
        assert prune(desk.db, NOON + 300 * MINUTE) == 0
        desk.round(NOON + 200 * MINUTE, change("returned", state="normal"))
        assert desk.told()[1:] == [("duty", ["returned gas-a1"])], "whoever was told hears of its end"


def test_a_failed_message_can_be_sent_again_and_no_other() -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        (message,) = desk.messages()
        assert not put_back(desk.db, message.id, NOON)
        mark_outcome(desk.db, message.id, "failed", NOON, "HTTP 500")
        assert put_back(desk.db, message.id, NOON + 3 * MINUTE)
        assert desk.round(NOON + 3 * MINUTE) == ["duty"]
