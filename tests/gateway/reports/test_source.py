"""Reads of a period: whole pages, edges of the day, and what is asked once only."""

import math

import pytest

from gateway.reports import source as module
from gateway.reports.source import Source
from tests.support.report_link import MemoryLink
from tests.support.reports import DAY, HOUR, MINUTE, change


async def test_a_span_with_more_alarms_than_a_page_is_asked_for_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE_ALARMS", 10)
    changes = [change("raised", DAY.start + k * MINUTE, asset=f"a{k:03}") for k in range(100)]
    link = MemoryLink(now=DAY.end, changes=changes)

    found = await (await Source.of(link, DAY)).alarms()

    assert [each.asset for each in found.changes] == [f"a{k:03}" for k in range(100)]
    assert link.asked["alarm_history"] > 10


async def test_alarms_are_asked_for_once_and_what_stood_at_both_ends_with_them() -> None:
    changes = [
        change("raised", DAY.start - HOUR, asset="before"), change("raised", DAY.start, asset="first"),
        change("raised", DAY.end, asset="behind"),
    ]  # fmt: skip
    link = MemoryLink(now=DAY.end + HOUR, changes=changes)
    source = await Source.of(link, DAY)

    found = await source.alarms()

    assert await source.alarms() is found
    assert [each.asset for each in found.changes] == ["first"]
    assert [each.asset for each in found.before] == ["before"]
    assert [each.asset for each in found.after] == ["before", "first"]


async def test_figures_told_at_the_end_of_their_time_belong_to_the_day_that_ends_with_them() -> None:
    figures = [("c", "a", "tpi", ts, float(k)) for k, ts in enumerate((DAY.start, DAY.start + 1, DAY.end, DAY.end + 1))]
    source = await Source.of(MemoryLink(now=DAY.end, figures=figures), DAY)

    assert [each.value for each in await source.figures("c", "tpi")] == [1.0, 2.0]
    assert [each.value for each in await source.figures("c", at_start=True)] == [0.0, 1.0]
    assert await source.figures("c", "other") == []
    assert await source.figures("nobody's") == []


async def test_figures_come_from_all_pages() -> None:
    figures = [("c", "a", "tpi", DAY.start + (k + 1) * MINUTE, float(k)) for k in range(25)]
    link = MemoryLink(now=DAY.end, figures=figures, page=7)

    found = await (await Source.of(link, DAY)).figures("c")

    assert [each.value for each in found] == [float(k) for k in range(25)]
    assert link.asked["read_figures"] == 4


@pytest.mark.parametrize("page", [4, 1_000])
async def test_windows_come_from_all_pages_by_series_and_without_empty_ones(page: int) -> None:
    series = [("L1", "speed", "loop"), ("L1", "flow", "loop"), ("L2", "speed", "loop")]
    rows = [(place, DAY.start + k * MINUTE, 10.0 * place + k) for place in (0, 1) for k in range(6)]
    rows[3] = (0, DAY.start + 3 * MINUTE, math.nan)
    link = MemoryLink(now=DAY.end, series=series, windows=rows, page=page)
    told: list[tuple[str, int, int]] = []
    source = await Source.of(link, DAY, lambda *what: told.append(what))

    asked = await source.series("loop")
    speed, flow, other = await source.windows(asked, 60, "loops")

    assert (speed.device, speed.quantity, speed.unit) == ("L1", "speed", "km/h")
    assert speed.mean.tolist() == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert speed.start.tolist() == [DAY.start + k * MINUTE for k in (0, 1, 2, 4, 5)]
    assert flow.mean.tolist() == [10.0 + k for k in range(6)]
    assert (len(other.start), other.device) == (0, "L2")
    assert told == [("loops", 0, 3)]


async def test_series_are_narrowed_by_profile_and_quantity() -> None:
    series = [("L1", "speed", "loop"), ("L1", "flow", "loop"), ("M1", "speed", "meter")]
    source = await Source.of(MemoryLink(now=DAY.end, series=series), DAY)

    assert await source.series("loop", "speed") == [("L1", "speed")]
    assert await source.profiles() == {"loop", "meter"}


async def test_places_are_those_of_the_files_and_of_devices_that_were_met() -> None:
    met = {"id": "stranger", "zone": "tianhe", "asset": "", "profile": "loop-detector"}
    link = MemoryLink(now=DAY.start + HOUR, series=[("stranger", "speed", "loop-detector")], devices=[met])

    context = await (await Source.of(link, DAY)).context("zh")

    assert (context.zone("stranger"), context.zone("loop-0001"), context.city) == ("天河区", "天河区", "广州")
    assert context.zone("nobody") == ""
    assert context.known_until == DAY.start + HOUR
    assert context.name("zhongshan-avenue-2").endswith("(zhongshan-avenue-2)")


async def test_the_registry_is_not_asked_where_all_devices_are_listed() -> None:
    link = MemoryLink(now=DAY.end, series=[("loop-0001", "speed", "loop-detector")])

    await (await Source.of(link, DAY)).context("en")

    assert link.asked["devices"] == 0


async def test_hours_in_which_nothing_came_are_told_joined_and_those_still_open_are_not() -> None:
    series = [("L1", "speed", "loop"), ("M1", "u", "meter")]
    rows = [(0, DAY.start + 3 * HOUR, 1.0), (1, DAY.start + 4 * HOUR, 1.0), (1, DAY.start + 6 * HOUR, math.nan)]
    over = await Source.of(MemoryLink(now=DAY.end + 9 * HOUR, series=series, windows=rows), DAY)
    running = await Source.of(MemoryLink(now=DAY.start + 9 * HOUR, series=series, windows=rows), DAY)

    assert await over.unheard() == ((DAY.start, DAY.start + 3 * HOUR), (DAY.start + 5 * HOUR, DAY.end))
    assert await running.unheard() == (
        (DAY.start, DAY.start + 3 * HOUR), (DAY.start + 5 * HOUR, DAY.start + 7 * HOUR),
    )  # fmt: skip
    assert await (await Source.of(MemoryLink(now=DAY.end + 9 * HOUR), DAY)).unheard() == ((DAY.start, DAY.end),)
