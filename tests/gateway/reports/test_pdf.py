"""The PDF: opens, says what the page says, and is the same each time."""

import base64
import re
import zlib

import msgspec

from gateway.reports.model import Column, Section, Table
from gateway.reports.pdf import pdf_of
from tests.support.hostile_report import hostile_report

STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def _decoded(body: bytes) -> str:
    """What is shown, as far as it is Latin."""
    out = []
    for found in STREAM.findall(body):
        raw = found.strip()
        if raw.endswith(b"~>"):
            raw = zlib.decompress(base64.a85decode(raw[:-2]))
        out += [part.decode("latin-1") for part in re.findall(rb"\((.*?)(?<!\\)\) ?Tj", raw, re.DOTALL)]
    return " ".join(out)


def test_it_is_a_whole_file_with_pages() -> None:
    body = pdf_of(hostile_report())

    assert body.startswith(b"%PDF-1.")
    assert body.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", body)) >= 2
    assert b"/BaseFont /STSong-Light" in body
    assert b"/JavaScript" not in body
    assert b"/URI" not in body


def test_it_has_the_texts() -> None:
    text = _decoded(pdf_of(hostile_report("plain words")))

    assert "plain words" in text
    assert "Key figures" in text
    assert "outside limits" in text
    assert "not known" in text
    assert "page 1" in text


def test_hostile_texts_are_texts() -> None:
    assert "<script>alert" in _decoded(pdf_of(hostile_report())).replace("\\(", "(")


def test_the_same_report_is_the_same_bytes() -> None:
    assert pdf_of(hostile_report()) == pdf_of(hostile_report())


def test_a_table_that_is_too_long_and_too_wide_goes_over_pages() -> None:
    columns = tuple(Column(f"quantity number {k}", "m³/h", 2) for k in range(16))
    rows = tuple(tuple(float(k * 1000 + row) for k in range(16)) for row in range(300))
    report = hostile_report("plain")
    long = msgspec.structs.replace(report, sections=(Section("s", (Table("t", columns, rows),)),))

    assert len(re.findall(rb"/Type /Page\b", pdf_of(long))) >= 6
