"""Bare words and numbers, a message each: `on`, `Online`, `21.5`, `nan` (which is missing)."""

from math import nan
from typing import Any

from gateway.codecs.flat import as_text, text_reader
from gateway.codecs.layout import Layout
from gateway.codecs.slots import Bad
from gateway.codecs.tolerant import Document
from gateway.config.profile_model import Profile

__all__ = ["TextReader"]


class TextReader:
    """Reads the whole payload as each field of one profile. Never called concurrently."""

    def __init__(self, profile: Profile, layout: Layout, max_records: int) -> None:
        fields = profile.fields.values()
        reads = [text_reader(field.type, words=field.enum) for field in fields]
        self._fields = [(layout.slots[place], read) for place, read in zip(layout.fields, reads, strict=True)]

    def read(self, payload: bytes, receipt: int | None = None) -> Document:
        """The one row of a message. Raises Unusable."""
        text = as_text(payload).strip()
        found, row = Document(), list[Any]()
        for number, (slot, read) in enumerate(self._fields):
            value = slot.clean(read(text))
            if isinstance(value, Bad):
                found.bad.append((0, number, value))
                value = nan
            row.append(value)
        found.rows.append(tuple(row))
        return found
