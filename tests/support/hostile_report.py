"""A report of which every text comes from somebody who means no good."""

from gateway.reports.model import (
    BarPlot,
    Bars,
    Column,
    HeatPlot,
    KeyFigure,
    Limit,
    LinePlot,
    Report,
    Section,
    Series,
    Table,
    Verdict,
)
from tests.support.reports import DAY, HOUR

__all__ = ["HOSTILE", "hostile_report"]

HOSTILE = (
    '<script>alert("1")</script> & \' <img src=x onerror=y> ]]> \x00\x1b[2J\u202e\ud800 天河 %s {0} <font name="x">'
)


def hostile_report(text: str = HOSTILE) -> Report:
    """With a part of each kind."""
    times = tuple(DAY.start + k * HOUR for k in range(24))
    line = LinePlot(text, text, DAY, (Series(text, times, (1.0,) * 24),), (Limit(1.0, text),), text)
    bars = tuple(
        BarPlot(
            text, text, (text, text), (Bars(text, (1.0, None)), Bars(text, (2.0, 3.0), 1)), (), lying, 1, text, text
        )
        for lying in (False, True)
    )
    heat = HeatPlot(text, text, (text,), (text, text), ((1.0, None),), (2.0,), (text, text), 1, text, text)
    table = Table(
        text, (Column(text), Column(text, text, 1)), ((text, None), (None, 2.0)), (Verdict.BAD, Verdict.GOOD), text
    )
    empty = Table(text, (Column(text),), (), empty=text)
    said = ((text, Verdict.BAD), (None, Verdict.UNKNOWN), (1.5, Verdict.NONE))
    figures = tuple(KeyFigure(text, value, text, 1, text, verdict, text) for value, verdict in said)
    section = Section(text, (line, *bars, heat, table, empty), text)
    return Report("gas", "en", text, text, text, DAY, figures, (section,), (text,))
