"""gzip payloads, with a bound on what they may grow to."""

from isal import isal_zlib

from gateway.config.bounds import Bounds
from gateway.reasons import Rejected

__all__ = ["GZIP_MAGIC", "gunzip"]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # window bits of zlib for: a gzip header and trailer


def gunzip(payload: bytes, bounds: Bounds) -> bytes | tuple[Rejected, str]:
    """The content of one gzip member, or why it can't be had. Makes one byte more than the bound allows, at most."""
    limit = bounds.max_decompressed_bytes
    stream = isal_zlib.decompressobj(wbits=_GZIP)
    try:
        content = bytes(stream.decompress(payload, limit + 1))
    except isal_zlib.error:  # type: ignore[misc]  # the stub does not say that it is an exception
        return Rejected.COMPRESSION_BROKEN, "the payload is not gzip, or damaged"
    if len(content) > limit:
        return Rejected.DECOMPRESSED_TOO_LARGE, f"the payload unpacks to more than {limit} bytes"
    if not stream.eof:
        return Rejected.COMPRESSION_BROKEN, "the gzip payload is cut short"
    if stream.unused_data:
        return Rejected.COMPRESSION_BROKEN, "bytes follow the gzip payload"
    return content
