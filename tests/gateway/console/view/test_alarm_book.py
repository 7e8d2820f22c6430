"""The book of alarms: events as they come, snapshots that set it right, whichever is newer."""

from dataclasses import asdict
from typing import Any

import pytest

from gateway.console.view.alarm_book import Alarm, AlarmBook, nanoseconds
from gateway.live.events import time_text

SECOND = 1_000_000_000


def alarm(name: str = "a1", **more: Any) -> dict[str, Any]:
    """A row of the desk."""
    plain = Alarm(
        alarm=name, change="raised", state="unacknowledged", condition="gas.lel", asset="gas-1", zone="tianhe",
        domain="gas", level=1, priority=2, value=30.0, who="", text="", at=SECOND, now=SECOND, since=SECOND,
    )  # fmt: skip
    return asdict(plain) | {"historic": False} | more


def event(name: str = "a1", **more: Any) -> dict[str, Any]:
    """The data of an event of the live hub."""
    row = alarm(name, **more)
    row.pop("repeats")
    times = {key: time_text(row[key]) for key in ("at", "now", "since")}
    return row | times | {"until": time_text(row["until"]) if row["until"] else None, "title": "Gas"}


def test_an_event_that_begins_is_told_once() -> None:
    book = AlarmBook()
    assert book.told(event()) is not None
    assert book.told(event(change="acknowledged", state="acknowledged", now=2 * SECOND)) is None
    assert [each.state for each in book.alarms()] == ["acknowledged"]


def test_one_that_is_over_is_gone_and_doesnt_come_back_by_an_old_word() -> None:
    book = AlarmBook()
    book.told(event())
    book.told(event(change="reset", state="normal", now=3 * SECOND))
    book.told(event(change="level", now=2 * SECOND))
    assert book.alarms() == []


def test_an_older_snapshot_takes_nothing_back() -> None:
    book = AlarmBook()
    book.told(event(state="acknowledged", now=5 * SECOND))
    book.replace([alarm(now=2 * SECOND)])
    assert [each.state for each in book.alarms()] == ["acknowledged"]


def test_a_snapshot_ends_what_it_doesnt_have() -> None:
    book = AlarmBook()
    book.replace([alarm("a1"), alarm("a2")])
    version = book.version
    book.replace([alarm("a2")])
    assert [each.alarm for each in book.alarms()] == ["a2"]
    assert book.version > version


def test_a_snapshot_that_says_the_same_changes_nothing() -> None:
    book = AlarmBook()
    book.replace([alarm()])
    version = book.version
    book.replace([alarm()])
    assert book.version == version


def test_what_comes_again_is_counted_and_told() -> None:
    book = AlarmBook()
    book.replace([alarm(repeats=2)])
    assert book.told(event(change="repeated", now=9 * SECOND)) is not None
    assert book.alarms()[0].repeats == 3


def test_historic_ones_are_on_record_only() -> None:
    book = AlarmBook()
    assert book.told(event(historic=True)) is None
    assert book.alarms() == []


def test_what_needs_somebody_comes_first() -> None:
    book = AlarmBook()
    book.replace([
        alarm("shelved", state="shelved", priority=1), alarm("seen", state="acknowledged", priority=1),
        alarm("low", priority=4), alarm("old", priority=2, since=1), alarm("new", priority=2, since=2),
    ])  # fmt: skip
    assert [each.alarm for each in book.alarms()] == ["new", "old", "low", "seen", "shelved"]


def test_alarms_of_an_asset() -> None:
    book = AlarmBook()
    book.replace([alarm("a1", asset="gas-1"), alarm("a2", asset="gas-2")])
    assert [each.alarm for each in book.of_asset(["gas-2", "tianhe"])] == ["a2"]


@pytest.mark.parametrize("ns", [0, 1, 1_795_908_841_925_659_921, 999_999_999])
def test_times_keep_their_nanoseconds(ns: int) -> None:
    assert nanoseconds(time_text(ns)) == ns


def test_no_time_is_nought() -> None:
    assert nanoseconds(None) == 0
