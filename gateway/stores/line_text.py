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
_HUNDREDTHS = 100_000
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
def _hundredths() -> pa.BinaryArray:
    return pa.array([f"{number / 100:g}".encode() for number in range(_HUNDREDTHS)], pa.binary())


def float_text(values: NDArray[np.float64]) -> pa.BinaryArray:
    """Each value as the shortest decimal that reads back as the same double.

    Sensors mostly report two decimals at most: those come from a table (10 ns against 60 for the general way).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * 100.0)
        # the quotient is the double nearest to the decimal, so text and value agree bit for bit; -0.0 is not in it
        known = (scaled / 100.0 == values) & (scaled < _HUNDREDTHS) & ~np.signbit(values)
    found = np.count_nonzero(known)
    if found * 2 < len(values):
        return _general(values)
    if found == len(values):
        return _hundredths().take(pa.array(scaled.astype(np.int32)))
    text = _hundredths().take(pa.array(np.where(known, scaled, 0.0).astype(np.int32)))
    return pc.replace_with_mask(text, pa.array(~known), _general(values[~known]))


def _general(values: NDArray[np.float64]) -> pa.BinaryArray:
    return pc.cast(pa.array(values), pa.string()).cast(pa.binary())


def int_text(values: NDArray[np.signedinteger | np.unsignedinteger]) -> pa.BinaryArray:
    """Each integer in decimal."""
    return pc.cast(pa.array(values), pa.string()).cast(pa.binary())
