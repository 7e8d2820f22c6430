"""A zstd frame is judged by its outside before anything is unpacked. Frames are written by hand, after RFC 8878."""

import pytest

from gateway.codecs.zstd_frame import MOST_WINDOW, ZSTD_MAGIC, check_zstd
from gateway.reasons import Rejected

BROKEN, LARGE = Rejected.COMPRESSION_BROKEN, Rejected.DECOMPRESSED_TOO_LARGE


def block(content: bytes, *, last: bool = True, kind: int = 0, size: int | None = None) -> bytes:
    told = len(content) if size is None else size
    return (told << 3 | kind << 1 | last).to_bytes(3, "little") + content


def frame(descriptor: int, head: bytes, *blocks: bytes) -> bytes:
    return ZSTD_MAGIC + bytes([descriptor]) + head + b"".join(blocks)


def window(exponent: int, mantissa: int = 0) -> bytes:
    return bytes([exponent << 3 | mantissa])


@pytest.mark.parametrize(
    "payload",
    [
        frame(0x20, b"\x02", block(b"ab")),
        frame(0x00, window(0), block(b"ab")),
        frame(0x00, window(13), block(b"a", last=False), block(b"b")),
        frame(0x60, b"\x00\x00", block(b"x", kind=1, size=256)),
        frame(0xA0, (1000).to_bytes(4, "little"), block(b"x", kind=1, size=1000)),
        frame(0xE0, (1000).to_bytes(8, "little"), block(b"x", kind=1, size=1000)),
        frame(0x21, b"\x00\x02", block(b"ab")),
        frame(0x24, b"\x02", block(b"ab"), b"\x00" * 4),
    ],
)
def test_whole_frames_that_ask_for_little_pass(payload: bytes) -> None:
    assert check_zstd(payload, 1000) is None
    for cut in range(len(payload)):
        refusal = check_zstd(payload[:cut], 1000)
        assert refusal is not None
        assert refusal[0] is BROKEN
    refusal = check_zstd(payload + b"\x00", 1000)
    assert refusal == (BROKEN, "bytes follow the zstd payload")


@pytest.mark.parametrize(
    ("payload", "reason", "detail"),
    [
        (b"PK\x03\x04", BROKEN, "not zstd"),
        (frame(0x28, b"\x02", block(b"ab")), BROKEN, "reserved bit"),
        (frame(0x21, b"\x07\x02", block(b"ab")), BROKEN, "dictionary"),
        (frame(0x20, b"\x02", block(b"ab", kind=3)), BROKEN, "reserved kind"),
        (frame(0x00, window(13, 1), block(b"ab")), LARGE, "window"),
        (frame(0x00, window(31, 7), block(b"ab")), LARGE, "window"),
        (frame(0xA0, (1001).to_bytes(4, "little"), block(b"ab")), LARGE, "more than 1000"),
        (frame(0xE0, b"\xff" * 8, block(b"ab")), LARGE, "more than 1000"),
        (frame(0x60, (745).to_bytes(2, "little"), block(b"ab")), LARGE, "more than 1000"),
    ],
)
def test_what_asks_for_much_or_is_none_is_refused(payload: bytes, reason: Rejected, detail: str) -> None:
    refusal = check_zstd(payload, 1000)
    assert refusal is not None
    assert refusal[0] is reason
    assert detail in refusal[1]


def test_the_window_granted_is_that_which_everybody_may_ask_for() -> None:
    assert MOST_WINDOW == 8_388_608
