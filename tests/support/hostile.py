"""Messages that mean harm: what a decoder, a terminal, a database or a clock might stumble over. Deterministic."""

import gzip
import json
import zlib
from collections.abc import Iterator

import pyarrow as pa

__all__ = ["bombs", "deep_and_wide", "hostile_names", "hostile_numbers", "hostile_times"]

_BOMB = 64 << 20
_ESCAPES = ("\x1b[2J\x1b[H", "\u202ekcatta", "a\r\nerror: forged", "\x07", "\x9b31m", "\u2028", "\ufeff", "a\x00b")
_INJECTIONS = ("'; DROP TABLE state; --", "a,b=c d\\", '"}', "<img src=x onerror=alert(1)>", "$(reboot)", "%s%n", "{0}")


def _reading(ts: int, **more: object) -> bytes:
    return json.dumps({"ts": ts, "speed": 50, "flow": 3, "occ": 0.1, **more}).encode()


def deep_and_wide(ts: int) -> Iterator[bytes]:
    """Documents that nest, open, name or repeat very much, or hold what is no UTF-8."""
    yield b"[" * 200_000
    yield b'{"a":' * 40_000 + b"1" + b"}" * 40_000
    yield b"{" + b",".join(b'"k%d":{}' % k for k in range(20_000)) + b"}"
    yield b'{"ts":%d,"speed":1,' % ts + b'"speed":2,' * 20_000 + b'"flow":1,"occ":0}'
    yield _reading(ts, text="[{" * 100_000)
    yield b'{"ts":%d,"speed":1,"flow":1,"occ":0,"x":"\xff\xfe\xc0\xaf"}' % ts
    yield json.dumps({"ts": ts}).encode("utf-16")
    yield b"\xef\xbb\xbf" + _reading(ts)
    yield b"\0" * 100_000
    yield _reading(ts)[:-1]
    yield b"x" * 1_000_000


def bombs(ts: int) -> Iterator[bytes]:
    """A little that unpacks to very much; twice packed, cut, followed by more."""
    nothing = b"0" * _BOMB
    yield zlib.compress(nothing, 9)
    yield gzip.compress(nothing)
    yield bytes(pa.compress(nothing, codec="zstd", asbytes=True))
    yield gzip.compress(gzip.compress(_reading(ts)))
    yield gzip.compress(_reading(ts))[:-5]
    yield gzip.compress(_reading(ts)) * 1000


def hostile_numbers(ts: int) -> Iterator[bytes]:
    """What JSON lets stand for a number, and some that it doesn't."""
    for text in (b"1e400", b"-1e400", b"NaN", b"-Infinity", b"-0", b"-0.0", b"9" * 100_000, b"0." + b"1" * 100_000,
                 b"1e-400", b"1E99999999999999999999", b"0x10", b"01", b"true", b'"50"', b"[50]", b"-"):  # fmt: skip
        yield b'{"ts":%d,"speed":%s,"flow":3,"occ":0.1}' % (ts, text)


def hostile_times() -> Iterator[bytes]:
    """Times of the year 1, of 9999, of no year."""
    for text in ("-62135596800000", "253402300799999", "0", "-1", "1e300", "1e400", "9223372036854775807",
                 "-9223372036854775808", "18446744073709551616", "9" * 5000, '"now"', "null", "{}"):  # fmt: skip
        yield b'{"ts":%s,"speed":50,"flow":3,"occ":0.1}' % text.encode()


def hostile_names() -> Iterator[str]:
    """Parts of a topic; those that no broker lets pass are left out."""
    yield from (sign for sign in _ESCAPES if "\0" not in sign)
    yield from _INJECTIONS
    yield "x" * 300
    yield "e\u0301\u0416\U0001f4a7"
