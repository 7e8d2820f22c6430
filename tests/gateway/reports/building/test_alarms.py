"""The report on the alarm system: rates an operator, floods, and what nobody did."""

import msgspec
import pytest

from gateway.reports.building.alarms import build_alarms
from gateway.reports.facts import AlarmChange, AlarmFacts
from gateway.reports.gathering.upkeep import AlarmData
from gateway.reports.model import BarPlot, LinePlot, Verdict
from gateway.reports.words.words import Words
from tests.support.reports import DAY, HOUR, MINUTE, NO_ALARMS, cells, change, context, figure_of, table_of

EN = Words("en")


def _flood(number: int) -> tuple[AlarmChange, ...]:
    """So many alarms within ten minutes from ten o'clock on, one each half minute."""
    begin = DAY.start + 10 * HOUR
    return tuple(change("raised", begin + k * MINUTE // 2, asset=f"a{k:02}", priority=4) for k in range(number))


def test_a_flood_is_outside_what_is_acceptable() -> None:
    report = build_alarms(AlarmData(context(), AlarmFacts(_flood(12), (), ())), EN)

    most, flood = figure_of(report, "Most in 10 min"), figure_of(report, "Time in flood")
    assert (most.value, most.verdict, most.note) == (12, Verdict.BAD, "10:00")
    # one of 144: below one per cent of the time; two are above
    assert (round(float(flood.value or 0), 3), flood.verdict) == (0.694, Verdict.GOOD)
    again = tuple(msgspec.structs.replace(each, at=each.at + HOUR) for each in _flood(12))
    twice = build_alarms(AlarmData(context(), AlarmFacts(_flood(12) + again, (), ())), EN)
    assert figure_of(twice, "Time in flood").verdict == Verdict.BAD
    tens = next(p for s in report.sections for p in s.parts if isinstance(p, LinePlot))
    assert tens.series[0].values[59:62] == (0.0, 12.0, 0.0)
    assert [limit.value for limit in tens.limits] == [2.0, 10.0]


def test_ten_alarms_in_ten_minutes_are_none() -> None:
    report = build_alarms(AlarmData(context(), AlarmFacts(_flood(10), (), ())), EN)

    assert (figure_of(report, "Most").verdict, figure_of(report, "Time in flood").value) == (Verdict.GOOD, 0.0)


@pytest.mark.parametrize(
    ("alarms", "operators", "rate", "verdict"), [(144, 1, 1.0, Verdict.GOOD), (288, 1, 2.0, Verdict.WARN),
                                                 (432, 1, 3.0, Verdict.BAD), (432, 3, 1.0, Verdict.GOOD)],
)  # fmt: skip
def test_the_rate_is_shared_among_operators(alarms: int, operators: int, rate: float, verdict: Verdict) -> None:
    step = (DAY.end - DAY.start) // alarms
    changes = tuple(change("raised", DAY.start + k * step, asset=f"a{k}", priority=4) for k in range(alarms))

    report = build_alarms(AlarmData(context(), AlarmFacts(changes, (), ()), operators), EN)

    assert (figure_of(report, "Per operator in").value, figure_of(report, "Per operator in").verdict) == (rate, verdict)
    assert figure_of(report, "Per operator-hour").value == rate * 6


def test_priorities_are_held_against_the_guide() -> None:
    changes = tuple(
        change("raised", DAY.start + k * MINUTE * 20, asset=f"a{k}", priority=p) for k, p in enumerate((1, 2, 3, 4, 4))
    )

    table = table_of(build_alarms(AlarmData(context(), AlarmFacts(changes, (), ())), EN), "Priorities against")

    assert cells(table, "priority", "announced", "share", "guide") == [
        ("critical and high", 2, 40.0, 5.0), ("medium", 1, 20.0, 15.0), ("low", 2, 40.0, 80.0),
    ]  # fmt: skip
    assert table.verdicts == (Verdict.WARN, Verdict.WARN, Verdict.NONE)


def test_times_to_acknowledge_are_by_priority_and_nobody_is_said_to_have_done_so() -> None:
    at = DAY.start + HOUR
    acked = (change("raised", at, priority=2), change("acknowledged", at + 4 * MINUTE, since=at))

    done = build_alarms(AlarmData(context(), AlarmFacts(acked, (), ())), EN)
    nobody = build_alarms(AlarmData(context(), AlarmFacts(acked[:1], (), ())), EN)

    assert cells(table_of(done, "From being told"), "priority", "acknowledged", "median") == [("high", 1, 4.0)]
    assert cells(table_of(nobody, "From being told"), "acknowledged", "median") == [(0, None)]
    assert "nothing is known" in nobody.remarks[0]


def test_bars_are_by_hour_and_hours_that_are_not_over_are_not_known() -> None:
    data = AlarmData(context(until=DAY.start + 12 * HOUR), AlarmFacts(_flood(3), (), ()))

    bars = next(p for s in build_alarms(data, EN).sections for p in s.parts if isinstance(p, BarPlot))

    low = bars.bars[3]
    assert low.values[9:12] == (0.0, 3.0, 0.0)
    assert low.values[12:] == (None,) * 12


def test_of_no_alarm_shares_are_not_known() -> None:
    report = build_alarms(AlarmData(context(), NO_ALARMS), EN)

    assert (figure_of(report, "Alarms announced").value, figure_of(report, "Share of the ten").value) == (0, None)
    assert table_of(report, "Standing for more").rows == ()


def test_a_day_of_which_half_was_not_heard_is_no_quiet_day() -> None:
    half = context(unheard=((DAY.start, DAY.start + 12 * HOUR),))

    report = build_alarms(AlarmData(half, NO_ALARMS), EN)

    bars = next(p for s in report.sections for p in s.parts if isinstance(p, BarPlot))
    assert bars.bars[0].values[11:13] == (None, 0.0)
    tens = next(p for s in report.sections for p in s.parts if isinstance(p, LinePlot))
    assert tens.series[0].values[71:73] == (None, 0.0)
    assert "In 12 h of the period nothing came" in report.remarks[0]
    assert "00:00 – 12:00" in report.remarks[0]
    nothing = build_alarms(AlarmData(context(unheard=((DAY.start, DAY.end),)), NO_ALARMS), EN)
    assert [figure.value for figure in nothing.figures] == [None] * 8
