"""A curve as a picture: a drawing a panel, one below the other, over a common axis."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.bench.curve import Curve, Point
from gateway.errors import CommandError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_plots", "draw"]

_WIDTH, _HEIGHT = 8.0, 2.6
"""Inches, and of one panel."""


def check_plots() -> None:
    """Raise CommandError where there is nothing to draw with: better before hours of measuring than after."""
    try:
        import matplotlib  # noqa: F401, ICN001, PLC0415  an extra
    except ImportError as error:
        raise CommandError(
            "Curves are drawn by matplotlib, which is not installed.",
            "`pip install 'cityloom[plots]'`, or ask for `--picture none` and take the CSV.", 2,
        ) from error  # fmt: skip


def draw(curve: Curve, points: Sequence[Point], path: Path, *, note: str = "") -> None:
    """Draw into `path`, whose suffix says whether PNG or SVG."""
    from matplotlib.figure import Figure  # noqa: PLC0415  an extra

    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(curve.panels) + 0.8), layout="constrained")
    panels = figure.subplots(len(curve.panels), 1, sharex=True, squeeze=False)[:, 0]
    figure.suptitle(curve.title)
    axis = [point[curve.axis] for point in points]
    words = any(isinstance(value, str) for value in axis)
    for panel, axes in zip(curve.panels, panels, strict=True):
        for name in panel.figures:
            known = [(at, point[name]) for at, point in zip(axis, points, strict=True) if point.get(name) is not None]
            _line(axes, [str(at) if words else at for at, _ in known], [each for _, each in known], name)
        axes.set_ylabel(panel.label)
        axes.grid(visible=True, alpha=0.3)
        if panel.log:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        if curve.log and not words:
            axes.set_xscale("log")
            measured = sorted(set(axis))
            axes.set_xticks(measured, [f"{each:,}" for each in measured])
            axes.set_xticks([], minor=True)
        if len(panel.figures) > 1:
            axes.legend(fontsize="small")
    panels[-1].set_xlabel(f"{curve.label}\n{note}" if note else curve.label)
    figure.savefig(path)


def _line(axes: "Axes", at: Sequence[object], values: Sequence[float], name: str) -> None:
    axes.plot(at, values, marker="o", markersize=3, linewidth=1.2, label=name)  # type: ignore[arg-type]
