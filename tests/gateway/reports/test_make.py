"""All reports of a day of which nothing is known, and of one with a few figures: files, names, languages, bytes."""

import pytest

from gateway.reports.make import DOMAINS, make_report, make_reports
from gateway.reports.period import week_of
from tests.support.report_link import MemoryLink
from tests.support.reports import DAY, HOUR, change


def _link() -> MemoryLink:
    figures = [
        ("traffic.zone-index", "tianhe", "tpi", DAY.start + HOUR, 3.0),
        ("water.leak", "dma-baiyun-1", "night_flow", DAY.start + 5 * HOUR, 40.0),
        ("drainage.filling", "drain-0001", "filling", DAY.start + HOUR, 0.4),
    ]  # fmt: skip
    changes = [change("raised", DAY.start + HOUR), change("returned", DAY.start + 2 * HOUR, since=DAY.start + HOUR)]
    return MemoryLink(now=DAY.end + HOUR, figures=figures, changes=changes)


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_every_domain_has_a_report_also_of_nothing(lang: str) -> None:
    found = await make_reports(MemoryLink(now=DAY.end + HOUR), DOMAINS, DAY, lang)

    tail = "" if lang == "en" else ".zh"
    assert [each.name for each in found] == [
        f"{domain}-2026-03-02{tail}.{form}" for domain in DOMAINS for form in ("html", "pdf")
    ]
    assert {each.media_type for each in found} == {"text/html; charset=utf-8", "application/pdf"}
    unknown = "not known" if lang == "en" else "未知"
    assert all(unknown in each.body.decode() for each in found if each.name.startswith(("traffic", "grid", "water"))
               and each.name.endswith("html"))  # fmt: skip


async def test_the_same_data_are_the_same_bytes() -> None:
    first = await make_reports(_link(), DOMAINS, DAY)
    second = await make_reports(_link(), DOMAINS, DAY)

    assert [each.body for each in first] == [each.body for each in second]


async def test_alarms_are_asked_for_once_for_all_reports() -> None:
    link = _link()

    await make_reports(link, DOMAINS, DAY, forms=("html",))

    assert (link.asked["alarm_history"], link.asked["standing_alarms"], link.asked["clock"]) == (1, 2, 1)


async def test_one_report_in_one_form_of_a_week() -> None:
    week = week_of("2026-W10", "Asia/Shanghai")

    (page,) = await make_report(_link(), "alarms", week, "zh", forms=("html",), operators=3)

    assert page.name == "alarms-2026-W10.zh.html"
    assert "3 名值班员" in page.body.decode()
    assert "2026-W10" in page.body.decode()
