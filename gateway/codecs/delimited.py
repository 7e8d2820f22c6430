"""Delimited text: a record a line, its cells by the names of a header, by names of the profile, or by position.

    header = true        time;leq;lmax            columns = ["time", "leq"]      pairs = "="
                         12:00:00;61,2;70,4       12:00:00;61.2                  time=12:00:00;leq=61.2;
    neither: positions   10,11,12  has the cells 0, 1 and 2

A line with other than as many cells as there are names is broken, unless the profile takes ragged ones: a device cut
off, or a comma too many, would shift values onto other names. Quotes keep a delimiter, and never a line's end: a quote
that nobody closes costs its line only. Source of quoting: RFC 4180.
"""

import csv
from collections.abc import Iterator, Sequence

from gateway.codecs.flat import FlatRows, as_text, broken, check_many
from gateway.codecs.layout import Layout
from gateway.codecs.tolerant import Document, Unusable
from gateway.config.profile_model import CsvSpec, Profile
from gateway.reasons import Rejected

__all__ = ["DelimitedReader"]


class DelimitedReader:
    """Reads messages by the fields of one profile. Never called concurrently."""

    def __init__(self, profile: Profile, layout: Layout, max_records: int) -> None:
        self._spec = profile.csv or CsvSpec()
        self._rows = FlatRows(profile, layout, decimal=self._spec.decimal, missing=self._spec.missing)
        self._max_records = max_records
        self._joined = {name: columns for name, columns in self._spec.joined.items() if name in self._rows.names}
        self._wanted = (self._rows.names - self._joined.keys()) | {
            column for columns in self._joined.values() for column in columns
        }

    def read(self, payload: bytes, receipt: int | None = None) -> Document:
        """The rows of a message. Raises Unusable."""
        text, spec = as_text(payload), self._spec
        check_many(text.count("\n"), text.count(spec.delimiter), self._max_records)
        found = Document()
        # only the ends of lines that devices write: str.splitlines knows ten more
        lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
        if spec.pairs is not None:
            for line in lines:
                self._pairs(line, found)
            return self._rows.finished(found)
        names: Sequence[str] | None = spec.columns or None
        if spec.header and lines:
            names = self._header(lines.pop(0))
        for line in lines:
            cells = self._cells(line)
            if cells is None:
                broken(found, line, "has a quote that does not end its value")
            elif names is None:
                self._add({str(k): cell for k, cell in enumerate(cells)}, found)
            elif len(cells) != len(names) and not spec.ragged:
                broken(found, line, f"has {len(cells)} values, not {len(names)}")
            else:
                self._add(dict(zip(names, cells, strict=False)), found)
        return self._rows.finished(found)

    def _header(self, line: str) -> list[str]:
        names = self._cells(line) or []
        for name in self._wanted:
            if names.count(name) > 1:
                raise Unusable(Rejected.WRONG_SHAPE, f"the header names {name} more than once")
        if self._wanted.isdisjoint(names):
            wanted = ", ".join(sorted(self._wanted))
            raise Unusable(Rejected.WRONG_SHAPE, f"the first line is no header with any of {wanted}")
        return names

    def _pairs(self, line: str, found: Document) -> None:
        record: dict[str, str] = {}
        cells = self._cells(line)
        if cells is None:
            broken(found, line, "has a quote that does not end its value")
            return
        wrong = False
        for cell in filter(None, cells):
            name, sign, value = cell.partition(self._spec.pairs or "=")
            if sign:
                record[name.strip()] = value.strip()
            else:
                wrong = True
                broken(found, cell, f"is no name{self._spec.pairs}value")
        if record or not wrong:
            self._add(record, found)

    def _add(self, record: dict[str, str], found: Document) -> None:
        for name, columns in self._joined.items():
            parts = [record[column] for column in columns if record.get(column)]
            if len(parts) == len(columns):
                record[name] = " ".join(parts)
        self._rows.add(found, record)

    def _cells(self, line: str) -> list[str] | None:
        """The values of a line without the blanks around them; None where a quote is wrong."""
        spec = self._spec
        if spec.quote and spec.quote in line:
            try:
                cells = next(_quoted(line, spec), [])
            except csv.Error:
                return None
        elif spec.delimiter == " ":
            return line.split()
        else:
            cells = line.split(spec.delimiter)
        return [cell.strip() for cell in cells]


def _quoted(line: str, spec: CsvSpec) -> Iterator[list[str]]:
    return csv.reader(
        [line], delimiter=spec.delimiter, quotechar=spec.quote, doublequote=True, skipinitialspace=True, strict=True
    )
