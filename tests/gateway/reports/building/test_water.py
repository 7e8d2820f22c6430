"""The report on water mains: nights, balances, pressure; what is not known is no zero."""

import numpy as np
import pytest

from gateway.reports.building.water import build_water
from gateway.reports.gathering.pipes import Border, Levels, WaterData
from gateway.reports.model import LinePlot, Verdict
from gateway.reports.words.words import Words
from tests.support.reports import DAY, HOUR, MINUTE, NO_ALARMS, cells, context, figure_of, table_of, told, windows

EN = Words("en")
QUARTER = 15 * MINUTE
NAMES = {"dma-1": "First area", "dma-2": "Second area"}
LOW = {
    "name": "water.pressure-low", "title": "Low pressure", "kind": "steps", "profile": "water-pressure",
    "quantity": "pressure", "window_secs": 60, "low": [100, 60], "priorities": [3, 2],
}  # fmt: skip


def _border(device: str, sign: float, flow: list[float] | None, zone: str = "dma-1") -> Border:
    found = None if flow is None else windows(device, "flow", DAY.start, QUARTER, flow, "m3/h")
    return Border(zone, sign, device, found)


def test_the_night_is_from_two_to_four_by_the_citys_clocks_and_what_flows_out_is_taken_off() -> None:
    # 30 in and 10 out, but 50 in from 02:00 to 04:00
    inflow = [50.0 if 8 <= k < 16 else 30.0 for k in range(96)]
    data = WaterData(
        context(names=NAMES), NO_ALARMS, borders=(_border("in", 1, inflow), _border("out", -1, [10.0] * 96))
    )

    assert cells(table_of(build_water(data, EN), "Night flow of each area"), "area", "mean 02–04 h") == [
        ("First area", 40.0)
    ]


def test_quarter_hours_in_which_a_meter_is_missing_are_not_known() -> None:
    some = [np.nan] * 8 + [20.0] * 88
    data = WaterData(context(names=NAMES), NO_ALARMS, borders=(_border("a", 1, [30.0] * 96), _border("b", 1, some)))

    plot = next(p for s in build_water(data, EN).sections for p in s.parts if isinstance(p, LinePlot))

    assert plot.series[0].values[:9] == (None,) * 8 + (50.0,)


def test_a_meter_that_was_never_heard_makes_its_area_unknown_and_is_named() -> None:
    data = WaterData(context(names=NAMES), NO_ALARMS, borders=(_border("a", 1, [30.0] * 96), _border("b", 1, None)))

    report = build_water(data, EN)

    assert cells(table_of(report, "Night flow"), "mean 02–04 h", "night flow") == [(None, None)]
    assert "Nothing came from 1 of the flow meters at borders: b." in report.remarks
    assert figure_of(report, "Night flow").value is None
    assert "No night flow is known of 1 of the areas: First area." in report.remarks


def test_figures_of_conditions_are_summed_and_a_share_is_only_of_what_is_metered() -> None:
    figures = [
        told("night_flow", "dma-1", DAY.start + 5 * HOUR, 40.0), told("leakage", "dma-1", DAY.start + 5 * HOUR, 25.0),
        told("night_flow", "dma-2", DAY.start + 5 * HOUR, 10.0),
    ]  # fmt: skip
    for zone, supply in (("dma-1", 1000.0), ("dma-2", 500.0)):
        for name, value in (("inflow", supply), ("outflow", 0.0), ("storage_change", 0.0), ("supply", supply)):
            figures.append(told(name, zone, DAY.end, value))
    figures += [told("metered", "dma-1", DAY.end, 800.0), told("loss", "dma-1", DAY.end, 200.0)]
    data = WaterData(context(names=NAMES), NO_ALARMS, tuple(figures), connections=(("dma-1", 4000),))

    report = build_water(data, EN)

    assert (figure_of(report, "Night flow").value, figure_of(report, "Of that leakage").value) == (50.0, 25.0)
    assert figure_of(report, "Supplied").value == 1500.0
    lost = figure_of(report, "Lost")
    assert (lost.value, lost.verdict) == (20.0, Verdict.WARN)
    assert cells(table_of(report, "Night flow"), "per connection", "leakage") == [(10.0, 25.0), (None, None)]
    assert cells(table_of(report, "Balance"), "days known", "loss", "share") == [(1, 200.0, 20.0), (1, None, None)]


def test_a_night_flow_below_zero_is_left_out_and_said() -> None:
    figures = (told("night_flow", "dma-1", DAY.start + 5 * HOUR, -407.0), told("leakage", "dma-1", DAY.start, -420.0))

    report = build_water(WaterData(context(names=NAMES), NO_ALARMS, figures), EN)

    assert figure_of(report, "Night flow").value is None
    assert any("below 0" in remark and "First area" in remark for remark in report.remarks)


@pytest.mark.parametrize(
    ("pressure", "verdict", "level"), [(150.0, Verdict.GOOD, 0), (100.0, Verdict.BAD, 1), (45.0, Verdict.BAD, 2)]
)
def test_pressure_is_held_against_the_steps_of_its_condition(pressure: float, verdict: Verdict, level: int) -> None:
    given = context(conditions=[LOW])
    quiet = windows("press-1", "pressure", DAY.start, QUARTER, [300.0] * 96, "kPa")
    low = windows("press-2", "pressure", DAY.start, QUARTER, [300.0] * 48 + [pressure] + [300.0] * 47, "kPa")
    data = WaterData(given, NO_ALARMS, pressures=(Levels(given.conditions[0], (quiet, low)),))

    report = build_water(data, EN)

    lowest = figure_of(report, "Lowest pressure")
    assert (lowest.value, lowest.verdict, lowest.note) == (pressure, verdict, "press-2, 12:00")
    assert cells(table_of(report, "Low pressure"), "device", "lowest", "at", "level")[0] == (
        "press-2", pressure, "12:00", level,
    )  # fmt: skip


def test_of_nothing_nothing_is_claimed() -> None:
    report = build_water(WaterData(context(), NO_ALARMS), EN)

    assert [figure.value for figure in report.figures] == [None, None, None, None, None, 0]


def test_areas_of_which_nothing_is_known_take_no_name_on_the_plot() -> None:
    areas = [_border(f"m{k}", 1, [30.0] * 96 if k < 1 else None, f"dma-{k}") for k in range(7)]
    plot = next(
        p for s in build_water(WaterData(context(), NO_ALARMS, borders=tuple(areas)), EN).sections
        for p in s.parts if isinstance(p, LinePlot)
    )  # fmt: skip

    assert [each.label for each in plot.series] == ["dma-0"]
    assert plot.note == "In less out, quarter hours in which every meter is known."


def test_areas_without_a_name_are_said_to_be_grey() -> None:
    areas = [_border(f"m{k}", 1, [30.0 + k] * 96, f"dma-{k}") for k in range(7)]
    plot = next(
        p for s in build_water(WaterData(context(), NO_ALARMS, borders=tuple(areas)), Words("zh")).sections
        for p in s.parts if isinstance(p, LinePlot)
    )  # fmt: skip

    assert sum(each.quiet for each in plot.series) == 3
    assert plot.note.endswith("标出最突出的 4 个；灰线为其余 3 个。")
