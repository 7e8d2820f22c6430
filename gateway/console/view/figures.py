"""Figures that conditions compute of assets, with how they went over a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["AssetFigure", "figures_over_time"]

_POINTS = 48


@dataclass(frozen=True, slots=True)
class AssetFigure:
    """One figure of one asset: its newest value, and that of each forty-eighth of the time before."""

    condition: str
    asset: str
    name: str
    unit: str
    now: float
    values: tuple[float | None, ...]


def figures_over_time(
    newest: Iterable[Mapping[str, Any]], rows: Iterable[Sequence[Any]], start: int, end: int
) -> list[AssetFigure]:
    """`newest`: the desk's `figures`; `rows`: its `read_figures` in [start, end)."""
    width = max((end - start) // _POINTS, 1)
    past: dict[tuple[str, str, str], list[float | None]] = {}
    for condition, asset, name, _, ts, value in rows:
        place = (ts - start) // width
        if 0 <= place < _POINTS:
            past.setdefault((condition, asset, name), [None] * _POINTS)[place] = value
    out = []
    for each in newest:
        key = (each["condition"], each["asset"], each["name"])
        values = _joined(past.get(key, [None]))
        out.append(AssetFigure(*key, each["unit"], each["value"], tuple(values)))
    return out


def _joined(values: Sequence[float | None]) -> list[float | None]:
    """Figures come less often than a forty-eighth of a day: between two the earlier one stands, for some time."""
    out: list[float | None] = []
    held, kept = None, 0
    for value in values:
        held, kept = (value, 0) if value is not None else (held, kept + 1)
        out.append(held if kept <= 2 else None)
    return out
