"""Signs that are drawn: priorities (shape, number and colour), states, lines of newest values. All are SVG nodes."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from gateway.console.nodes import Node, el
from gateway.console.texts.words import Words

__all__ = ["health_dot", "priority", "priority_named", "sparkline"]

_SHAPES = {1: "M1 1H17V17H1Z", 2: "M9 0.5L17.6 17H0.4Z", 3: "M9 0L18 9L9 18L0 9Z", 4: "M9 1A8 8 0 1 1 8.99 1Z"}
"""Square, triangle, diamond, disc: on a field of 18 by 18."""
_TEXT_AT = {1: 13, 2: 15, 3: 13, 4: 13}
_DOTS = {
    "ok": "M1 5A4 4 0 1 1 9 5A4 4 0 1 1 1 5Z", "catching": "M1 1L9 5L1 9Z", "warn": "M5 0.5L9.8 9.5H0.2Z",
    "bad": "M0.5 0.5H9.5V9.5H0.5Z", "away": "M0.5 0.5H9.5V9.5H0.5Z",
}  # fmt: skip
_DOT_COLOURS = {"ok": "var(--graph)", "catching": "var(--graph)", "warn": "var(--p3)", "bad": "var(--p1)",
                "away": "var(--p1)"}  # fmt: skip


def priority(number: int, words: Words, *, waits: bool = True) -> list[Any]:
    """The sign of a priority; hollow where nobody needs to acknowledge it."""
    shape = number if number in _SHAPES else 4
    said = words.term("priority", str(number))
    return [
        "svg", {"class": f"mk p{shape}" + ("" if waits else " seen"), "viewBox": "0 0 18 18", "role": "img",
                "aria-label": said},
        ["path", {"class": "s", "d": _SHAPES[shape], "transform": "translate(9 9) scale(0.86) translate(-9 -9)"}],
        ["text", {"x": "9", "y": str(_TEXT_AT[shape]), "aria-hidden": "true"}, str(number)],
    ]  # fmt: skip


def priority_named(number: int, words: Words, *, waits: bool = True) -> Node:
    """The sign and its word."""
    sign = priority(number, words, waits=waits)
    if isinstance(sign, list):
        sign[1] = {**sign[1], "aria-hidden": "true", "aria-label": None, "role": None}
        sign[1] = {key: value for key, value in sign[1].items() if value is not None}
    return el("span.prio", sign, el("span", words.term("priority", str(number))))


def health_dot(level: str) -> Node:
    """The sign of how a gateway does."""
    return [
        "svg", {"class": "dot", "viewBox": "0 0 10 10", "aria-hidden": "true"},
        ["path", {"d": _DOTS[level], "fill": _DOT_COLOURS[level]}],
    ]  # fmt: skip


def sparkline(
    values: Sequence[float | None], label: str, limits: Sequence[float] = (), *, width: int = 120, height: int = 26
) -> list[Any]:
    """The way of a figure, with its limits dashed; a gap where nothing is known, a dot at the newest."""
    known = [value for value in values if value is not None and isfinite(value)]
    head = {"class": "spark", "viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height),
            "role": "img", "aria-label": label}  # fmt: skip
    if not known:
        return ["svg", head]
    low, high = min(known), max(known)
    near = [each for each in limits if low - (high - low or abs(high)) <= each <= high + (high - low or abs(high))]
    low, high = min([low, *near]), max([high, *near])
    span = high - low or max(abs(high), 1.0)
    low, span = low - span * 0.08, span * 1.16

    def at(place: int, value: float) -> tuple[float, float]:
        return (
            round(2 + place * (width - 6) / max(len(values) - 1, 1), 1),
            round(height * (1 - (value - low) / span), 1),
        )

    path, pen = [], False
    for place, value in enumerate(values):
        if value is None or not isfinite(value):
            pen = False
            continue
        x, y = at(place, value)
        path.append(f"{'L' if pen else 'M'}{x} {y}")
        pen = True
    last = max(place for place, value in enumerate(values) if value is not None and isfinite(value))
    x, y = at(last, float(values[last] or 0.0))
    lines: list[Node] = [["path", {"d": f"M0 {at(0, each)[1]}H{width}", "class": "limit"}] for each in near]
    return [
        "svg", head, *lines, ["path", {"d": "".join(path), "class": "way"}],
        ["circle", {"cx": str(x), "cy": str(y), "r": "2.2", "class": "end"}],
    ]  # fmt: skip
