"""The report on drains: the fullest ones, and rain that is the sum of what gauges told."""

import numpy as np

from gateway.reports.building.drainage import build_drainage
from gateway.reports.facts import Windows
from gateway.reports.gathering.pipes import DrainageData
from gateway.reports.model import BarPlot, Verdict
from gateway.reports.words.words import Words
from tests.support.reports import DAY, MINUTE, NO_ALARMS, cells, context, figure_of, table_of, told

EN = Words("en")
QUARTER = 15 * MINUTE
FULL = {
    "name": "drainage.filling", "title": "Full drain", "kind": "filling", "profile": "drainage-level",
    "quantity": "level", "filling": 0.8, "priorities": [4, 3, 1],
}  # fmt: skip


def _rain(device: str, mean: list[float], count: list[int]) -> Windows:
    start = DAY.start + QUARTER * np.arange(len(mean))
    value = np.array(mean)
    return Windows(device, "rain", "m", start, value, value, value, np.array(count, np.float64))


def test_a_drain_above_its_crown_surcharged_and_the_time_above_high_is_counted() -> None:
    filling = [told("filling", "d-1", DAY.start + (k + 1) * QUARTER, 1.2 if k == 10 else 0.9 if k == 11 else 0.3)
               for k in range(96)]  # fmt: skip
    filling += [told("filling", "d-2", DAY.start + (k + 1) * QUARTER, 0.8) for k in range(48)]

    report = build_drainage(DrainageData(context(conditions=[FULL]), NO_ALARMS, tuple(filling)), EN)

    highest = figure_of(report, "Highest filling")
    # told at the end of its quarter hour, shown at its begin
    assert (highest.value, highest.note, highest.verdict) == (120.0, "d-1, 02:30", Verdict.BAD)
    assert figure_of(report, "Drains that surcharged").value == 1
    table = table_of(report, "The 2 fullest")
    assert cells(table, "drain", "highest", "above", "known") == [("d-1", 120.0, 0.5, 100.0), ("d-2", 80.0, 12.0, 50.0)]
    assert table.verdicts == (Verdict.BAD, Verdict.WARN)
    assert "Less than nine tenths of the period are known of 1 of the drains: d-2." in report.remarks


def test_rain_is_the_sum_of_readings_and_of_an_hour_the_mean_of_gauges_that_told_it() -> None:
    # gauge 1: 3 readings of 0.2 mm, then 1 of 1 mm an hour later; gauge 2: nothing fell, in the first quarter hour only
    one = _rain("rain-1", [0.0002, 0, 0, 0, 0.001], [3, 3, 3, 3, 1])
    two = _rain("rain-2", [0.0], [3])

    report = build_drainage(DrainageData(context(), NO_ALARMS, rain=(one, two)), EN)

    fell = figure_of(report, "Rain")
    assert (round(float(fell.value or 0), 6), fell.note) == (0.8, "most: rain-1, 1.6 mm")
    bars = next(p for s in report.sections for p in s.parts if isinstance(p, BarPlot))
    assert [None if v is None else round(v, 6) for v in bars.bars[0].values[:3]] == [0.3, 1.0, None]


def test_of_nothing_nothing_is_claimed() -> None:
    report = build_drainage(DrainageData(context(), NO_ALARMS), EN)

    assert [figure.value for figure in report.figures] == [None, None, None, 0]
    assert "No filling of any drain is known in this period." in report.remarks
