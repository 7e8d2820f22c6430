"""A screenshot as a small PNG: the colours of a page are few, so a palette of 256 will do."""

import io

from PIL import Image

__all__ = ["shrunk"]

_COLOURS = 256


def shrunk(png: bytes) -> bytes:
    """The same picture in at most 256 colours; the same bytes of the same picture."""
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
