"""What a report says, as data: key figures, tables, plots, remarks. Builders make it; HTML and PDF show it.

Texts are in the report's language already. None is "not known", wherever a number could stand.
"""

from enum import StrEnum
from typing import Any

import msgspec

from gateway.reports.period import Period

__all__ = [
    "BarPlot", "Bars", "Cell", "Column", "HeatPlot", "KeyFigure", "Limit", "LinePlot", "Plot", "Report", "Section",
    "Series", "Table", "Verdict",
]  # fmt: skip

Cell = str | float | int | None


class Verdict(StrEnum):
    """Whether a figure keeps to its limit."""

    NONE = ""
    """There is no limit."""
    GOOD = "good"
    WARN = "warn"
    """Outside a guide, or near a limit."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """There is a limit, and not enough is known."""


class KeyFigure(msgspec.Struct, frozen=True):
    """One of the few numbers that are read first."""

    label: str
    value: Cell
    unit: str = ""
    digits: int = 1
    limit: str = ""
    """In words: what it is held against."""
    verdict: Verdict = Verdict.NONE
    note: str = ""
    """Such as where and when."""


class Column(msgspec.Struct, frozen=True):
    """Of a table. `digits` None: text."""

    title: str
    unit: str = ""
    digits: int | None = None


class Table(msgspec.Struct, frozen=True):
    """Rows of cells; `verdicts` one a row, or none at all."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    verdicts: tuple[Verdict, ...] = ()
    note: str = ""
    empty: str = ""
    """What is said where there is no row."""


class Limit(msgspec.Struct, frozen=True):
    """A line across a plot."""

    value: float
    label: str


class Series(msgspec.Struct, frozen=True):
    """One line. A value that is None parts it: what is not known is no line."""

    label: str
    times: tuple[int, ...]
    values: tuple[float | None, ...]
    quiet: bool = False
    """In the background, without a name."""
    steps: bool = False
    """Each value holds until the next time."""


class LinePlot(msgspec.Struct, frozen=True):
    """Over the time of the period."""

    title: str
    unit: str
    period: Period
    series: tuple[Series, ...]
    limits: tuple[Limit, ...] = ()
    note: str = ""
    floor: float | None = None
    """The axis begins here, or below where values are."""


class Bars(msgspec.Struct, frozen=True):
    """Values of one kind, one a label; several kinds are stacked."""

    label: str
    values: tuple[float | None, ...]
    tone: int = 0
    """Place in the palette."""


class BarPlot(msgspec.Struct, frozen=True):
    """Upright bars, or lying ones, which have room for long labels."""

    title: str
    unit: str
    labels: tuple[str, ...]
    bars: tuple[Bars, ...]
    limits: tuple[Limit, ...] = ()
    lying: bool = False
    every: int = 1
    """Only each so manieth label is written, of upright bars."""
    axis: str = ""
    """What the labels are."""
    note: str = ""
    digits: int = 1


class HeatPlot(msgspec.Struct, frozen=True):
    """A coloured cell for each row and column."""

    title: str
    unit: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    edges: tuple[float, ...]
    """Where the second colour begins, the third, ..."""
    names: tuple[str, ...]
    """Of the colours."""
    every: int = 1
    axis: str = ""
    note: str = ""


Plot = LinePlot | BarPlot | HeatPlot


class Section(msgspec.Struct, frozen=True):
    """Plots and tables under one heading, in order."""

    title: str
    parts: tuple[Plot | Table, ...]
    text: str = ""


class Report(msgspec.Struct, frozen=True):
    """One domain's day or week."""

    domain: str
    lang: str
    title: str
    city: str
    when: str
    """The period in words."""
    period: Period
    figures: tuple[KeyFigure, ...]
    sections: tuple[Section, ...]
    remarks: tuple[str, ...]
    """Gaps, bounds and what the numbers rest on."""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found
