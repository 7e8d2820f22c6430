"""What a changed profile makes of recent messages, as rows: what is lost first, what is the same last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.console.view.format import with_unit

__all__ = ["CHANGES", "SIGNS", "MessageRow", "ReadingRow", "counts_of", "message_rows"]

CHANGES = ("lost", "changed", "unread", "new", "same")
"""In the order in which somebody should look at them."""
SIGNS: Mapping[str, str] = {"lost": "−", "changed": "≠", "unread": "∅", "new": "+", "same": "="}
"""Beside the word: no colour stands alone."""
_MOST_READINGS = 12


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading of a message. `then` "" where it is lost, `now` "" where it is new or the same."""

    change: str
    device: str
    quantity: str
    ts: int
    """UTC ns."""
    then: str
    then_flag: str
    now: str
    now_flag: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message. `troubles`: (where, reason with detail, what to write instead)."""

    key: str
    change: str
    received_at: int | None
    topic: str
    payload: str
    profile: str
    readings: Sequence[ReadingRow]
    more: int
    """Readings that are not among these."""
    reason: str
    """Why it would be ignored, or a dead letter; "" where it is decoded."""
    reason_now: str
    troubles: Sequence[tuple[str, str, str]]


def counts_of(answer: Mapping[str, Any]) -> list[tuple[str, int, int | None]]:
    """(change, messages, readings), in the order of `CHANGES`; no reading is `unread`."""
    summary = answer["summary"]
    return [(change, summary["messages"][change], summary["readings"].get(change)) for change in CHANGES]


def message_rows(answer: Mapping[str, Any]) -> list[MessageRow]:
    """By what becomes of them, in each the newest first."""
    rows = [_message(number, each) for number, each in enumerate(answer["messages"])]
    return sorted(rows, key=lambda row: CHANGES.index(row.change))


def _message(number: int, each: Mapping[str, Any]) -> MessageRow:
    shown = [_reading(reading) for reading in each["readings"][:_MOST_READINGS]]
    troubles = [
        (trouble["path"], f"{trouble['reason']}: {trouble['detail']}" if trouble["detail"] else trouble["reason"],
         trouble["hint"])
        for trouble in each["troubles"]
    ]  # fmt: skip
    return MessageRow(
        str(number), each["change"], each["received_at"], each["topic"], each["payload"] or "", each["profile"], shown,
        each["readings_in_all"] - len(shown), each["reason"], each["reason_now"], troubles,
    )  # fmt: skip


def _reading(each: Mapping[str, Any]) -> ReadingRow:
    then, now = each["then"], each["now"] if each["change"] != "same" else None
    return ReadingRow(
        each["change"], each["device"], each["quantity"], each["ts"], _value(then), _flag(then), _value(now), _flag(now)
    )


def _value(found: Mapping[str, Any] | None) -> str:
    """With its unit, or the word of a state."""
    if found is None:
        return ""
    return found["state"] or with_unit(found["value"], found["unit"])


def _flag(found: Mapping[str, Any] | None) -> str:
    """Its number as the terms of flags have it."""
    numbers = {"good": "1", "unknown": "2", "suspect": "3", "fail": "4", "missing": "9"}
    return "" if found is None else numbers.get(found["flag"], "")
