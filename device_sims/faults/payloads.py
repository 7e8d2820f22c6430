"""Faults of the bytes, and of where they are sent."""

import hashlib
import re

from device_sims.kinds.base import Reading

__all__ = ["garbage", "misspell", "padded"]

_NO_TEXT = b"\xff"
"""Begins no UTF-8, no JSON, no gzip and no CBOR."""


def garbage(payload: bytes, name: str, ts: int) -> bytes:
    """As many bytes of no meaning, the same for the same device and time."""
    noise = hashlib.shake_128(f"{name}/{ts}".encode()).digest(max(len(payload) - 1, 0))
    return _NO_TEXT + noise


def padded(payload: bytes, size: int) -> bytes:
    """With blanks behind it, which JSON allows, up to `size`."""
    return payload.ljust(size)


def misspell(
    payload: bytes, readings: tuple[Reading, ...], key: bytes, quantity: str
) -> tuple[bytes, tuple[Reading, ...]]:
    """Write the first number of `key` as a text; the first reading of `quantity` is then not told."""
    spoilt, found = re.subn(rb'("%s":)[^,}]+' % key, rb'\1"n/a"', payload, count=1)
    if not found:
        return payload, readings
    first = next(place for place, reading in enumerate(readings) if reading.quantity == quantity)
    return spoilt, readings[:first] + readings[first + 1 :]
