"""The smallest input that fails as a given one does: parts are taken away, bytes made plain, while it still fails."""

import traceback
from collections.abc import Callable

from tests.fuzz.limits import Target

__all__ = ["failure_of", "shrunk"]


def failure_of(target: Target, data: bytes) -> str:
    """What fails and where, without the values in the sentence; "" where nothing does."""
    try:
        target(data)
    except Exception as error:  # noqa: BLE001 - whatever a target raises is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name} at line {place.lineno} of {place.filename}"
    return ""


def shrunk(target: Target, data: bytes, tries: int = 20_000, tell: Callable[[int], None] = lambda _: None) -> bytes:
    """An input that fails at the same place as `data`, as short and plain as `tries` runs can make it."""
    failure = failure_of(target, data)
    if not failure:
        raise ValueError("the input doesn't fail")
    left = tries

    def fails(candidate: bytes) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and failure_of(target, candidate) == failure

    again = True
    while again and left > 0:
        before = data
        data = _shorter(data, fails)
        data = _plainer(data, fails)
        again = data != before
        tell(len(data))
    return data


def _shorter(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    size = max(len(data) // 2, 1)
    while size and data:
        at = 0
        while at < len(data):
            candidate = data[:at] + data[at + size :]
            if fails(candidate):
                data = candidate
            else:
                at += size
        size //= 2
    return data


def _plainer(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    for at, byte in enumerate(data):
        for plain in (0, 32, 48, byte & 0x0F):
            if plain < byte and fails(data[:at] + bytes([plain]) + data[at + 1 :]):
                data = data[:at] + bytes([plain]) + data[at + 1 :]
                break
    return data
