"""Packed payloads: how it is packed, then the bytes; against zlib and gzip of the standard library.

first byte: the compression of the profile; bit 7: what follows is packed here, in the way that the next byte says
"""

import gzip
import zlib
from collections.abc import Sequence

from hypothesis import strategies as st

from gateway.codecs.compression import Packing, pack, packing_of, unpack
from gateway.config.bounds import Bounds
from tests.fuzz.source import Source

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\x01", b"\x28\xb5\x2f\xfd", b"\x01\x00\x00\xff\xff", b"\x03\x00",
    b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00", b"\x28\xb5\x2f\xfd\x00\xff", b"\x00" * 8, b"\xff" * 8,
]  # fmt: skip
_SAID = ("none", "gzip", "deflate", "zstd", "auto")
_BOUNDS = Bounds(max_decompressed_bytes=64 * 1024)
_EMPTY = zlib.compress(b"")


def target(data: bytes) -> None:
    """Unpack, twice where it was packed here."""
    source = Source(data)
    first = source.byte()
    said = _SAID[(first & 0x7F) % len(_SAID)]
    if first & 0x80:
        packing, swell = source.one(tuple(Packing)), source.one((1, 1, 7, 4096))
        content = (source.rest() * swell)[: _BOUNDS.max_decompressed_bytes + 100]
        packed = pack(content, packing)
        found = unpack(packed, packing, _BOUNDS)
        if len(content) <= _BOUNDS.max_decompressed_bytes:
            assert found == content, f"{packing} gives {found[:50]!r} back"
        else:
            assert not isinstance(found, bytes), "more than is allowed was unpacked"
        return
    payload = source.rest()
    packing_found = packing_of(payload, said)
    if packing_found is None:
        return
    found = unpack(payload, packing_found, _BOUNDS)
    if not isinstance(found, bytes):
        assert found[1].isprintable()
    else:
        assert len(found) <= _BOUNDS.max_decompressed_bytes
    if packing_found is not Packing.ZSTD:
        _agrees(payload, packing_found, found)


def _agrees(payload: bytes, packing: Packing, found: bytes | tuple[object, str]) -> None:
    """The standard library reads the same, or nothing."""
    bits = {Packing.GZIP: 31, Packing.ZLIB: 15, Packing.RAW: -15}[packing]
    reader = zlib.decompressobj(wbits=bits)
    try:
        content = reader.decompress(payload, _BOUNDS.max_decompressed_bytes + 1)
    except zlib.error:
        assert not isinstance(found, bytes) or packing is Packing.GZIP, f"zlib refuses what gives {found[:50]!r}"
        return
    whole = reader.eof and not reader.unused_data and len(content) <= _BOUNDS.max_decompressed_bytes
    assert (found == content) if whole else not isinstance(found, bytes), (
        f"zlib gives {content[:50]!r}, not {found[:50]!r}"
    )


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Something packed, whole or damaged."""
    content = draw(st.binary(max_size=200))
    if draw(st.booleans()):
        return bytes([0x80, draw(st.integers(0, 3)), draw(st.integers(0, 3))]) + content
    packed = pack(content * draw(st.sampled_from([1, 50])), draw(st.sampled_from(list(Packing))))
    at, to = sorted((draw(st.integers(0, len(packed))), draw(st.integers(0, len(packed)))))
    damaged = packed[:at] + draw(st.just(packed[at:to]) | st.binary(max_size=6)) + packed[to:]
    return bytes([draw(st.integers(0, 4))]) + damaged


def seeds() -> Sequence[bytes]:
    """Something in each packing."""
    whole = [bytes([4]) + pack(b'{"v":1}' * 9, packing) for packing in Packing]
    return [*whole, b"\x01" + gzip.compress(b"x", mtime=0), b"\x02" + _EMPTY, b"\x80\x03\x03abc"]
