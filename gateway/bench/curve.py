"""A curve: something varied, what was measured at each of its values, and the file that keeps the points.

    Curve(name, axis, values, measure) --run--> points.jsonl, a line a point as it is done --> CSV, picture

`measure(value, stage)` gives one point or several: figures by name. To add a curve, add one to `curves.py`.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bench.setup import Plan

__all__ = ["Curve", "Panel", "Point", "Points", "Stage", "run"]

Point = dict[str, Any]
"""Figures by name; that of the curve's axis among them."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing over the axis: these figures, in this unit."""

    label: str
    figures: tuple[str, ...]
    log: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """What every point of a run has in common. `scale`: 1, or how much smaller a quick run is."""

    plan: Plan
    scale: float
    told: Callable[[int, int], None]
    """How much of a point is done, of how much."""

    def count(self, messages: int, least: int = 200) -> int:
        """So many messages, or fewer where it has to be quick."""
        return max(round(messages * self.scale), least)

    def secs(self, secs: float) -> float:
        """So long, or shorter where it has to be quick."""
        return max(secs * self.scale, 2.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """`values` of the axis, fewer and smaller ones when it has to be `quick`."""

    name: str
    title: str
    axis: str
    label: str
    values: Sequence[Any]
    quick: Sequence[Any]
    measure: Callable[[Any, Stage], Iterable[Point]]
    panels: Sequence[Panel]
    log: bool = True
    """The axis is logarithmic; values that are words are drawn as bars."""


class Points:
    """The points of one curve in a folder. Each is on disk before the next one is begun."""

    def __init__(self, curve: Curve, folder: Path) -> None:
        self._curve = curve
        self._path = folder / f"{curve.name}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)

    def forget(self) -> None:
        """Begin anew."""
        self._path.unlink(missing_ok=True)

    def add(self, value: Any, points: Sequence[Point]) -> None:
        """What was measured at a value."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"value": value, "points": points}) + "\n")

    def read(self) -> dict[Any, list[Point]]:
        """Value -> its points. A line that a crash cut short counts as not measured."""
        found: dict[Any, list[Point]] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    each = json.loads(line)
                except ValueError:
                    continue
                found[each["value"]] = each["points"]
        return found

    def write_table(self) -> Path | None:
        """All points as CSV beside it, in order of the axis; None: there are none."""
        rows = self.rows()
        if not rows:
            return None
        path = self._path.with_suffix(".csv")
        names = [self._curve.axis, *dict.fromkeys(name for row in rows for name in row if name != self._curve.axis)]
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(rows)
        return path

    def rows(self) -> list[Point]:
        """All points, in order of the axis: as it counts, or as the curve lists its words."""
        found, words = self.read(), list(self._curve.values)
        return [
            point
            for value in sorted(found, key=lambda each: words.index(each) if isinstance(each, str) else each)
            for point in found[value]
        ]


def run(
    curve: Curve, values: Sequence[Any], stage: Stage, points: Points, done: Mapping[Any, Any],
    begun: Callable[[Any], None],
) -> Iterator[tuple[Any, list[Point]]]:  # fmt: skip
    """Measure what is not `done`, value by value; gives each with its points once they are kept."""
    for value in values:
        if value in done:
            continue
        begun(value)
        measured = [{curve.axis: value, **point} for point in curve.measure(value, stage)]
        points.add(value, measured)
        yield value, measured
