"""A report as PDF: the same parts in the same order as the page; drawings stay vectors.

Latin text is set in Helvetica, other signs in STSong-Light, a font that readers bring along: none is in the file.
"""

import io
import re
from collections.abc import Iterator
from html import escape

from reportlab.lib.enums import TA_RIGHT  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import Table as Grid

from gateway.reports.cells import cell_text, figure_text, head_text, is_number, printable
from gateway.reports.drawing.palette import CHINESE, LATIN, colour, font_of, width
from gateway.reports.drawing.plots import draw
from gateway.reports.model import Column, KeyFigure, Plot, Report, Section, Table, Verdict
from gateway.reports.words.words import Words

__all__ = ["pdf_of"]

_MARGIN = 15 * mm
_ROOM = A4[0] - 2 * _MARGIN
_FIGURES_A_ROW = 3
_LEAST, _PAD = 22.0, 8.0
_VERDICTS = {Verdict.GOOD: "#3b7a57", Verdict.WARN: "#b07514", Verdict.BAD: "#a83c32", Verdict.UNKNOWN: "#5c6873"}
_MARKS = {Verdict.GOOD: "o", Verdict.WARN: "!", Verdict.BAD: "x", Verdict.UNKNOWN: "?"}
_RUNS = re.compile(r"[\u0000-\u00ff–—…‘’“”•€]+|[^\u0000-\u00ff–—…‘’“”•€]+")


def _style(size: float, **more: object) -> ParagraphStyle:
    named = {"textColor": colour("ink"), "wordWrap": "CJK"} | more
    return ParagraphStyle(f"s{size}", fontName=LATIN, fontSize=size, leading=size * 1.35, **named)


_TITLE = _style(17)
_HEAD = _style(12.5, spaceBefore=12, spaceAfter=4)
_SUBHEAD = _style(9.5, spaceBefore=8, spaceAfter=3)
_TEXT = _style(8.5, spaceAfter=2)
_NOTE = _style(7.5, textColor=colour("soft"), spaceAfter=3)
_CELL = _style(7.5)
_NUMBER = _style(7.5, alignment=TA_RIGHT)
_CELL_HEAD = _style(7.5, textColor=colour("soft"))
_NUMBER_HEAD = _style(7.5, textColor=colour("soft"), alignment=TA_RIGHT)
_VALUE = _style(13, spaceAfter=1)


def pdf_of(report: Report) -> bytes:
    """The same of the same report."""
    report, words, out = printable(report), Words(report.lang), io.BytesIO()
    name = f"{report.city} · {report.title} · {report.period.name}"
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=14 * mm, bottomMargin=16 * mm, title=name,
        author="CityLoom", subject=report.when, lang={"zh": "zh-Hans"}.get(report.lang, report.lang), invariant=1,
    )  # fmt: skip

    def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setFillColor(colour("soft"))
        canvas.setFont(font_of(name), 7)
        canvas.drawString(_MARGIN, 9 * mm, name)
        page = words("page.page", page=document.page)
        canvas.setFont(font_of(page), 7)
        canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, page)
        canvas.restoreState()

    document.build(list(_story(report, words)), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _markup(text: str) -> str:
    """Escaped, each run of signs in the font that has them."""
    runs = _RUNS.findall(text)
    return "".join(
        escape(run) if font_of(run) == LATIN else f'<font name="{CHINESE}">{escape(run)}</font>' for run in runs
    )


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_markup(text), style)


def _story(report: Report, words: Words) -> Iterator[Flowable]:
    yield _text(f"{report.city} · {report.title}", _TITLE)
    yield Spacer(1, 4)
    yield _text(report.when, _NOTE)
    yield _text(words("page.figures"), _HEAD)
    yield _figures(report.figures, words)
    for section in report.sections:
        yield from _section(section, words)
    if report.remarks:
        yield _text(words("page.remarks"), _HEAD)
        yield from (_text(f"• {remark}", _TEXT) for remark in report.remarks)


def _figures(figures: tuple[KeyFigure, ...], words: Words) -> Flowable:
    cells = [_figure(figure, words) for figure in figures]
    cells += [[]] * (-len(cells) % _FIGURES_A_ROW)
    rows = [cells[first : first + _FIGURES_A_ROW] for first in range(0, len(cells), _FIGURES_A_ROW)]
    grid = Grid(rows, colWidths=[_ROOM / _FIGURES_A_ROW] * _FIGURES_A_ROW)
    style: list[tuple[object, ...]] = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 6)]
    for place, figure in enumerate(figures):
        at = place % _FIGURES_A_ROW, place // _FIGURES_A_ROW
        line = _VERDICTS.get(figure.verdict)
        style.append(("LINEBEFORE", at, at, 2, line or colour("rule")))
    grid.setStyle(style)
    return grid


