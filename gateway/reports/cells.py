"""Numbers and texts as a report prints them, the same in the page and the PDF."""

import re
from typing import Any

import msgspec

from gateway.reports.model import Cell, Column, KeyFigure, Report
from gateway.reports.words.words import Words

__all__ = ["cell_text", "figure_text", "head_text", "is_number", "printable"]

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no text needs: control characters, those that turn the direction of writing, and what is no character at all."""


def printable(report: Report) -> Report:
    """The report with texts of signs that are printed, and no others."""
    made: Report = _printable(report)
    return made


def _printable(part: Any) -> Any:
    if type(part) is str:  # a verdict is one too, and ours
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", part)
    if type(part) is tuple:
        return tuple(map(_printable, part))
    if isinstance(part, msgspec.Struct):
        return type(part)(*map(_printable, msgspec.structs.astuple(part)))
    return part


def is_number(value: Cell) -> bool:
    """Whether it stands to the right."""
    return isinstance(value, int | float)


def cell_text(value: Cell, digits: int | None, words: Words) -> str:
    """Thousands parted, so many digits behind the point; what is not known is said."""
    if value is None:
        return words("page.unknown")
    if isinstance(value, str):
        return value
    text = f"{value:,.{digits or 0}f}"
    # no "-0.0": a deviation that rounds to nothing has no sign
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def head_text(column: Column) -> str:
    """Title with unit."""
    return f"{column.title}, {column.unit}" if column.unit else column.title


def figure_text(figure: KeyFigure, words: Words) -> str:
    """Value with unit."""
    text = cell_text(figure.value, figure.digits, words)
    return f"{text} {figure.unit}" if figure.unit and figure.value is not None else text
