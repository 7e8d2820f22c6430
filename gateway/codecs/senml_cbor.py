"""SenML in CBOR (RFC 8428, section 6): the same records under whole numbers for labels, read as SenML JSON is.

    [{-2: "urn:dev:mac:...:", -3: 1772366400, 0: "level", 1: "m", 2: 1.42}, ...]

Numbers may be whole, floats of any size or decimal fractions (tag 4). A value with another tag is no value; a pack that
nests deeper than a record's decimal fraction, or opens too many containers, is refused whole.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any

import cbor2

from gateway.codecs.slots import shown
from gateway.codecs.tolerant import Unusable
from gateway.reasons import Rejected

__all__ = ["cbor_pack"]

_LABELS = {
    -6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_DEEPEST = 4
"""The pack, a record, a decimal fraction; one more, so that what is too deep by a little costs its record only."""
_MOST_EXPONENT = 400
_CONTAINERS = bytes(set(range(256)) - set(range(0x80, 0xC0)))
_DECIMAL = 4
_MARK = b"\xd9\xd9\xf7"
"""May stand before any CBOR, and says that it is that."""


class _Tagged:
    """What stands for a tagged value that SenML has no use for: its field is bad, and no other."""

    def __init__(self, tag: int) -> None:
        self._tag = tag

    def __repr__(self) -> str:
        return f"a value with tag {self._tag}"


def _unused(tag: int) -> Callable[[Any, bool], _Tagged]:
    # instead of the tag's own reading, which may cost much or refer to other parts
    return lambda _content, _immutable: _Tagged(tag)


def _decimal(parts: Any, _immutable: bool) -> float | _Tagged:
    """A decimal fraction [exponent, mantissa] as a float: kept out of Decimal's own reach, which has no bounds."""
    if not isinstance(parts, list | tuple) or [type(part) for part in parts] != [int, int]:
        return _Tagged(_DECIMAL)
    exponent, mantissa = parts
    if abs(exponent) > _MOST_EXPONENT or abs(mantissa) >= 1 << 256:
        return _Tagged(_DECIMAL)
    return float(Decimal(mantissa).scaleb(exponent))


_TAGS: Mapping[int, Callable[[Any, bool], Any]] = {
    tag: _unused(tag) for tag in (0, 1, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799)
} | {_DECIMAL: _decimal}


def cbor_pack(payload: bytes, max_records: int) -> Any:
    """What SenML JSON would hold in the place of this pack. Raises Unusable."""
    # a byte that opens a container may also be a letter or part of a number: it counts too often, never too seldom
    if len(payload.translate(None, _CONTAINERS)) > 10 * max_records:
        raise Unusable(Rejected.TOO_MANY_RECORDS, "the document opens too many maps and arrays")
    payload = payload.removeprefix(_MARK)
    stream = BytesIO(payload)
    decoder = cbor2.CBORDecoder(
        stream, tag_hook=_unknown_tag, semantic_decoders=_TAGS, max_depth=_DEEPEST, strict_hashable_types=False,
        allow_duplicate_keys=True,
    )  # fmt: skip
    try:
        pack = decoder.decode()
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError, TypeError) as error:
        raise Unusable(Rejected.UNREADABLE, f"the payload is not CBOR as SenML has it: {_why(error)}") from error
    if stream.tell() != len(payload):
        raise Unusable(Rejected.UNREADABLE, "bytes follow the pack")
    if not isinstance(pack, list):
        raise Unusable(Rejected.WRONG_SHAPE, f"the document is {shown(pack)}, not an array of SenML records")
    return [_labelled(record) if isinstance(record, dict) else record for record in pack]


def _labelled(record: dict[Any, Any]) -> dict[str, Any]:
    """Labels as JSON writes them; a text stands for itself, and what is neither is nobody's."""
    made: dict[str, Any] = {}
    for label, value in record.items():
        name = label if isinstance(label, str) else _LABELS.get(label) if type(label) is int else None
        if name is not None:
            made[name] = None if value is cbor2.undefined else value
    return made


def _unknown_tag(tag: cbor2.CBORTag, _immutable: bool) -> _Tagged:
    return _Tagged(tag.tag)


def _why(error: BaseException) -> str:
    """The innermost sentence, short and printable."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = ascii(str(error))[1:-1]
    return text if len(text) <= 120 else text[:117] + "..."
