"""Packed payloads: gzip, deflate (in zlib's wrapping or raw) and zstd, with a bound on what they may grow to.

| `compression` | taken as packed                                                       | refused otherwise |
|---|---|---|
| gzip, zstd    | always                                                                | yes |
| deflate       | always; the first two bytes tell zlib's header from a raw stream      | yes |
| auto          | what begins like gzip or zstd, or like zlib (0x78) and is not ASCII   | no: it is plain |

A raw stream can't be mistaken for zlib's header: the low half of its first byte would be 8, a stored block with padding
that no encoder writes. Nor can one be told from other bytes, so `auto` knows none. Sources: RFC 1950, 1951, 1952, 8878.
"""

from enum import StrEnum

from isal import isal_zlib

from gateway.codecs.zstd_frame import ZSTD_MAGIC, check_zstd
from gateway.config.bounds import Bounds
from gateway.reasons import Rejected

__all__ = ["Packing", "pack", "packing_of", "unpack"]


class Packing(StrEnum):
    """How the bytes of a payload are packed."""

    GZIP = "gzip"
    ZLIB = "zlib"
    RAW = "raw deflate"
    ZSTD = "zstd"


_GZIP_MAGIC = b"\x1f\x8b"
_WINDOW_BITS = {Packing.GZIP: 31, Packing.ZLIB: 15, Packing.RAW: -15}
"""What zlib calls a wrapping."""
_CHUNK = 64 * 1024


def packing_of(payload: bytes, compression: str) -> Packing | None:
    """How a payload is packed where its profile says `compression`; None: it is plain."""
    if compression == "none" or not payload:
        return None
    if compression == "gzip":
        return Packing.GZIP
    if compression == "zstd":
        return Packing.ZSTD
    if compression == "deflate":
        return Packing.ZLIB if _has_zlib_header(payload) else Packing.RAW
    if payload.startswith(_GZIP_MAGIC):
        return Packing.GZIP
    if payload.startswith(ZSTD_MAGIC):
        return Packing.ZSTD
    # "x^2" is a header too
    return Packing.ZLIB if payload[0] == 0x78 and _has_zlib_header(payload) and not payload.isascii() else None


def _has_zlib_header(payload: bytes) -> bool:
    return (
        len(payload) >= 2
        and payload[0] & 0x0F == 8
        and payload[0] >> 4 <= 7
        and int.from_bytes(payload[:2], "big") % 31 == 0
    )


def unpack(payload: bytes, packing: Packing, bounds: Bounds) -> bytes | tuple[Rejected, str]:
    """The content of one packed payload, or why it can't be had. Makes a chunk more than the bound allows, at most."""
    if packing is Packing.ZSTD:
        return _unpack_zstd(payload, bounds.max_decompressed_bytes)
    limit = bounds.max_decompressed_bytes
    stream = isal_zlib.decompressobj(wbits=_WINDOW_BITS[packing])
    try:
        content = bytes(stream.decompress(payload, limit + 1))
    except isal_zlib.error:  # type: ignore[misc]  # the stub does not say that it is an exception
        return Rejected.COMPRESSION_BROKEN, f"the payload is not {packing}, or damaged"
    if len(content) > limit:
        return _too_large(limit)
    if not stream.eof:
        return Rejected.COMPRESSION_BROKEN, f"the {packing} payload is cut short"
    if stream.unused_data:
        return Rejected.COMPRESSION_BROKEN, f"bytes follow the {packing} payload"
    return content


def _unpack_zstd(payload: bytes, limit: int) -> bytes | tuple[Rejected, str]:
    refusal = check_zstd(payload, limit)
    if refusal is not None:
        return refusal
    import pyarrow as pa  # noqa: PLC0415  (a start need not wait for what few devices want)

    chunks, size = [], 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(payload), "zstd") as stream:
            # Arrow makes room for what it is asked for, so it is asked for little at once
            while size <= limit and (chunk := stream.read(_CHUNK)):
                chunks.append(chunk)
                size += len(chunk)
    except (OSError, pa.ArrowException):
        return Rejected.COMPRESSION_BROKEN, "the payload is not zstd, or damaged"
    return _too_large(limit) if size > limit else b"".join(chunks)


def _too_large(limit: int) -> tuple[Rejected, str]:
    return Rejected.DECOMPRESSED_TOO_LARGE, f"the payload unpacks to more than {limit} bytes"


def pack(content: bytes, packing: Packing) -> bytes:
    """Pack `content` so that `unpack` gives it back."""
    if packing is Packing.ZSTD:
        import pyarrow as pa  # noqa: PLC0415  (see above)

        return bytes(pa.compress(content, codec="zstd", asbytes=True))
    return bytes(isal_zlib.compress(content, 1, _WINDOW_BITS[packing]))
