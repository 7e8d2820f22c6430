"""Colours and fonts of drawings: quiet, told apart by those who see few colours, each with a name.

A drawing has the colours of paper. The SVG of a page has variables of these names in their place (svg.py), which its
style sets for light and dark.
"""

from reportlab.lib.colors import Color, HexColor  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]

__all__ = ["CHINESE", "COLOURS", "DARK", "LATIN", "LIGHT", "colour", "font_of", "width"]

LIGHT = {
    "ink": "#1f2a33", "soft": "#5c6873", "rule": "#d5dbe0", "faint": "#bcc5cc",
    "tone-0": "#2f6690", "tone-1": "#4f9d96", "tone-2": "#c08a2e", "tone-3": "#a83c32", "tone-4": "#7d6b91",
    "limit": "#9c4a1a",
    "heat-1": "#e9eef1", "heat-2": "#cbdbe0", "heat-3": "#ecd9a0", "heat-4": "#dd9b52", "heat-5": "#ad3f2e",
}  # fmt: skip
"""By name: text, lesser text, lines of a grid, lines in the background, kinds of things, limits, levels."""
DARK = {
    "ink": "#e3e8ec", "soft": "#a3aeb8", "rule": "#38424b", "faint": "#55616b",
    "tone-0": "#7fb2dc", "tone-1": "#76c4bc", "tone-2": "#e0b25c", "tone-3": "#e58074", "tone-4": "#b3a2c8",
    "limit": "#e39a66",
    "heat-1": "#2a333b", "heat-2": "#3c5560", "heat-3": "#8a7733", "heat-4": "#c07c33", "heat-5": "#d9604c",
}  # fmt: skip

LATIN, CHINESE = "Helvetica", "STSong-Light"
"""Fonts that every PDF reader has: none is in the file."""
_LAST_LATIN = 0xFF
_OTHER_LATIN = frozenset("–—…‘’“”•€")
"""What the encoding of the Latin font has besides."""
pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))

COLOURS: dict[str, Color] = {name: HexColor(code) for name, code in LIGHT.items()}


def colour(name: str) -> Color:
    """Of paper."""
    return COLOURS[name]


def font_of(text: str) -> str:
    """The font that has all of a text's characters."""
    return LATIN if all(ord(sign) <= _LAST_LATIN or sign in _OTHER_LATIN for sign in text) else CHINESE


def width(text: str, size: float) -> float:
    """How wide a text is."""
    found: float = pdfmetrics.stringWidth(text, font_of(text), size)
    return found
