"""Colours of the two themes, as CSS variables: quiet greys, and colour only for what is not normal.

Source of the manner: ANSI/ISA-101.01 (high-performance displays): grey where all is normal, colours kept for alarms,
and never colour alone: each priority has a shape and a number of its own, too.
"""

from collections.abc import Mapping

__all__ = ["DARK", "LIGHT", "PAIRS", "THEMES", "contrast", "variables"]

LIGHT: Mapping[str, str] = {
    "page": "#e8eaeb", "panel": "#f6f7f7", "raised": "#ffffff", "line": "#c5cbce", "edge": "#758087",
    "ink": "#1d2224", "muted": "#4f585d", "graph": "#6b757a", "band": "#d3d8da", "mark": "#dfe4e7",
    "accent": "#1b5580", "on-accent": "#ffffff",
    "p1": "#b3131b", "on-p1": "#ffffff", "p2": "#b04300", "on-p2": "#ffffff",
    "p3": "#f2c500", "on-p3": "#1d2224", "p4": "#6b4c9a", "on-p4": "#ffffff",
    "warn": "#8a3b00", "bad": "#a3121a",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "page": "#191d1f", "panel": "#22272a", "raised": "#2b3134", "line": "#3c4448", "edge": "#7f8b91",
    "ink": "#e2e6e8", "muted": "#a6b0b5", "graph": "#8e9aa0", "band": "#394146", "mark": "#343c40",
    "accent": "#8fc6ee", "on-accent": "#12181b",
    "p1": "#ff6b6b", "on-p1": "#16191b", "p2": "#ff9f45", "on-p2": "#16191b",
    "p3": "#f4d03f", "on-p3": "#16191b", "p4": "#c6a3ff", "on-p4": "#16191b",
    "warn": "#ffb066", "bad": "#ff8a8a",
}  # fmt: skip
THEMES: Mapping[str, Mapping[str, str]] = {"light": LIGHT, "dark": DARK}

PAIRS: Mapping[tuple[str, str], float] = {
    **{(text, ground): 4.5 for text in ("ink", "muted", "accent", "warn", "bad")
       for ground in ("page", "panel", "raised", "mark")},
    **{(f"on-p{k}", f"p{k}"): 4.5 for k in (1, 2, 3, 4)},
    ("on-accent", "accent"): 4.5,
    **{(line, ground): 3.0 for line in ("edge", "graph", "accent") for ground in ("page", "panel", "raised")},
}  # fmt: skip
"""(what is drawn, what it is drawn on) -> the contrast that WCAG 2.2 AA asks for: 4.5 for text, 3 for graphics."""


def variables() -> str:
    """The style sheet that says them: by `data-theme` of the page, which a script sets before anything is drawn."""
    return "\n".join(
        f':root[data-theme="{name}"] {{ color-scheme: {name}; {_said(colours)} }}' for name, colours in THEMES.items()
    )


def _said(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours like #1d2224, by WCAG 2.2: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
