"""A meter's day against GB/T 12325, 15543 and 15945, on minutes whose ten-minute values are known by heart."""

import numpy as np
import pytest

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.reports.facts import Windows
from gateway.reports.reckoning.grid_quality import BINS, Known, MeterQuality, columns_of, meter_quality
from processors.conditions.grid.compliance import Measure, Verdict
from tests.support.reports import DAY, MINUTE, windows

SPEC = {"name": "grid.compliance", "title": "Week", "kind": "compliance", "profile": "meter-3p", "priorities": [4]}
TENS = 144


def _spec(**more: object) -> ComplianceCondition:
    return ComplianceCondition.model_validate(SPEC | more)


def _minutes(quantity: str, tens: list[float]) -> Windows:
    """Ten equal minutes for each of `tens`."""
    return windows("m-1", quantity, DAY.start, MINUTE, np.repeat(tens, 10).tolist())


def _judged(spec: ComplianceCondition, *found: Windows, pane: int = 60) -> MeterQuality:
    return meter_quality(
        spec, "m-1", ("z", "a"), {each.quantity: each for each in found}, pane, Known(DAY.start, DAY.end)
    )


def test_the_share_within_is_of_known_values_of_ten_minutes() -> None:
    # 100 values at nominal, 8 at +8 %, 36 missing
    tens = [220.0] * 100 + [220.0 * 1.08] * 8 + [np.nan] * 36

    found = _judged(_spec(phases=["u"], coverage=0.7), _minutes("u", tens))

    assert found.share[Measure.VOLTAGE] == pytest.approx(100 / 108)
    assert found.coverage[Measure.VOLTAGE] == pytest.approx(108 / TENS)
    assert found.verdict[Measure.VOLTAGE] == Verdict.FAILS
    assert (found.lowest, found.highest) == pytest.approx((0.0, 8.0))
    assert found.deviations.sum() == 108
    assert found.deviations[BINS.tolist().index(0)] == 100
    assert found.verdict[Measure.FREQUENCY] == Verdict.UNKNOWN


def test_with_too_little_known_there_is_no_verdict() -> None:
    found = _judged(_spec(phases=["u"]), _minutes("u", [220.0] * 100 + [np.nan] * 44))

    assert found.share[Measure.VOLTAGE] == 1
    assert found.verdict[Measure.VOLTAGE] == Verdict.UNKNOWN


@pytest.mark.parametrize(("volts", "kept"), [(235.4, 1.0), (235.5, 0.0), (198.0, 1.0), (197.9, 0.0)])
def test_limits_are_within(volts: float, kept: float) -> None:
    assert _judged(_spec(phases=["u"]), _minutes("u", [volts] * TENS)).share[Measure.VOLTAGE] == kept


def test_the_phase_furthest_from_nominal_counts_and_an_interruption_does_not() -> None:
    a, b = [220.0] * TENS, [209.0] * TENS
    b[0] = 1.0

    found = _judged(_spec(phases=["a", "b"]), _minutes("a", a), _minutes("b", b))

    assert found.coverage[Measure.VOLTAGE] == pytest.approx(143 / TENS)
    assert (found.lowest, found.highest) == pytest.approx((-5.0, 0.0))
    assert np.isnan(found.below[0])
    assert (found.below[1], found.above[1]) == pytest.approx((-5.0, 0.0))


def test_fewer_than_five_minutes_are_no_value() -> None:
    four = windows("m-1", "u", DAY.start, MINUTE, [220.0] * 4)
    five = windows("m-1", "u", DAY.start, MINUTE, [220.0] * 5)

    assert _judged(_spec(phases=["u"]), four).coverage[Measure.VOLTAGE] == 0
    assert _judged(_spec(phases=["u"]), five).coverage[Measure.VOLTAGE] == pytest.approx(1 / TENS)


def test_unbalance_is_judged_by_what_95_percent_dont_exceed() -> None:
    # 400, 400, 380 V between lines are 3.363 % (processors/conditions/grid/unbalance.py)
    ab = [400.0] * TENS
    ca = [380.0] * 5 + [400.0] * 139

    found = _judged(
        _spec(lines=["ab", "bc", "ca"]), _minutes("ab", ab), _minutes("bc", ab), _minutes("ca", ca)
    )  # fmt: skip

    assert found.unbalance_most == pytest.approx(3.363, abs=1e-3)
    assert found.unbalance_95 == pytest.approx(0.0, abs=1e-6)
    assert found.share[Measure.UNBALANCE] == pytest.approx(139 / TENS)
    assert found.verdict[Measure.UNBALANCE] == Verdict.COMPLIES


def test_frequency_is_judged_by_its_own_windows() -> None:
    hertz = windows("m-1", "f", DAY.start, MINUTE, [50.0] * 1430 + [50.3] * 10)

    found = _judged(_spec(frequency="f"), hertz)

    assert found.share[Measure.FREQUENCY] == pytest.approx(1430 / 1440)
    assert found.coverage[Measure.FREQUENCY] == 1
    assert found.verdict[Measure.FREQUENCY] == Verdict.FAILS  # 99.5 % are asked for
    assert (found.frequency_least, found.frequency_most) == (50.0, 50.3)


def test_from_35_kv_on_the_spread_is_judged_and_no_share() -> None:
    half = [115_000.0] * 72 + [106_000.0] * 72  # +4.5 % and -3.6 %
    wide = [115_000.0] * 72 + [103_000.0] * 72  # +4.5 % and -6.4 %

    kept = _judged(_spec(phases=["u"], nominal=110_000), _minutes("u", half))
    fails = _judged(_spec(phases=["u"], nominal=110_000), _minutes("u", wide))

    assert np.isnan(kept.share[Measure.VOLTAGE])
    assert kept.spread == pytest.approx(100 * 9 / 110)
    assert kept.verdict[Measure.VOLTAGE] == Verdict.COMPLIES
    assert fails.verdict[Measure.VOLTAGE] == Verdict.FAILS


def test_nothing_at_all_is_not_known() -> None:
    found = _judged(_spec(phases=["a", "b"], lines=["x", "y", "z"], thd="t", frequency="f"))

    assert (found.verdict == Verdict.UNKNOWN).all()
    assert np.isnan([found.lowest, found.highest, found.unbalance_95, found.thd_95, found.frequency_least]).all()
    assert found.deviations.sum() == 0


def test_each_quantity_is_read_once() -> None:
    assert columns_of(_spec(phases=["ab", "bc", "ca"], lines=["ab", "bc", "ca"], thd="t")) == ("ab", "bc", "ca", "t")
