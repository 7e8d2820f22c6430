"""The paper under every plot: title, frame, axes with round numbers, limits, legend.

    title
    unit        legend
      |  .    .          <- limits with their names
      |____________
        axis, what it is

Coordinates are points with the origin below left, as PDF has them; texts stand at whole points (the SVG needs that).
"""

import math
from collections.abc import Callable, Sequence

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String  # type: ignore[import-untyped]

from gateway.reports.drawing.palette import colour, font_of, width
from gateway.reports.model import Limit

__all__ = ["SIZE", "SMALL", "WIDTH", "Canvas", "Scale", "nice_steps", "number_text", "shortened"]

WIDTH = 510.0
SIZE, SMALL = 8, 7
_LEGEND_GAP, _KEY = 14, 12


class Scale:
    """From values to points."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high = low, high
        self._begin, self._factor = begin, (end - begin) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        return self._begin + (value - self.low) * self._factor


class Canvas:
    """A drawing that grows; shapes are added in order."""

    def __init__(
        self, height: float, *, left: float = 44, right: float = 8, bottom: float = 30, top: float = 26
    ) -> None:
        self.drawing = Drawing(WIDTH, height)
        self.left, self.right = left, WIDTH - right
        self.bottom, self.top = bottom, height - top
        self.height = height

    def add(self, shape: Group | Line | Rect | String) -> None:
        """The next shape, above those before."""
        self.drawing.add(shape)

    def text(
        self, x: float, y: float, text: str, *, size: int = SIZE, tone: str = "ink", anchor: str = "start"
    ) -> None:
        """A line of text."""
        self.add(String(
            round(x), round(y), text, fontName=font_of(text), fontSize=size, fillColor=colour(tone), textAnchor=anchor
        ))  # fmt: skip

    def line(
        self, x_1: float, y_1: float, x_2: float, y_2: float, tone: str, thick: float = 0.5, dash: Sequence[int] = ()
    ) -> None:
        """A straight one."""
        self.add(Line(
            x_1, y_1, x_2, y_2, strokeColor=colour(tone), strokeWidth=thick, strokeDashArray=list(dash) or None
        ))  # fmt: skip

    def box(self, x: float, y: float, wide: float, high: float, tone: str) -> None:
        """A filled rectangle."""
        self.add(Rect(x, y, wide, high, fillColor=colour(tone), strokeColor=None, strokeWidth=0))

    def value_axis(self, scale: Scale, steps: Sequence[float], unit: str) -> None:
        """Numbers on the left, a faint line across each."""
        for step in steps:
            y = scale(step)
            self.line(self.left, y, self.right, y, "rule")
            self.text(self.left - 4, y - 3, number_text(step, steps), size=SMALL, tone="soft", anchor="end")
        self.text(0, self.height - 11, unit, size=SMALL, tone="soft")

    def limits(self, scale: Scale, limits: Sequence[Limit]) -> None:
        """Lines across, each with its name beside its end; of two that lie close to each other the upper one has it."""
        last = float("inf")
        for limit in sorted(limits, key=lambda each: -each.value):
            if not scale.low <= limit.value <= scale.high:
                continue
            y = scale(limit.value)
            self.line(self.left, y, self.right, y, "limit", 0.7, (4, 3))
            if last - y >= SMALL:
                self.text(self.right + 4, y - 3, limit.label, size=SMALL, tone="limit")
                last = y

    def axis_name(self, name: str) -> None:
        """What is on the axis below."""
        if name:
            self.text(self.right, 3, name, size=SMALL, tone="soft", anchor="end")

    def legend(
        self, entries: Sequence[tuple[str, str]], key: Callable[[float, float, str], None] | None = None,
        at: float | None = None,
    ) -> None:  # fmt: skip
        """(Text, tone) from `at`, or the frame's left, on, above the frame, as many as there is room for."""
        x, y = self.left if at is None else at, self.height - 11
        for text, tone in entries:
            shown = shortened(text, 150)
            if x + _KEY + width(shown, SMALL) > self.right:
                break
            (key or self._square)(x, y, tone)
            self.text(x + _KEY, y, shown, size=SMALL, tone="ink")
            x += _KEY + width(shown, SMALL) + _LEGEND_GAP

    def _square(self, x: float, y: float, tone: str) -> None:
        self.box(x, y - 1, 8, 8, tone)

    def stroke(self, x: float, y: float, tone: str) -> None:
        """A key that is a line."""
        self.line(x, y + 3, x + 9, y + 3, tone, 1.6)

    def nothing(self, text: str) -> None:
        """In the middle, where there is no value at all."""
        self.text((self.left + self.right) / 2, (self.bottom + self.top) / 2, text, tone="soft", anchor="middle")


def nice_steps(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that take in both ends."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def number_text(value: float, steps: Sequence[float]) -> str:
    """With as many decimals as the steps have."""
    decimals = max((len(f"{step:.10f}".rstrip("0").partition(".")[2]) for step in steps), default=0)
    return f"{value:,.{min(decimals, 4)}f}"


def shortened(text: str, room: float, size: float = SMALL) -> str:
    """Cut so that it is no wider than `room`."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"