def _figure(figure: KeyFigure, words: Words) -> list[Flowable]:
    value = _markup(figure_text(figure, words))
    if figure.verdict in _VERDICTS:
        said = escape(words(f"verdict.{figure.verdict}"))
        font = font_of(said)
        value += f' <font name="{font}" size="7" color="{_VERDICTS[figure.verdict]}">{said}</font>'
    parts: list[Flowable] = [_text(figure.label, _TEXT), Paragraph(value, _VALUE)]
    if figure.note:
        parts.append(_text(figure.note, _NOTE))
    if figure.limit:
        parts.append(_text(f"{words('page.limit')}: {figure.limit}", _NOTE))
    return parts


def _section(section: Section, words: Words) -> Iterator[Flowable]:
    head: list[Flowable] = [_text(section.title, _HEAD)]
    if section.text:
        head.append(_text(section.text, _NOTE))
    for part in section.parts:
        if isinstance(part, Table):
            top, rest = _table(part, words)
            yield KeepTogether([*head, *top])
            yield from rest
        else:
            yield KeepTogether([*head, *_plot(part, words)])
        head = []


def _plot(plot: Plot, words: Words) -> list[Flowable]:
    drawing = draw(plot, words)
    parts: list[Flowable] = [_text(plot.title, _SUBHEAD), drawing]
    if plot.note:
        parts.append(_text(plot.note, _NOTE))
    return parts


def _table(table: Table, words: Words) -> tuple[list[Flowable], list[Flowable]]:
    """What keeps together: title and what is said of nothing; and the rows, which may go over pages."""
    title: list[Flowable] = [_text(table.title, _SUBHEAD)]
    if not table.rows:
        return [*title, _text(table.empty or words("page.nothing"), _NOTE)], []
    texts = [[cell_text(v, c.digits, words) for c, v in zip(table.columns, row, strict=True)] for row in table.rows]
    head = [_text(head_text(c), _CELL_HEAD if c.digits is None else _NUMBER_HEAD) for c in table.columns]
    body = [
        [
            _text(text, _NUMBER if is_number(value) or (value is None and c.digits is not None) else _CELL)
            for c, value, text in zip(table.columns, row, line, strict=True)
        ]
        for row, line in zip(table.rows, texts, strict=True)
    ]
    widths = _widths(table.columns, texts)
    grid = Grid([head, *body], colWidths=widths, repeatRows=1, hAlign="LEFT")
    style: list[tuple[object, ...]] = [
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"), ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, colour("faint")), ("LINEBELOW", (0, 1), (-1, -1), 0.3, colour("rule")),
    ]  # fmt: skip
    for row, verdict in enumerate(table.verdicts):
        if verdict in (Verdict.WARN, Verdict.BAD):
            style.append(("LINEBEFORE", (0, row + 1), (0, row + 1), 2, _VERDICTS[verdict]))
    grid.setStyle(style)
    rest: list[Flowable] = [grid]
    if table.note:
        rest += [Spacer(1, 2), _text(table.note, _NOTE)]
    if len(table.rows) <= 3:
        return [*title, *rest], []
    return title, rest


def _widths(columns: tuple[Column, ...], rows: list[list[str]]) -> list[float]:
    """Each as wide as its longest word or number asks for; what is left goes to long texts."""
    size = _CELL.fontSize
    least, wish = [], []
    for place, column in enumerate(columns):
        texts = [row[place] for row in rows]
        longest = max((width(text, size) for text in texts), default=0.0)
        title = head_text(column)
        heading = max(width(word, size) for word in [*title.split(), ""])
        narrow = longest if column.digits is not None else min(longest, 60.0)
        least.append(max(narrow, heading, _LEAST) + _PAD + 1)
        wish.append(max(longest, width(title, size), _LEAST) + _PAD + 1)
    spare = _ROOM - sum(least)
    wanted = [max(w - n, 0.0) for w, n in zip(wish, least, strict=True)]
    if spare <= 0:
        return [n * _ROOM / sum(least) for n in least]
    share = min(spare / sum(wanted), 1.0) if sum(wanted) else 0.0
    return [n + w * share for n, w in zip(least, wanted, strict=True)]
