"""Where the embedded store's file is, how long things stay in it, and what a run of `compact` did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

__all__ = ["Compaction", "DuckDbConfig"]


@dataclass(frozen=True, slots=True)
class DuckDbConfig:
    """Where the file is and how long things stay in it."""

    path: Path
    raw_retention: int
    """ns; days of raw readings wholly older than this are dropped by `compact`."""
    aggregate_retention: Mapping[int, int] = field(default_factory=dict)
    """Step in seconds -> ns; a step that is not named stays for good. Figures stay as long as the largest step."""
    memory_mb: int = 512
    threads: int = 2

    @property
    def figure_retention(self) -> int | None:
        """How long (ns) figures stay; None: for good."""
        return self.aggregate_retention[max(self.aggregate_retention)] if self.aggregate_retention else None


class Compaction(NamedTuple):
    """What a run of `compact` did."""

    days_dropped: int
    days_merged: int
    rows_saved: int
    """Rows of merged days that later ones stood over."""
    readings_dropped: int
    """What the dropped days held; counted for good as aged out."""
    revisions_saved: int
    aggregates_dropped: int
    figures_saved: int
    figures_dropped: int
