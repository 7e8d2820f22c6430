"""The report on the power grid: meters that keep, that fail and of which too little is known; events; losses."""

import numpy as np

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.reports.building.grid import build_grid
from gateway.reports.gathering.grid import GridData, Supply
from gateway.reports.model import BarPlot, LinePlot, Verdict
from gateway.reports.reckoning.grid_quality import Known, MeterQuality, meter_quality
from gateway.reports.words.words import Words
from tests.support.reports import DAY, HOUR, MINUTE, NO_ALARMS, cells, context, figure_of, table_of, told, windows

EN = Words("en")
SPEC = ComplianceCondition.model_validate({
    "name": "grid.compliance", "title": "Week outside the limits", "kind": "compliance", "profile": "meter-3p",
    "priorities": [4], "phases": ["u"], "frequency": "f",
})  # fmt: skip


def _meter(device: str, volts: float, known: int = 1440) -> MeterQuality:
    found = {
        "u": windows(device, "u", DAY.start, MINUTE, [volts] * known),
        "f": windows(device, "f", DAY.start, MINUTE, [50.02] * known),
    }
    return meter_quality(SPEC, device, ("", ""), found, 60, Known(DAY.start, DAY.end))


def _data(*meters: MeterQuality, silent: tuple[str, ...] = (), **more: object) -> GridData:
    return GridData(context(), NO_ALARMS, (Supply(SPEC, meters, silent),), **more)  # type: ignore[arg-type]


def test_meters_are_counted_by_their_verdict_and_those_without_one_are_said() -> None:
    report = build_grid(_data(_meter("a", 220.0), _meter("b", 240.0), _meter("c", 220.0, known=60)), EN)

    voltage = figure_of(report, "Voltage within limits")
    assert (voltage.value, voltage.verdict) == ("1 / 2", Verdict.BAD)
    assert voltage.note == "worst: 0.0 % of its values; 1 not judged: too little is known"
    assert figure_of(report, "Frequency within limits").value == "2 / 2"
    assert (figure_of(report, "Unbalance").value, figure_of(report, "Unbalance").verdict) == (None, Verdict.NONE)
    highest = figure_of(report, "Highest deviation")
    assert (round(float(highest.value or 0), 2), highest.note, highest.verdict) == (9.09, "b", Verdict.WARN)
    assert figure_of(report, "Frequency, lowest").value == "50.02 … 50.02"


def test_the_worst_meter_comes_first() -> None:
    table = table_of(build_grid(_data(_meter("a", 220.0), _meter("b", 240.0)), EN), "The 2 points")

    assert cells(table, "device", "voltage within") == [("b", 0.0), ("a", 100.0)]
    assert table.verdicts == (Verdict.BAD, Verdict.GOOD)


def test_the_distribution_parts_what_is_within_from_what_is_not() -> None:
    section = build_grid(_data(_meter("a", 220.0), _meter("b", 240.0)), EN).sections[0]
    lines, bars = section.parts[:2]

    assert isinstance(lines, LinePlot)
    assert [limit.value for limit in lines.limits] == [-10.0, 7.0]
    assert isinstance(bars, BarPlot)
    inside, outside = bars.bars
    assert (inside.values[15], outside.values[15]) == (50.0, 0.0)  # 0 to 1 %
    assert (inside.values[24], outside.values[24]) == (0.0, 50.0)  # 9 to 10 %


def test_events_are_classed_and_the_deepest_named() -> None:
    events = []
    for name, value in (("residual", 0.4), ("duration", 0.3), ("kind", 2.0), ("lasting", 2.0)):
        events.append(told(name, "monitor-1", DAY.start + HOUR, value))

    report = build_grid(_data(events=tuple(events)), EN)

    assert (figure_of(report, "Voltage events").value, figure_of(report, "Voltage events").note) == (1, "sag 1")
    assert table_of(report, "Voltage events").rows == (("01:00", "monitor-1", "", "sag", "instantaneous", 40.0, 0.3),)


def test_losses_and_loading_are_summed_and_an_overloaded_transformer_is_bad() -> None:
    losses = tuple(told("loss_kwh", "feeder-1", DAY.start + k * HOUR, 2.5) for k in (1, 2))
    loading = (told("loading", "tx-1", DAY.start + HOUR, 0.5), told("loading", "tx-1", DAY.start + 2 * HOUR, 1.1))

    report = build_grid(_data(losses=losses, loading=loading), EN)

    assert figure_of(report, "Lost in feeders").value == 5.0
    most = figure_of(report, "Highest loading")
    assert (round(float(most.value or 0)), most.verdict, most.note) == (110, Verdict.BAD, "tx-1, 02:00")


def test_without_any_meter_nothing_is_claimed_and_silent_ones_are_named() -> None:
    report = build_grid(_data(silent=("meter-7",)), EN)

    assert figure_of(report, "Voltage within").value is None
    assert figure_of(report, "Lowest deviation").value is None
    assert "meter-3p: nothing came from 1 of the listed points: meter-7." in report.remarks
    assert any("no verdict by them" in remark for remark in report.remarks)
    assert np.isfinite(len(report.sections))


def test_a_kind_from_which_nothing_came_has_a_remark_and_no_section() -> None:
    other = SPEC.model_copy(update={"profile": "transformer"})
    data = GridData(context(), NO_ALARMS, (Supply(SPEC, (_meter("a", 220.0),), ()), Supply(other, (), ("tx-1",))))
    report = build_grid(data, EN)

    titles = [section.title for section in report.sections]
    assert [title for title in titles if title.startswith("Quality of supply")] == ["Quality of supply: meter-3p"]
    assert any("tx-1" in remark for remark in report.remarks)
