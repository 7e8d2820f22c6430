"""What people read."""

from gateway.notify.model import Message, Reminder
from gateway.notify.render import render
from tests.gateway.notify.support import MINUTE, NOON, WORDING, Desk, at, change, rendered


def test_one_alarm_is_named_and_several_are_counted() -> None:
    assert rendered(change(priority=1)).subject == "[critical] Combustible gas at gas-a1 (tianhe)"
    many = rendered(change(), change(alarm="a2", priority=3), change("level", level=3))
    assert many.subject == "[high] 3 changes of 2 alarms (tianhe)"
    assert len(many.text.splitlines()) == 3
    assert [item["title"] for item in many.data["items"]] == ["Combustible gas"] * 3


def test_what_is_over_is_said_to_be_over() -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        desk.round(NOON + MINUTE)
        desk.round(NOON + MINUTE, change("returned", "returned", now=NOON + MINUTE))
        over = render(desk.messages("gathering")[0], WORDING)
    assert over.subject == "[over] Combustible gas at gas-a1 (tianhe)"
    assert over.text.startswith("2026-03-02 12:00:59 over: Combustible gas at gas-a1")


def test_a_reminder_names_device_and_day() -> None:
    with Desk() as desk:
        due = Reminder("calibration", "gas-1", "tianhe", at("2026-03-10 00:00"), "installed 2025-03-10.", ("duty",))
        desk.round(NOON, reminders=[due])
        told = render(desk.messages()[0], WORDING)
    assert told.subject == "[reminder] calibration due: gas-1 (tianhe)"
    assert told.text == "calibration of gas-1 is due on 2026-03-10. installed 2025-03-10."


def test_of_a_burst_the_first_are_listed_and_the_rest_is_counted() -> None:
    told = rendered(*(change(alarm=f"a{k}") for k in range(60)))
    assert len(told.text.splitlines()) == 51
    assert told.text.endswith("... and 10 more: `cityloom alarms list --zone tianhe`.")
    assert told.data["count"] == 60


def test_an_escalation_says_that_nobody_has_acknowledged() -> None:
    with Desk() as desk:
        desk.round(NOON, change())
        plain = desk.messages()[0]
    fields = {name: getattr(plain, name) for name in Message.__struct_fields__}
    told = render(Message(**fields | {"kind": "escalation"}), WORDING)
    assert told.subject.endswith(", not acknowledged")
