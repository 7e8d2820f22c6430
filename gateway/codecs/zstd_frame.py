"""The outside of a zstd frame, read before anything is unpacked: what it asks for, and that it is one whole frame.

    magic | descriptor | window? | dictionary? | content size? | blocks: 3 bytes of header, data | checksum?

Source: RFC 8878, section 3.1.1.
"""

from gateway.reasons import Rejected

__all__ = ["MOST_WINDOW", "ZSTD_MAGIC", "check_zstd"]

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
MOST_WINDOW = 8 << 20
"""Bytes that a frame may ask a decoder to keep; RFC 8878 wants encoders for others to stay within it."""

_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)
_RLE, _COMPRESSED = 1, 2
_CUT = (Rejected.COMPRESSION_BROKEN, "the zstd payload is cut short")


def check_zstd(payload: bytes, limit: int) -> tuple[Rejected, str] | None:
    """Why a payload must not be unpacked to at most `limit` bytes, or None."""
    if not payload.startswith(ZSTD_MAGIC):
        return Rejected.COMPRESSION_BROKEN, "the payload is not zstd, or damaged"
    if len(payload) < 6:
        return _CUT
    descriptor = payload[4]
    single = bool(descriptor & 0x20)
    at = 5
    if descriptor & 0x08:
        return Rejected.COMPRESSION_BROKEN, "the zstd payload sets a reserved bit"
    window = 0
    if not single:
        exponent, mantissa = payload[at] >> 3, payload[at] & 7
        base = 1 << (10 + exponent)
        window = base + (base >> 3) * mantissa
        at += 1
    dictionary = _DICTIONARY_BYTES[descriptor & 3]
    if any(payload[at : at + dictionary]):
        return Rejected.COMPRESSION_BROKEN, "the zstd payload needs a dictionary that nobody has here"
    at += dictionary
    width = _SIZE_BYTES[descriptor >> 6] or (1 if single else 0)
    content = int.from_bytes(payload[at : at + width], "little") + (256 if width == 2 else 0)
    if width and content > limit:
        return Rejected.DECOMPRESSED_TOO_LARGE, f"the payload says that it unpacks to more than {limit} bytes"
    if window > MOST_WINDOW:
        detail = f"the zstd payload asks for a window of {window} bytes, at most {MOST_WINDOW} are granted"
        return Rejected.DECOMPRESSED_TOO_LARGE, detail
    return _check_blocks(payload, at + width, checksum=4 if descriptor & 0x04 else 0)


def _check_blocks(payload: bytes, at: int, checksum: int) -> tuple[Rejected, str] | None:
    last = False
    while not last:
        if at + 3 > len(payload):
            return _CUT
        header = int.from_bytes(payload[at : at + 3], "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind > _COMPRESSED:
            return Rejected.COMPRESSION_BROKEN, "the zstd payload has a block of a reserved kind"
        at += 3 + (1 if kind == _RLE else size)
    at += checksum
    if at > len(payload):
        return _CUT
    if at < len(payload):
        return Rejected.COMPRESSION_BROKEN, "bytes follow the zstd payload"
    return None
