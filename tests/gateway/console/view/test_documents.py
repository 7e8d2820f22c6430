"""Daily and weekly reports as rows, and what the form asks for."""

from zoneinfo import ZoneInfo

import pytest

from gateway.console.texts.words import Words
from gateway.console.view.documents import asked_of, job_rows, kept_rows, named, yesterday
from gateway.reports.press import Job, JobState
from gateway.reports.shelf import Kept

CITY = ZoneInfo("Asia/Shanghai")
NOON = 1_772_424_000_000_000_000
"""2026-03-02T12:00+08:00"""
EN, ZH = Words("en"), Words("zh")


def _job(number: int, state: JobState = "waiting", **more: object) -> Job:
    job = Job(f"j{number}", ("water", "gas"), "day", "2026-03-02", "en", 1, "Li", number, state)
    for name, value in more.items():
        setattr(job, name, value)
    return job


@pytest.mark.parametrize(
    ("kind", "day", "period"),
    [
        ("day", "2026-03-02", "2026-03-02"), ("week", "2026-03-02", "2026-W10"), ("week", "2026-03-08", "2026-W10"),
        ("week", "2027-01-01", "2026-W53"), ("day", "", ""), ("week", "soon", ""), ("", "2026-03-02", "2026-03-02"),
    ],
)  # fmt: skip
def test_a_day_or_the_week_in_which_it_lies(kind: str, day: str, period: str) -> None:
    assert asked_of({"kind": kind, "day": day}).period == period


def test_nothing_that_a_browser_says_is_believed() -> None:
    asked = asked_of({"domain": "gas\n../x\ntraffic\ngas", "lang": "xx", "operators": "9" * 4_000})
    assert (asked.domains, asked.lang, asked.operators) == (("traffic", "gas"), "en", 1)
    assert asked_of({"operators": "3", "lang": "zh"}).operators == 3
    assert asked_of({"operators": "0"}).operators == 1
    assert asked_of({"operators": "²"}).operators == 1


def test_orders_stand_as_they_will_be_made_and_say_how_far_they_are() -> None:
    newest_first = [
        _job(4), _job(3, "making", share=0.426, what="leak"), _job(2, "done"), _job(1, "given_up"),
        _job(0, "failed", problem="No gateway.", remedy="Start it."),
    ]  # fmt: skip
    rows = job_rows(newest_first, EN)
    assert [(row.job, row.open) for row in rows] == [("j3", True), ("j4", True), ("j0", False)]
    assert rows[0].said == "43 %, reading leak"
    assert "No gateway. Start it." in rows[2].said
    assert rows[1].what == "Water, Gas · 2026-03-02"


def test_kept_reports_say_what_they_know() -> None:
    kept = [
        Kept("gas-2026-03-02.zh", "gas", "day", "2026-03-02", "zh", NOON, "Li", NOON, False, {"html": 1, "pdf": 2_048}),
        Kept("data-2026-W09", "data", "week", "2026-W09", "en", NOON, "Li", NOON, True, {"html": 1, "pdf": 2}),
    ]
    rows = kept_rows(kept, "", ZH, CITY)
    assert [(row.domain, row.language, row.until) for row in rows] == [
        ("燃气", "中文", "2026-03-02 12:00:00"), ("数据", "English", ""),
    ]  # fmt: skip
    assert (rows[0].pdf, rows[0].made) == ("2.0 KiB", "2026-03-02 12:00:00")
    assert [row.document for row in kept_rows(kept, "data", EN, CITY)] == ["data-2026-W09"]
    assert named(("water", "gas"), "2026-W09", ZH) == "供水、燃气 · 2026-W09"


def test_yesterday_is_the_citys() -> None:
    assert yesterday(NOON + 11 * 3_600_000_000_000, CITY) == "2026-03-01"
    assert yesterday(NOON + 12 * 3_600_000_000_000, CITY) == "2026-03-02"
    assert yesterday(0, CITY) == ""
