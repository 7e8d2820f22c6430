"""FIWARE UltraLight 2.0: groups of attributes and texts, each with a time of its own or none.

    2026-03-01T12:00:00Z|t|15.2|h|48#t|15.3        # parts groups, | parts names and values

What stands before the first name of a group is its time, by the name `TimeInstant`, which an attribute may have too.
Source: telefonicaid/iotagent-ul, user manual, "Measure payload syntax".
"""

from gateway.codecs.flat import FlatRows, as_text, broken, check_many
from gateway.codecs.layout import Layout
from gateway.codecs.tolerant import Document
from gateway.config.profile_model import Profile

__all__ = ["TIME", "UltraLightReader"]

TIME = "TimeInstant"


class UltraLightReader:
    """Reads measures by the fields of one profile. Never called concurrently."""

    def __init__(self, profile: Profile, layout: Layout, max_records: int) -> None:
        self._rows = FlatRows(profile, layout)
        self._max_records = max_records

    def read(self, payload: bytes, receipt: int | None = None) -> Document:
        """The rows of a measure. Raises Unusable."""
        text = as_text(payload)
        check_many(text.count("#"), text.count("|"), self._max_records)
        found = Document()
        for group in text.strip().split("#"):
            parts = [part.strip() for part in group.split("|")]
            timed = len(parts) % 2
            names, values = parts[timed::2], parts[timed + 1 :: 2]
            if not names:
                broken(found, group, "has no attribute")
            elif not all(names):
                broken(found, group, "has an attribute without a name")
            else:
                record = dict(zip(names, values, strict=True))
                if timed:
                    record[TIME] = parts[0]
                self._rows.add(found, record)
        return self._rows.finished(found)
