"""A drawing as SVG inside a page: no header, colours as variables of the page's style, its fonts, its width."""

import re

from reportlab.graphics import renderSVG  # type: ignore[import-untyped]
from reportlab.graphics.shapes import Drawing, String  # type: ignore[import-untyped]

from gateway.reports.drawing.palette import COLOURS

__all__ = ["svg_of"]

_HEADER = re.compile(r"\A.*?(?=<svg )", re.DOTALL)
_TAG = re.compile(r"<svg [^>]*>")
_ABOUT = re.compile(r"\s*<title>.*?</title>\s*<desc>.*?</desc>", re.DOTALL)
_CLIP = re.compile(r"\s*<clipPath .*?</clipPath>", re.DOTALL)
_FONT = re.compile(r"font-family: [^;]+;\s*")
_RGB = {
    f"rgb({int(c.red * 100)}%,{int(c.green * 100)}%,{int(c.blue * 100)}%)": f"var(--{name})"
    for name, c in COLOURS.items()
}
"""As the renderer writes our colours."""
_COLOUR = re.compile(r"rgb\(\d+%,\d+%,\d+%\)")
_SPACE = re.compile(r">\s+<")


def svg_of(drawing: Drawing, label: str) -> str:
    """The drawing is used up: what it says of the anchors of texts goes to the browser, which has other fonts.

    `label` is for those who don't see it, and is escaped already.
    """
    for shape in drawing.contents:
        if isinstance(shape, String):
            shape._svgAttrs = {"text-anchor": shape.textAnchor}  # noqa: SLF001  the renderer's own way
            shape.textAnchor = "start"
    text: str = renderSVG.drawToString(drawing)
    for pattern in (_HEADER, _ABOUT, _CLIP):
        text = pattern.sub("", text, count=1)
    tag = f'<svg class="plot" viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" aria-label="{label}">'
    text = _TAG.sub(lambda _: tag, text, count=1)
    text = text.replace(' id="group"', "", 1).replace(' style="clip-path: url(#clip)"', "", 1)
    text = _FONT.sub("", text)
    text = _COLOUR.sub(lambda found: _RGB.get(found[0], found[0]), text)
    return _SPACE.sub("><", text).strip()
