r"""InfluxDB line protocol, as Telegraf and devices publish it.

    weather,station=wx-01,model=a\ b temperature=21.5,tips=12i,door=t,note="a \"b\"" 1772366400000000000
    ------- ------------------------ ---------------------------------------------- -------------------
    measurement      tags                             fields                             timestamp

A field's path is the field's key, or else a tag's; an identity's is a tag's, or else a field's; `time` is the line's
own timestamp. Lines of other measurements are no news. A value that can't be read costs its field, a line its record.
Source: docs.influxdata.com, "Line protocol" (InfluxDB v2): elements, data types, special characters, comments.
"""

import re
from typing import Any

from gateway.codecs.flat import FlatRows, as_text, broken, check_many
from gateway.codecs.layout import Layout
from gateway.codecs.slots import Bad, shown
from gateway.codecs.tolerant import Document
from gateway.config.profile_model import Profile
from gateway.reasons import Invalid

__all__ = ["TIME", "LineProtocolReader"]

TIME = "time"

# possessive throughout: no text makes these go back
_MEASUREMENT = re.compile(r"(?:[^\\, \n]|\\[^\n]|\\$)++")
_PART = r"(?:[^\\,= \n]|\\[^\n])++"
_TAG = re.compile(rf",({_PART})=({_PART})")
_FIELD = re.compile(rf'({_PART})=("(?:[^"\\]|\\.)*+"|[^", \n]++)', re.DOTALL)
_REST = re.compile(r"(?: ++(-?[0-9]{1,19}))? *+\r?(?:\n|\Z)")
_BLANKS = re.compile(r" ++")
_EMPTY = re.compile(r"[ \r\n\t]*+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]{1,4})?")
_INTEGER = re.compile(r"(-?[0-9]{1,20})[iu]")
_BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True)
_BOOLEANS |= dict.fromkeys(("f", "F", "false", "False", "FALSE"), False)


class LineProtocolReader:
    """Reads messages by the fields of one profile. Never called concurrently."""

    def __init__(self, profile: Profile, layout: Layout, max_records: int) -> None:
        self._rows = FlatRows(profile, layout)
        self._max_records = max_records
        self._measurements = frozenset(profile.line_protocol.measurement if profile.line_protocol else ())

    def read(self, payload: bytes, receipt: int | None = None) -> Document:
        """The rows of a message. Raises Unusable."""
        text = as_text(payload)
        check_many(text.count("\n"), text.count("="), self._max_records)
        found = Document()
        at = _next(text, 0)
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            if text[at] != "#":
                # a string may hold line ends, so the line says itself where it ends
                end = self._line(text, at, found) or end
            at = _next(text, end + 1)
        return self._rows.finished(found)

    def _line(self, text: str, at: int, found: Document) -> int | None:
        """Read the line at `at`; where it ends, or None where it can't be read."""
        line = text[at : at + 41].partition("\n")[0]
        start = _MEASUREMENT.match(text, at)
        if start is None:
            broken(found, line, "has no measurement")
            return None
        at = start.end()
        tags: dict[str, str] = {}
        while tag := _TAG.match(text, at):
            tags[_plain(tag[1])] = _plain(tag[2])
            at = tag.end()
        blanks = _BLANKS.match(text, at)
        if blanks is None:
            broken(found, line, "has no fields, or a tag that is none")
            return None
        record: dict[str, Any] = dict(tags)
        at = blanks.end()
        while field := _FIELD.match(text, at):
            record[_plain(field[1])] = _value(field[1], field[2])
            at = field.end()
            if not text.startswith(",", at):
                break
            at += 1
        else:
            broken(found, line, "has a field that is none")
            return None
        rest = _REST.match(text, at)
        if rest is None:
            broken(found, line, "does not end in a timestamp")
            return None
        if not self._measurements or _plain(start[0]) in self._measurements:
            if rest[1] is not None:
                record[TIME] = rest[1]
            self._rows.add(found, record, tags)
        return rest.end() - 1 if text.startswith("\n", rest.end() - 1) else rest.end()


def _next(text: str, at: int) -> int:
    """Where the next line begins, `at` or behind."""
    found = _EMPTY.match(text, at)
    return len(text) if found is None else found.end()


def _plain(text: str) -> str:
    return text.replace("\\,", ",").replace("\\=", "=").replace("\\ ", " ") if "\\" in text else text


def _unescaped(text: str) -> str:
    """The content of a string. A pair of backslashes is one, and no part of what follows."""
    return "\\".join(part.replace('\\"', '"') for part in text.split("\\\\")) if "\\" in text else text


def _value(key: str, text: str) -> Any:
    """A typed value; strings are given so that only what takes texts takes them."""
    if text.startswith('"'):
        return _Text(_unescaped(text[1:-1]))
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    whole = _INTEGER.fullmatch(text)
    if whole is not None:
        return int(whole[1])
    if len(text) <= 40 and _FLOAT.fullmatch(text):
        return float(text)
    return Bad(Invalid.WRONG_TYPE, f"{_plain(key)} is {shown(text)}, no value of line protocol")


class _Text(str):
    """A string of the wire, not to be read as a number."""

    __slots__ = ()
