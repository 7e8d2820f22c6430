"""A run's folder of truth, as tests read it."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

__all__ = ["measured_rows", "sent_rows"]


def sent_rows(run: Path) -> list[dict[str, Any]]:
    """A row a reading of a publication, and one for a publication that carries none; in order of acknowledgement."""
    return _rows(run, "sent")


def measured_rows(run: Path) -> list[dict[str, Any]]:
    """What devices really measured."""
    return _rows(run, "measured")


def _rows(run: Path, kind: str) -> list[dict[str, Any]]:
    return [row for part in sorted(run.glob(f"{kind}-*.parquet")) for row in pq.read_table(part).to_pylist()]
