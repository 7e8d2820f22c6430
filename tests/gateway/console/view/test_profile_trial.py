"""What a changed profile makes of messages, as rows of the page."""

from typing import Any

from gateway.console.view.profile_trial import counts_of, message_rows


def value(number: float | None, flag: str = "good", state: str = "") -> dict[str, Any]:
    return {"value": number, "unit": "Cel", "flag": flag, "state": state}


def reading(change: str, then: dict[str, Any] | None, now: dict[str, Any] | None) -> dict[str, Any]:
    return {"change": change, "device": "d1", "quantity": "t", "ts": 5, "at_receipt": False, "then": then, "now": now}


def message(change: str, *readings: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "received_at": 7, "topic": "a/b", "bytes": 2, "payload": "{}", "change": change, "profile": "p",
        "outcome": "decoded", "reason": "", "outcome_now": "decoded", "reason_now": "", "readings": list(readings),
        "readings_in_all": len(readings), "troubles": [], **given,
    }  # fmt: skip


def test_what_is_lost_comes_first_and_what_is_the_same_last() -> None:
    kinds = ("same", "new", "unread", "changed", "lost", "same")
    rows = message_rows({"messages": [message(kind) for kind in kinds]})

    assert [row.change for row in rows] == ["lost", "changed", "unread", "new", "same", "same"]
    assert [row.key for row in rows[-2:]] == ["0", "5"]


def test_a_reading_says_what_it_was_only_where_that_is_another() -> None:
    (row,) = message_rows({
        "messages": [
            message(
                "changed", reading("changed", value(21.5, "fail"), value(21.5)),
                reading("same", value(1), value(1)), reading("lost", None, value(None, "missing")),
                reading("new", value(2, state="open"), None),
            )
        ]
    })  # fmt: skip

    said = [(each.then, each.then_flag, each.now, each.now_flag) for each in row.readings]
    assert said == [
        ("21.5 °C", "4", "21.5 °C", "1"), ("1 °C", "1", "", ""), ("", "", "– °C", "9"), ("open", "1", "", ""),
    ]  # fmt: skip


def test_of_many_readings_the_rest_is_counted() -> None:
    many = [reading("same", value(k), value(k)) for k in range(50)]
    (row,) = message_rows({"messages": [message("same", *many, readings_in_all=900)]})

    assert (len(row.readings), row.more) == (12, 888)


def test_why_a_message_is_no_reading_stands_with_what_to_write() -> None:
    trouble = {"path": "ts", "reason": "time_invalid", "detail": "no time", "hint": "look at [time]"}
    (row,) = message_rows({"messages": [message("unread", reason="time_invalid", troubles=[trouble], payload=None)]})

    assert row.reason == "time_invalid"
    assert row.troubles == [("ts", "time_invalid: no time", "look at [time]")]
    assert row.payload == ""


def test_counts_are_of_messages_and_readings() -> None:
    messages = {"same": 5, "changed": 4, "new": 3, "lost": 2, "unread": 1}
    readings = {"same": 9, "changed": 8, "new": 7, "lost": 6}

    found = counts_of({"summary": {"messages": messages, "readings": readings}})
    assert found == [("lost", 2, 6), ("changed", 4, 8), ("unread", 1, None), ("new", 3, 7), ("same", 5, 9)]
