"""The report on gas: how near each detector came to its steps, by single readings."""

import numpy as np

from gateway.reports.building.gas import build_gas
from gateway.reports.facts import Windows
from gateway.reports.gathering.pipes import GasData, Levels
from gateway.reports.model import Verdict
from gateway.reports.words.words import Words
from tests.support.reports import DAY, MINUTE, NO_ALARMS, cells, context, figure_of, table_of

EN = Words("en")
_NOTHING = (np.empty(0), np.empty(0), np.empty(0), np.empty(0))
LEL = {
    "name": "gas.lel", "title": "Combustible gas", "kind": "steps", "profile": "gas-detector", "quantity": "lel",
    "high": [20, 25, 50], "priorities": [2, 1, 1], "where": [{"device": "gas-2", "high": [40]}],
}  # fmt: skip
OXYGEN = LEL | {
    "name": "gas.oxygen-low",
    "title": "Lack of oxygen",
    "quantity": "o2",
    "high": [],
    "low": [19.5, 18],
    "where": [],
}


def _windows(device: str, quantity: str, least: float, most: float, unit: str) -> Windows:
    """The means are quiet: a peak of a reading must show all the same."""
    start = DAY.start + 15 * MINUTE * np.arange(4)
    middle = np.full(4, (least + most) / 2)
    return Windows(device, quantity, unit, start, middle, np.full(4, least), np.full(4, most), np.full(4, 30.0))


def _data() -> GasData:
    given = context(conditions=[LEL, OXYGEN])
    lel, oxygen = given.conditions
    nothing = Windows("gas-9", "lel", "%LEL", np.empty(0, np.int64), *_NOTHING)
    levels = (
        Levels(
            lel, (_windows("gas-1", "lel", 0.0, 26.0, "%LEL"), _windows("gas-2", "lel", 0.0, 30.0, "%LEL"), nothing)
        ),
        Levels(oxygen, (_windows("gas-1", "o2", 19.0, 20.9, "%vol"),)),
    )
    return GasData(given, NO_ALARMS, levels)


def test_the_highest_reading_is_held_against_the_steps_of_its_own_place() -> None:
    report = build_gas(_data(), EN)

    highest = figure_of(report, "Combustible gas")
    # 30 at gas-2, whose only step is 40
    assert (highest.value, highest.unit, highest.note, highest.verdict) == (30.0, "%LEL", "gas-2, 00:00", Verdict.GOOD)
    assert cells(table_of(report, "Combustible gas"), "device", "highest", "steps", "level") == [
        ("gas-2", 30.0, "40", 0), ("gas-1", 26.0, "20 / 25 / 50", 2),
    ]  # fmt: skip


def test_of_oxygen_the_lowest_reading_counts() -> None:
    lowest = figure_of(build_gas(_data(), EN), "Lack of oxygen")

    assert (lowest.value, lowest.verdict, lowest.limit) == (19.0, Verdict.BAD, "steps 19.5 / 18")


def test_a_detector_without_a_usable_reading_is_named() -> None:
    assert "Nothing usable came from 1 of the detectors: gas-9." in build_gas(_data(), EN).remarks


def test_of_no_detector_nothing_is_claimed() -> None:
    given = context(conditions=[LEL])

    report = build_gas(GasData(given, NO_ALARMS, (Levels(given.conditions[0], ()),)), EN)

    assert (report.figures[0].value, report.figures[0].verdict) == (None, Verdict.UNKNOWN)
