"""A snapshot as msgpack, piece by piece: the whole of it never lies in memory a second time.

Large arrays are handed on as they are, long lists a part at a time. An array is the extension 1, whose content is
[dtype, shape, bytes in little-endian order]; tuples and sets become lists.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
import numpy as np

__all__ = ["pieces", "unpacked"]

_ARRAY = 1
_PLAIN_KINDS = "biufcSU"
_PART = 4_096
_FEW = 256
"""A shorter list or dict may hold what is large: its members are looked at."""
_HEAD_OF_MANY, _FEWEST = 3, 15
"""Bytes before the members of a list or dict of up to 65,535; one byte is before up to 15."""


def pieces(value: Any) -> Iterator[bytes | memoryview]:
    """The bytes of a struct, dict, list, array or anything plain, in order. Raises TypeError for anything else."""
    if isinstance(value, msgspec.Struct) and not value.__struct_config__.array_like:
        yield from pieces({name: getattr(value, name) for name in value.__struct_fields__})
    elif isinstance(value, Mapping):
        yield from _of_dict(value)
    elif isinstance(value, np.ndarray):
        yield from _of_array(value)
    elif isinstance(value, list | tuple):
        yield from _of_list(value)
    else:
        yield _whole(value)


def unpacked(code: int, data: memoryview) -> Any:
    """What an extension holds, as msgspec's `ext_hook`."""
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code}")
    dtype, shape, raw = msgspec.msgpack.decode(data, type=tuple[str, list[int], bytes])
    # copied: an engine goes on writing into its arrays
    return np.frombuffer(raw, dtype).reshape(shape).astype(np.dtype(dtype).newbyteorder("="))


def _of_array(value: np.ndarray[Any, Any]) -> Iterator[bytes | memoryview]:
    if value.dtype.kind not in _PLAIN_KINDS:
        raise TypeError(f"an array of {value.dtype} can't stand in a snapshot")
    little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
    head = b"\x93" + _whole(little.dtype.str) + _whole(value.shape) + struct.pack(">BI", 0xC6, little.nbytes)
    yield struct.pack(">BIb", 0xC9, len(head) + little.nbytes, _ARRAY) + head
    if little.nbytes:
        yield little.reshape(-1).view(np.uint8).data


def _of_dict(value: Mapping[Any, Any]) -> Iterator[bytes | memoryview]:
    yield struct.pack(">BI", 0xDF, len(value))
    if len(value) < _FEW:
        for key, each in value.items():
            yield _whole(key)
            yield from pieces(each)
        return
    items = iter(value.items())
    while part := dict(islice(items, _PART)):
        yield memoryview(_whole(part))[_HEAD_OF_MANY if len(part) > _FEWEST else 1 :]


def _of_list(value: Sequence[Any]) -> Iterator[bytes | memoryview]:
    yield struct.pack(">BI", 0xDD, len(value))
    if len(value) < _FEW:
        for each in value:
            yield from pieces(each)
        return
    for at in range(0, len(value), _PART):
        part = value[at : at + _PART]
        yield memoryview(_whole(part))[_HEAD_OF_MANY if len(part) > _FEWEST else 1 :]


def _whole(value: Any) -> bytes:
    return msgspec.msgpack.encode(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return msgspec.Raw(b"".join(_of_array(value)))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} can't stand in a snapshot")
