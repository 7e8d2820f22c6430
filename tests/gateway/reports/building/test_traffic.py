"""The report on roads, of a few figures whose sums are done by hand."""

import pytest

from gateway.reports.building.traffic import build_traffic
from gateway.reports.facts import AlarmFacts
from gateway.reports.gathering.traffic import TrafficData
from gateway.reports.model import HeatPlot, LinePlot, Verdict
from gateway.reports.words.words import Words
from tests.support.reports import DAY, HOUR, MINUTE, NO_ALARMS, cells, change, context, figure_of, table_of, told

EN = Words("en")
QUARTER = 15 * MINUTE
NAMES = {"tianhe": "Tianhe", "yuexiu": "Yuexiu", "road-1": "First Road (road-1)"}


def _data(**more: object) -> TrafficData:
    # tianhe: 2 all day but 9 in the quarter hour before 18:00; yuexiu: one value, in the hour from 17:00
    zones = [told("tpi", "tianhe", DAY.start + (k + 1) * QUARTER, 9.0 if k == 71 else 2.0) for k in range(96)]
    zones.append(told("tpi", "yuexiu", DAY.start + 18 * HOUR, 4.0))
    segments = [told("tpi", "road-1", DAY.start + (k + 1) * 10 * MINUTE, 7.0 if k < 3 else 1.0) for k in range(144)]
    given = {"zones": tuple(zones), "segments": tuple(segments), "listed": ("road-1", "road-2")} | more
    return TrafficData(context(names=NAMES), NO_ALARMS, **given)  # type: ignore[arg-type]


def test_the_highest_index_has_its_place_time_and_verdict() -> None:
    highest = figure_of(build_traffic(_data(), EN), "Highest index of a district")

    assert (highest.value, highest.note, highest.verdict) == (9.0, "Tianhe, 18:00", Verdict.BAD)


def test_the_worst_hour_is_that_of_the_values_middle_over_the_zones_that_are_known() -> None:
    report = build_traffic(_data(), EN)

    # from 17:00: tianhe (2 + 2 + 2 + 9) / 4 = 3.75, yuexiu 4
    worst = figure_of(report, "Worst hour")
    assert (worst.value, worst.note) == (3.875, "from 17:00")
    assert table_of(report, "The worst hours").rows[0] == ("17:00", 3.875, "Yuexiu", 4.0)
    # the other 23 hours have tianhe's alone
    assert table_of(report, "The worst hours").rows[1][1] == 2.0


def test_a_value_of_midnight_belongs_to_the_day_before() -> None:
    heat = [
        part for section in build_traffic(_data(), EN).sections for part in section.parts if isinstance(part, HeatPlot)
    ]

    assert heat[0].rows == ("First Road (road-1)",)
    assert heat[0].values[0][0] == (3 * 7 + 3 * 1) / 6
    assert heat[0].values[0][23] == 1.0


def test_tables_say_how_long_and_how_much_is_known() -> None:
    report = build_traffic(_data(), EN)

    tianhe, yuexiu = cells(table_of(report, "Index of each district"), "zone", "mean", "time at 4 or more", "known")
    assert tianhe == ("Tianhe", pytest.approx((95 * 2 + 9) / 96), pytest.approx(100 / 96), 100.0)
    assert yuexiu == ("Yuexiu", 4.0, 100.0, pytest.approx(100 / 96))
    assert cells(table_of(report, "The 1 worst"), "segment", "at 6 or more", "events", "TTI") == [
        ("First Road (road-1)", 30.0, 0, None)
    ]
    assert figure_of(report, "Moderate or severe").value == 0.5
    assert "No index is known of 1 of the 2 segments: road-2." in report.remarks


def test_events_and_reliability_are_told_with_their_worst() -> None:
    events = (
        told("congestion_secs", "road-1", DAY.start + HOUR, 1800.0),
        told("congestion_worst", "road-1", DAY.start, 5),
    )
    travel = tuple(
        told(f"{kind}_index", "road-1", DAY.end, value)
        for kind, value in (("travel_time", 1.2), ("planning_time", 2.5), ("buffer", 0.4))
    )

    report = build_traffic(_data(events=events, travel=travel), EN)

    number = figure_of(report, "Congestion events")
    assert (number.value, number.note) == (1, "longest 30 min: First Road (road-1)")
    assert figure_of(report, "Highest planning").value == 2.5
    assert cells(table_of(report, "The 1 worst"), "events", "TTI", "PTI", "BI") == [(1, 1.2, 2.5, 0.4)]


def test_of_nothing_nothing_is_claimed() -> None:
    report = build_traffic(TrafficData(context(), NO_ALARMS), EN)

    assert [figure.value for figure in report.figures] == [None, None, None, None, None, None, 0]
    assert figure_of(report, "Highest index").verdict == Verdict.UNKNOWN
    assert all(not section.parts[-1].rows for section in report.sections if not isinstance(section.parts[-1], LinePlot))  # type: ignore[union-attr]
    assert any("No index of any district" in remark for remark in report.remarks)


def test_a_day_that_is_not_over_says_up_to_when_it_is_known() -> None:
    data = TrafficData(context(until=DAY.start + 6 * HOUR), NO_ALARMS)

    assert "up to 2026-03-02 06:00" in build_traffic(data, EN).remarks[0]
    future = TrafficData(context(until=DAY.start - HOUR), NO_ALARMS)
    assert "has not begun" in build_traffic(future, EN).remarks[0]


def test_alarms_of_the_domain_stand_in_a_table() -> None:
    changes = (
        change("raised", DAY.start + HOUR, condition="traffic.congestion", asset="road-1", priority=4),
        change("returned", DAY.start + 2 * HOUR, condition="traffic.congestion", asset="road-1", priority=4),
    )
    data = TrafficData(context(names=NAMES), AlarmFacts(changes, (), ()))

    assert table_of(build_traffic(data, EN), "Alarms by condition").rows == (
        ("traffic.congestion", "low", 1, 1, 60.0, "First Road (road-1)", 0),
    )
