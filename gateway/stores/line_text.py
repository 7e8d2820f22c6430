"""Names and numbers as InfluxDB line protocol spells them.

Line protocol can escape a space, a comma and an equals sign. It has no way to write a newline or a backslash at the
end of a name, so those few characters become percent escapes, as in a URL, and so does a `%` that would read as one.
The spelling is one-to-one: different names never meet in one series.
"""

import functools
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["field_key", "float_text", "int_text", "measurement", "spelled", "step_label", "tag_value"]

_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f]|%(?=[0-9A-Fa-f]{2})|\\\Z|\A#")
_SCALES = (1000.0, 100.0, 1.0)
_MOST = 100_000
"""Entries of the table a scale: 2.8 MB in all, made in 25 ms when first asked for."""
_SAMPLE = 256
_WHOLE = 1e15
_LABELS = {10: "10s", 60: "1m", 900: "15m", 3600: "1h", 86400: "1d"}


def spelled(name: str) -> str:
    """`name` with what line protocol cannot say as percent escapes; the name as InfluxDB then shows it."""

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode())

    return _UNSPEAKABLE.sub(escape, name)


def measurement(name: str) -> bytes:
    """A measurement's name in a line."""
    return spelled(name).replace(",", "\\,").replace(" ", "\\ ").encode()


def tag_value(name: str) -> bytes:
    """A tag's value in a line."""
    return measurement(name).replace(b"=", b"\\=")


def field_key(name: str) -> bytes:
    """A field's key in a line."""
    return tag_value(name)


def step_label(step: int) -> str:
    """A window of `step` seconds as measurements name it: 10s, 1m, 15m, 1h, 1d."""
    return _LABELS.get(step, f"{step}s")


@functools.cache
def _decimals() -> pa.BinaryArray:
    """The texts of 0 to `_MOST` thousandths, then as many hundredths, then as many whole numbers."""
    numbers = np.arange(_MOST)
    return pa.concat_arrays([_general(numbers / scale) for scale in _SCALES])


def float_text(values: NDArray[np.float64]) -> pa.BinaryArray:
    """Each value as the shortest decimal that reads back as the same double.

    Sensors mostly report three decimals at most, and counts: those come from a table (17 ns against 60 to 90).
    """
    place, left = _places(values[:: max(1, len(values) // _SAMPLE)])
    if len(left) * 2 > len(place):
        return _general(values)
    place, left = _places(values)
    text = _decimals().take(pa.array(place))
    if not len(left):
        return text
    rest, odd = values[left], np.zeros(len(values), np.bool_)
    odd[left] = True
    whole = bool(((np.rint(rest) == rest) & (np.abs(rest) < _WHOLE) & (rest != 0)).all())  # -0.0 is none
    return pc.replace_with_mask(text, pa.array(odd), int_text(rest.astype(np.int64)) if whole else _general(rest))


def _places(values: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Where each value's text is in the table, and which values are not in it."""
    place, known = _scaled(values, 0)
    left = np.flatnonzero(~known)
    for scale in range(1, len(_SCALES)):
        if not len(left):
            break
        place[left], known = _scaled(values[left], scale)
        left = left[~known]
    return place, left


def _scaled(values: NDArray[np.float64], scale: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Places in the table's part of one scale, 0 where a value is not in it, and which ones are."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * _SCALES[scale])
        # the quotient is the double nearest to the decimal, so text and value agree bit for bit
        known = (scaled / _SCALES[scale] == values) & (scaled < _MOST) & ~np.signbit(values)
    return np.where(known, scaled + scale * _MOST, 0.0).astype(np.int32), known


def _general(values: NDArray[np.float64]) -> pa.BinaryArray:
    return pc.cast(pa.array(values), pa.string()).cast(pa.binary())


def int_text(values: NDArray[np.signedinteger | np.unsignedinteger]) -> pa.BinaryArray:
    """Each integer in decimal."""
    return pc.cast(pa.array(values), pa.string()).cast(pa.binary())
