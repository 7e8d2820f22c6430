"""A report as one page that needs nothing else: style and drawings within, no script; for screen, dark too, and paper.

Everything that comes from outside is escaped here, once: names, texts of people, reasons.
"""

from collections.abc import Iterator
from html import escape

from gateway.reports.cells import cell_text, figure_text, head_text, is_number, printable
from gateway.reports.drawing.palette import DARK, LIGHT
from gateway.reports.drawing.plots import draw
from gateway.reports.drawing.svg import svg_of
from gateway.reports.model import KeyFigure, Plot, Report, Section, Table, Verdict
from gateway.reports.words.words import Words

__all__ = ["html_of"]

_SHORT = 30
"""Texts up to this many characters keep on one line."""
_LANG = {"en": "en", "zh": "zh-Hans"}
_MARKS = {Verdict.GOOD: "●", Verdict.WARN: "▲", Verdict.BAD: "■", Verdict.UNKNOWN: "?"}
"""Beside their colours, for who sees none."""

_STYLE = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","PingFang SC",
"Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:64rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
h1{font-size:1.6rem;margin:0 0 .15rem;font-weight:600}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;font-weight:600;border-bottom:1px solid var(--rule);padding-bottom:.25rem}
h3{font-size:.95rem;margin:1.3rem 0 .35rem;font-weight:600}
p{margin:.3rem 0}
.when,.note,.limit,figcaption{color:var(--soft)}
.note,.limit,figcaption{font-size:.82rem}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.6rem;margin:1rem 0;padding:0;
list-style:none}
.figures li{border:1px solid var(--rule);border-left:4px solid var(--rule);border-radius:3px;padding:.55rem .7rem;
break-inside:avoid;overflow-wrap:anywhere}
.figures .value{display:block;font-size:1.35rem;font-weight:600;line-height:1.3}
.figures .label{display:block;font-size:.85rem}
.figures li.good{border-left-color:var(--good)}
.figures li.warn{border-left-color:var(--warn)}
.figures li.bad{border-left-color:var(--bad)}
.good .mark{color:var(--good)}.warn .mark{color:var(--warn)}.bad .mark{color:var(--bad)}
.unknown .mark{color:var(--soft)}
figure{margin:1rem 0;break-inside:avoid}
.plot{width:100%;height:auto;display:block}
.wide{overflow-x:auto}
.plot text{font-family:Helvetica,Arial,"Liberation Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
"WenQuanYi Micro Hei",sans-serif}
table{border-collapse:collapse;min-width:min(100%,34rem);font-size:.85rem}
th{text-align:left;font-weight:600;color:var(--soft);vertical-align:bottom;border-bottom:1px solid var(--faint)}
th,td{padding:.22rem .65rem .22rem 0}
td{border-bottom:1px solid var(--rule);overflow-wrap:break-word;max-width:26rem;vertical-align:top}
td.s{white-space:nowrap}
th.n,td.n{text-align:right;white-space:nowrap}
td.gap{color:var(--soft);font-style:italic}
td.mark,th.mark{width:1.2rem;padding-right:.3rem}
ul.remarks{padding-left:1.1rem}
ul.remarks li{margin:.3rem 0;overflow-wrap:anywhere}
@media print{body{font-size:10pt;background:#fff}main{max-width:none;padding:0}h2,h3{break-after:avoid}
tr{break-inside:avoid}.wide{overflow:visible}}
@page{size:A4;margin:16mm 14mm}
"""
_VERDICTS = {"page": "#ffffff", "good": "#3b7a57", "warn": "#b07514", "bad": "#a83c32"}
_VERDICTS_DARK = {"page": "#161b20", "good": "#6fbf92", "warn": "#e0b25c", "bad": "#e58074"}


def html_of(report: Report) -> bytes:
    """UTF-8; the same of the same report."""
    return "\n".join(_page(printable(report), Words(report.lang))).encode() + b"\n"


def _page(report: Report, words: Words) -> Iterator[str]:
    title = escape(f"{report.city} · {report.title} · {report.period.name}")
    yield "<!DOCTYPE html>"
    yield f'<html lang="{_LANG[report.lang]}">'
    yield '<head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
    # a page that is opened from a folder or a mail runs nothing and asks nobody for anything
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>"
    yield '<meta name="color-scheme" content="light dark"/>'
    yield f"<title>{title}</title><style>{_colours()}{_STYLE}</style></head>"
    yield "<body><main>"
    yield f"<header><h1>{escape(report.city)} · {escape(report.title)}</h1>"
    yield f'<p class="when">{escape(report.when)}</p></header>'
    yield f'<section><h2>{escape(words("page.figures"))}</h2><ul class="figures">'
    for figure in report.figures:
        yield _figure(figure, words)
    yield "</ul></section>"
    for section in report.sections:
        yield from _section(section, words)
    if report.remarks:
        yield f'<section><h2>{escape(words("page.remarks"))}</h2><ul class="remarks">'
        yield from (f"<li>{escape(remark)}</li>" for remark in report.remarks)
        yield "</ul></section>"
    yield "</main></body></html>"


def _colours() -> str:
    def variables(names: dict[str, str]) -> str:
        return "".join(f"--{name}:{code};" for name, code in names.items())

    light, dark = variables(LIGHT | _VERDICTS), variables(DARK | _VERDICTS_DARK)
    return f":root{{color-scheme:light dark;{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _mark(verdict: Verdict, words: Words) -> str:
    if verdict not in _MARKS:
        return ""
    said = escape(words(f"verdict.{verdict}"))
    return f'<span class="mark" role="img" aria-label="{said}" title="{said}">{_MARKS[verdict]}</span>'


def _figure(figure: KeyFigure, words: Words) -> str:
    parts = [
        f'<li class="{figure.verdict.value}"><span class="label">{escape(figure.label)}</span>',
        f'<span class="value">{_mark(figure.verdict, words)} {escape(figure_text(figure, words))}</span>',
    ]
    if figure.note:
        parts.append(f'<p class="note">{escape(figure.note)}</p>')
    if figure.limit:
        parts.append(f'<p class="limit">{escape(words("page.limit"))}: {escape(figure.limit)}</p>')
    return "".join([*parts, "</li>"])


def _section(section: Section, words: Words) -> Iterator[str]:
    yield f"<section><h2>{escape(section.title)}</h2>"
    if section.text:
        yield f'<p class="note">{escape(section.text)}</p>'
    for part in section.parts:
        yield from _table(part, words) if isinstance(part, Table) else _plot(part, words)
    yield "</section>"


def _plot(plot: Plot, words: Words) -> Iterator[str]:
    yield f"<figure><h3>{escape(plot.title)}</h3>"
    yield svg_of(draw(plot, words), escape(plot.title))
    yield f"<figcaption>{escape(plot.note)}</figcaption></figure>" if plot.note else "</figure>"


def _table(table: Table, words: Words) -> Iterator[str]:
    yield f"<h3>{escape(table.title)}</h3>"
    if not table.rows:
        yield f'<p class="note">{escape(table.empty or words("page.nothing"))}</p>'
        return
    yield '<div class="wide"><table><thead><tr>'
    if table.verdicts:
        yield '<th class="mark"></th>'
    for column in table.columns:
        kind = "" if column.digits is None else ' class="n"'
        yield f'<th scope="col"{kind}>{escape(head_text(column))}</th>'
    yield "</tr></thead><tbody>"
    for place, row in enumerate(table.rows):
        yield f'<tr class="{table.verdicts[place].value}">' if table.verdicts else "<tr>"
        if table.verdicts:
            yield f'<td class="mark">{_mark(table.verdicts[place], words)}</td>'
        for column, value in zip(table.columns, row, strict=True):
            kind = "n gap" if value is None and column.digits is not None else "n" if is_number(value) else ""
            kind = "gap" if value is None and not kind else kind
            kind = "s" if isinstance(value, str) and len(value) <= _SHORT else kind
            yield f'<td class="{kind}">{escape(cell_text(value, column.digits, words))}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'
