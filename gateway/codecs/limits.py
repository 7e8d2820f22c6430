"""Bounds before decode: bytes, UTF-8, nesting and how many containers a document opens."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.config.bounds import Bounds
from gateway.reasons import Rejected

__all__ = ["all_plain", "check_document"]

_STRINGS = re.compile(rb'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_OPENS = np.zeros(256, np.int32)
_OPENS[list(b"[{")] = 1
_OPENS[list(b"]}")] = -1
_BRACE, _BRACKET = b"{["


def all_plain(payloads: Sequence[bytes], bounds: Bounds) -> bool:
    """Whether a glance shows that every payload keeps the bounds: short, ASCII, few brackets. False says nothing."""
    sizes = list(map(len, payloads))
    if max(sizes) > bounds.max_payload_bytes:
        return False
    # looked at as one, for a call a message costs more than the look itself
    together = b"".join(payloads)
    if not together.isascii():
        return False
    opened = together.count(b"{") + together.count(b"[")
    most = min(bounds.max_depth, bounds.max_records)
    if opened <= most:
        return True
    if min(sizes) == 0:
        return False
    content = np.frombuffer(together, np.uint8)
    ends: NDArray[np.int64] = np.cumsum(np.array(sizes, np.int64))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    heads = _OPENS[content[starts]] > 0
    # where each opens one at its first byte, all others might be in a single one
    if opened - np.count_nonzero(heads) < most:
        return True
    return int(np.add.reduceat((content == _BRACE) | (content == _BRACKET), starts, dtype=np.int32).max()) <= most


def check_document(document: bytes, bounds: Bounds) -> tuple[Rejected, str] | None:
    """Why a document must not be decoded, or None. Its size has been checked."""
    if not document.isascii():
        try:
            document.decode()
        except UnicodeDecodeError as error:
            return Rejected.NOT_UTF8, f"the payload is not UTF-8 at byte {error.start + 1}"
    if document.count(b"{") + document.count(b"[") <= min(bounds.max_depth, bounds.max_records):
        return None
    # brackets inside strings don't nest
    brackets = _STRINGS.sub(b"", document).translate(None, _NOT_BRACKETS)
    steps = _OPENS[np.frombuffer(brackets, np.uint8)]
    opened = int(np.count_nonzero(steps > 0))
    if opened > 10 * bounds.max_records:
        return Rejected.TOO_MANY_RECORDS, f"the document opens {opened} objects and lists"
    depth = int(np.cumsum(steps).max(initial=0))
    if depth > bounds.max_depth:
        return Rejected.NESTING_TOO_DEEP, f"the document nests {depth} deep, at most {bounds.max_depth} is taken"
    return None
