"""SenML packs in CBOR, byte by byte as a small device writes them (RFC 8949, section 3; RFC 8428, section 6).

Sharing nothing with the gateway's decoder, nor with the library that it uses.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["LABELS", "Decimals", "Value", "senml_cbor"]

LABELS = {
    "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip
_DECIMAL_FRACTION = 4


class Decimals(NamedTuple):
    """mantissa * 10**-decimals: what a device without floating point sends."""

    mantissa: int
    decimals: int


Value = bool | int | float | str | Decimals | None


def senml_cbor(records: Sequence[Mapping[str, Value]], *, counted: bool = True) -> bytes:
    """A pack of records by their JSON labels; not `counted`: of no length told beforehand."""
    body = b"".join(_record(record) for record in records)
    return _head(4, len(records)) + body if counted else b"\x9f" + body + b"\xff"


def _record(record: Mapping[str, Value]) -> bytes:
    pairs = b"".join(_value(LABELS[label]) + _value(value) for label, value in record.items())
    return _head(5, len(record)) + pairs


def _value(value: Value) -> bytes:
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, Decimals):
        return _head(6, _DECIMAL_FRACTION) + _head(4, 2) + _value(-value.decimals) + _value(value.mantissa)
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    return b"\xfb" + struct.pack(">d", value)


def _head(major: int, argument: int) -> bytes:
    """The first bytes of an item: three bits of kind, and a number as short as it goes."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for more, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | more]) + argument.to_bytes(size, "big")
    raise ValueError("a number of more than eight bytes")
