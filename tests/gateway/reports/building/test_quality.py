"""The report on the data: completeness against what intervals promise, flags, silence, letters, books."""

from typing import Any

from gateway.reports.building.quality import build_quality
from gateway.reports.facts import FlagCount
from gateway.reports.gathering.upkeep import QualityData
from gateway.reports.model import Verdict
from gateway.reports.words.words import Words
from processors.flags import Flag, Why
from tests.support.reports import DAY, HOUR, NO_ALARMS, cells, context, figure_of, table_of

EN = Words("en")
DEVICES = (("loop-1", "loop"), ("loop-2", "loop"), ("gauge-1", "gauge"))
LEDGER: dict[str, Any] = {
    "balanced": True, "messages": {"received": 10, "decoded": 10, "shed": 0}, "readings": {}, "beside": {"late": 3},
    "balances": [{"name": "messages", "came": 10, "accounted": 10}],
}  # fmt: skip


def _count(
    device: str, readings: int, flag: Flag = Flag.GOOD, why: Why = Why.NONE, quantity: str = "speed"
) -> FlagCount:
    return FlagCount("loop", device, quantity, int(flag), int(why), readings)


def _data(*flags: FlagCount, **more: Any) -> QualityData:
    given: dict[str, Any] = {"context": context(intervals={"loop": 60.0, "gauge": 3600.0}), "ledger": LEDGER} | more
    return QualityData(alarms=NO_ALARMS, flags=flags, devices=DEVICES, asked_at=DAY.end, **given)


def test_completeness_is_of_messages_that_the_interval_promises() -> None:
    # 1440 messages of two quantities from one loop, 720 from the other
    report = build_quality(
        _data(_count("loop-1", 1440), _count("loop-1", 1440, quantity="flow"), _count("loop-2", 720)), EN
    )

    assert cells(table_of(report, "What came"), "kind", "devices", "heard", "completeness", "readings") == [
        ("gauge", 1, 0, 0.0, 0), ("loop", 2, 2, 75.0, 3600),
    ]  # fmt: skip
    assert table_of(report, "What came").verdicts == (Verdict.BAD, Verdict.WARN)
    assert figure_of(report, "completeness").value == 50.0  # (1 + 0.5 + 0) / 3 devices
    assert cells(table_of(report, "The least complete"), "device", "completeness") == [("loop-2", 50.0)]


def test_of_a_day_that_is_not_over_only_its_part_is_promised() -> None:
    half = context(intervals={"loop": 60.0}, until=DAY.start + 12 * HOUR)

    assert cells(table_of(build_quality(_data(_count("loop-1", 720), context=half), EN), "What came"), "completeness")[
        1
    ] == (50.0,)  # loop-1 whole, loop-2 nothing


def test_more_than_was_promised_counts_as_all_of_it() -> None:
    report = build_quality(_data(_count("loop-1", 5000), _count("loop-2", 1440)), EN)

    assert cells(table_of(report, "What came"), "kind", "completeness")[1] == ("loop", 100.0)


def test_flags_and_their_reasons_are_counted_each_by_itself() -> None:
    report = build_quality(
        _data(
            _count("loop-1", 90), _count("loop-1", 6, Flag.SUSPECT, Why.SPIKE | Why.LATE),
            _count("loop-1", 3, Flag.FAIL, Why.GROSS_RANGE), _count("loop-2", 1, Flag.MISSING, Why.MISSING_VALUE),
        ),
        EN,
    )  # fmt: skip

    assert (figure_of(report, "good").value, figure_of(report, "suspect").value) == (90.0, 9.0)
    assert (figure_of(report, "told as missing").value, figure_of(report, "late").value) == (1.0, 6.0)
    assert table_of(report, "Why").rows == (
        ("late", 6, "loop 6"), ("spike", 6, "loop 6"), ("outside its range", 3, "loop 3"),
        ("told as missing", 1, "loop 1"),
    )  # fmt: skip


def test_devices_of_which_nothing_came_are_silent() -> None:
    report = build_quality(_data(_count("loop-1", 10)), EN)

    silent = figure_of(report, "silent devices")
    assert (silent.value, silent.note, silent.verdict) == (2, "of 3", Verdict.WARN)
    assert cells(table_of(report, "Listed devices"), "device") == [("loop-2",), ("gauge-1",)]


def test_dead_letters_are_by_reason_and_what_went_is_said() -> None:
    letters = (("not_utf8", "loop", 5), ("not_utf8", "gauge", 2), ("unreadable", "", 1))

    table = table_of(build_quality(_data(letters=letters, purged={"unreadable": 4}), EN), "What could not be used")

    assert table.rows == (("not utf8", 7, "loop 5, gauge 2"), ("unreadable", 1, "no profile 1"))
    assert "4 of all times went" in table.note


def test_books_that_are_off_are_said_loudly() -> None:
    off = LEDGER | {"balanced": False, "balances": [{"name": "readings of profile loop", "came": 10, "accounted": 9}]}

    report = build_quality(_data(ledger=off), EN)

    balance = figure_of(report, "ledger")
    assert (balance.value, balance.verdict, balance.note) == ("is off", Verdict.BAD, "readings of profile loop")
    assert table_of(report, "Does it balance").rows == (("readings of profile loop", 10, 9, 1),)
    assert figure_of(build_quality(_data(), EN), "ledger").value == "balances"


def test_of_nothing_shares_are_not_known() -> None:
    report = build_quality(_data(), EN)

    assert (figure_of(report, "good").value, figure_of(report, "late").value) == (None, None)
    assert "Nothing came from any device in this period." in report.remarks
