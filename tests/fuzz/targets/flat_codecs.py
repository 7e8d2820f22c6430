"""Formats without a tree (delimited text, UltraLight, line protocol, bare text): which profile, then the payload."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from gateway.config.profiles import load_profiles
from tests.fuzz.targets._codec import BUILT_IN, Case, case_of, check, example

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    *(b"=", b",", b";", b"|", b"#", b" ", b"\n", b"\r\n", b"\t", b'"', b"'", b"\\", b'\\"', b"\\ ", b"\\,", b"\x00"),
    *(b"v", b"w", b"t", b"id", b"n", b"s", b"v=1", b"nan", b"null", b"-", b"1i", b"2u", b"true", b"F", b"1e9", b".5"),
    *(b"TimeInstant", b"time", b"thing,id=a ", b"2026-03-01T12:00:00Z", b"1772366400000000000", b"20260301T120000Z"),
    *(b"\xc3\xa9", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"t;v;w\n", b"2026-03-01;20:00:00;61,2;70,4\n", b"\xff"),
]
_BASE: dict[str, Any] = {
    "topic": "x/{device}", "interval_secs": 60, "identity": {"topic": "{device}"}, "time": {"format": "receipt"},
    "fields": {
        "v": {"path": "v", "unit": "Cel"}, "w": {"path": "w", "unit": "1", "required": False},
        "o": {"path": "o", "type": "boolean", "required": False},
        "m": {"path": "m", "type": "enum", "enum": {"on": 1, "off": 0}, "required": False},
    },
}  # fmt: skip
_KEYED: dict[str, Any] = {"topic": "x/{app}", "identity": {"path": "id"}, "sequence": {"path": "n", "scope": "s"}}
_PROFILES: list[tuple[dict[str, Any], bytes]] = [
    ({"codec": "csv", "csv": {"columns": ["t", "v", "w", "o", "m"]}, "time": {"path": "t", "format": "unix_s"}},
     b"5,1,2,1,on\n6,3,4,false,off"),
    ({"codec": "csv", "csv": {"header": True, "delimiter": ";", "decimal": ","}, **_KEYED}, b"id;v;n;s\na;1,5;3;x"),
    ({"codec": "csv", "csv": {"pairs": "=", "delimiter": ";", "quote": "'"}, **_KEYED}, b"id=a;v='1';n=4"),
    ({"codec": "csv", "csv": {"delimiter": " ", "joined": {"t": ["0", "1"]}, "ragged": True},
      "time": {"path": "t", "format": "local", "zone": "Europe/Paris"}, "fields": {"v": {"path": "2", "unit": "1"}}},
     b"2026-03-01 12:00:00 5"),
    ({"codec": "ultralight", "time": {"path": "TimeInstant", "format": "iso_basic"}, **_KEYED},
     b"20260301T120000Z|id|a|v|1#20260301T120001Z|id|b|v|2"),
    ({"codec": "line_protocol", "time": {"path": "time", "format": "unix_ns"}, **_KEYED},
     b'thing,id=a v=1.5,w=2i,n=3u,o=t,m="on" 1772366400000000000'),
    ({"codec": "line_protocol", "line_protocol": {"measurement": ["a b"]}}, b"a\\ b v=1"),
    ({"codec": "text", "fields": {"v": {"path": "$", "unit": "1"}}}, b"21.5"),
    ({"codec": "text", "fields": {"m": {"path": "$", "type": "enum", "enum": {"on": 1}}}}, b"on"),
    ({"codec": "text", "fields": {"o": {"path": "$", "type": "boolean"}}}, b"true"),
]  # fmt: skip


@cache
def _cases() -> Sequence[Case]:
    names = ("noise-logger", "fiware-ul", "weather-station")
    made = [case_of(BUILT_IN[name], *example(name)) for name in names]
    for k, (changes, good) in enumerate(_PROFILES):
        (profile,) = load_profiles({f"p{k}": _BASE | {"name": f"p{k}"} | changes})
        made.append(case_of(profile, "x/1", good))
    return made


def target(data: bytes) -> None:
    """One payload by one profile."""
    cases = _cases()
    check(cases[(data[0] if data else 0) % len(cases)], data[1:])


_PIECE = st.sampled_from(TOKENS) | st.sampled_from([good for _, good in _PROFILES]) | st.binary(max_size=3)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Pieces of the languages one after the other."""
    return bytes([draw(st.integers(0, 12))]) + b"".join(draw(st.lists(_PIECE, max_size=20)))


def seeds() -> Sequence[bytes]:
    """Every profile's good message."""
    return [bytes([k]) + case.good for k, case in enumerate(_cases())]
