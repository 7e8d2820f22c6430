"""The page: well formed, whole in itself, and harmless whatever it is made of."""

import re
from xml.etree import ElementTree as ET

import pytest

from gateway.reports.html import html_of
from gateway.reports.model import Report
from tests.support.hostile_report import hostile_report

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "section", "ul", "li",
    "span", "figure", "figcaption", "svg", "g", "rect", "path", "polyline", "text", "div", "table", "thead", "tbody",
    "tr", "th", "td",
}  # fmt: skip


def _parsed(report: Report) -> ET.Element:
    """As XML, which is stricter than HTML asks for; what no text may hold is replaced by the page itself."""
    text = html_of(report).decode()
    return ET.fromstring(text.partition("\n")[2])


@pytest.mark.parametrize("text", ["plain", None])
def test_it_is_well_formed_and_has_none_but_these_elements(text: str | None) -> None:
    page = _parsed(hostile_report() if text is None else hostile_report(text))

    assert {element.tag.rpartition("}")[2] for element in page.iter()} <= ELEMENTS
    names = {name for element in page.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or name in ("src", "href", "action")]


def test_hostile_texts_stand_there_as_texts() -> None:
    page = html_of(hostile_report()).decode()

    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#x27;" in page
    assert "\x00" not in page
    assert "\x1b" not in page


def test_it_asks_nobody_for_anything() -> None:
    page = html_of(hostile_report("plain")).decode()

    assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/)", page) == []
    assert "default-src 'none'" in page


def test_the_language_is_said_and_dark_has_colours_of_its_own() -> None:
    page = html_of(hostile_report("plain")).decode()

    assert '<html lang="en">' in page
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page


def test_verdicts_are_told_without_colour_too_and_gaps_in_words() -> None:
    page = html_of(hostile_report("plain")).decode()

    assert 'aria-label="outside limits"' in page
    assert '<td class="n gap">not known</td>' in page


def test_the_same_report_is_the_same_bytes() -> None:
    assert html_of(hostile_report()) == html_of(hostile_report())
