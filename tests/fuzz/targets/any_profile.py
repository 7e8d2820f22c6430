"""A profile that the bytes make up, and payloads for it: what loads must compile, and what compiles must read anything.

decisions about the profile | documents that fit its paths more or less | the rest is one more payload as it stands
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cbor2
import msgspec
from hypothesis import strategies as st

from gateway.config.profile_model import Profile
from gateway.config.profiles import load_profiles
from gateway.errors import ConfigErrors
from tests.fuzz.refusals import well_said
from tests.fuzz.source import Source
from tests.fuzz.targets._codec import case_of, check

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    b'{"a":',
    b'{"v":',
    b"[{",
    b"null",
    b"1.5",
    b'"on"',
    b"1772366400",
    b"v=1",
    b"a;b\n",
    b"\x00",
    b"\xff",
    b"\x01\x02",
]
_CODECS = (
    "json",
    "json",
    "json",
    "json",
    "senml",
    "senml_cbor",
    "csv",
    "ultralight",
    "line_protocol",
    "text",
    "sparkplug",
)
_PATHS = ("v", "a", "a.v", "a.b", "a.b.c", "l[0]", "l[1]", "l", "$", "$.a", "$.t", "@", "^.id", "^.a", 'a."x y"', "t",
          "", "n", "[0]", "$.l[0].v")  # fmt: skip
_FLAT = ("v", "a", "t", "n", "x y", "time", "TimeInstant", "0", "1", "$", "")
_RECORDS = ("[]", "a[]", "{}", "a{}", "{}[]", "a.b[]", "a[].b[]", "l[].c", "[].a[]", "a[0][]")
_TYPES = ("number", "number", "numeric_string", "boolean", "enum")
_UNITS = ("1", "Cel", "F", "l/s", "%", "km/h", "K", "", "parsec")
_FORMATS = ("unix_s", "unix_ms", "unix_us", "unix_ns", "rfc3339", "iso_basic", "local", "receipt")
_ZONES = (None, "Asia/Shanghai", "Europe/Paris", "Pacific/Apia", "America/Nowhere")
_REPAIRS = 10
_NEEDED: dict[Any, Any] = {
    "identity": {"topic": "{device}"}, "topic": "x/{device}", "path": "v", "unit": "1", "format": "receipt",
    "time": {"format": "receipt"},
    "equals": 1, "enum": {"on": 1},
}  # fmt: skip
_NUMBERS = (0, 1, -1, 1.5, 1e-300, 1e300, 255, 1 << 40)
_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2.5, 1e300, 1 << 63, 10**400, "on", "off", "1.5", "", "nan", "2026-03-01T12:00:00Z",
    "2026-03-29T02:30:00", "20260301T120000Z", "a/b", 1772366400, 1772366400123, [], {}, "é", "x" * 300, -0.0,
)  # fmt: skip
_KEYS = ("a", "b", "c", "v", "l", "t", "n", "id", "x y")
_TOPICS = (
    "x/{device}",
    "x/{zone}/{device}",
    "x/{app}",
    "{device}",
    "x/{name...}/{device}",
    "d({device})",
    "x/$/{a}/{b}",
)


def target(data: bytes) -> None:
    """One profile with some payloads."""
    source = Source(data)
    codec = source.one(_CODECS)
    table = _table(source, codec)
    profile = _loaded(msgspec.json.encode(table))
    if profile is None:
        return
    document = _document(source, 0)
    good = _written(codec, document)
    case = case_of(profile, "x/1/2", good)
    for _ in range(source.below(3)):
        check(case, _written(codec, _document(source, 0)))
    check(case, source.rest())


@lru_cache(maxsize=64)
def _loaded(text: bytes) -> Profile | None:
    """The profile, without what the loader refuses of it and says so well; None: it has to be refused whole."""
    table = msgspec.json.decode(text)
    for _ in range(_REPAIRS):
        try:
            return load_profiles({"any": table})[0]
        except ConfigErrors as errors:
            well_said(errors, "any.toml")
            mended = [_mended(table, problem.key) for problem in errors.problems]
            if not any(mended):
                return None
    return None


def _mended(table: Any, key: str) -> bool:
    """Take away what a key path names, or put in what must be there; False: neither can be done."""
    parts = key.replace("[", ".").replace("]", "").split(".")
    steps: list[Any] = [int(part) if part.isdigit() else part for part in parts]
    *above, last = steps
    for step in above:
        named = isinstance(table, dict) and step in table
        if not named and not (isinstance(table, list) and isinstance(step, int) and step < len(table)):
            return False
        table = table[step]
    if isinstance(table, dict):
        if last in table:
            del table[last]
        elif last in _NEEDED:
            table[last] = _NEEDED[last]
        return True
    if isinstance(table, list) and isinstance(last, int) and last < len(table) and len(table) > 1:
        del table[last]
        return True
    return False


def _table(source: Source, codec: str) -> dict[str, Any]:
    paths: Sequence[str] = _PATHS if codec in ("json", "text") else _FLAT
    topic = source.one(_TOPICS)
    names = [name for name in ("device", "zone", "app", "name", "a", "b") if "{" + name in topic]
    table: dict[str, Any] = {"name": "any", "codec": codec, "topic": topic, "interval_secs": source.one((1, 60, 7200))}
    table["compression"] = source.one(("none", "none", "none", "auto", "gzip", "deflate", "zstd"))
    identity = source.below(6)
    if codec == "sparkplug":
        del table["topic"]
        table["identity"] = {"edge_node": True}
        table["topics"] = [f"spBv1.0/{{group}}/{kind}/{{node}}" for kind in ("NBIRTH", "NDATA", "NDEATH")]
    elif identity <= 2:
        table["identity"] = {"topic": "{" + source.one(names or ["device"]) + "}"}
    elif identity == 3:
        table["identity"] = {"object_key": True}
    else:
        table["identity"] = {"base_name": True} if codec.startswith("senml") else {"path": source.one(paths)}
    if not codec.startswith("senml") and codec != "sparkplug":
        table["time"] = _time(source, paths)
    if codec in ("json", "csv") and source.flag():
        table["records"] = {"path": source.one(_RECORDS), "single": source.flag()}
    if codec != "text" and source.byte() % 4 == 1:
        table["sequence"] = {"path": source.one(paths), **_some(source, {
            "modulus": (2, 65536, 1 << 62), "default": (0, 5), "scope": paths, "of": ("{device}", "{app}"),
        })}  # fmt: skip
    if source.byte() % 4 == 1:
        rule: dict[str, Any] = {"path": source.one(paths), "reason": "simulated"}
        rule |= (
            {"equals": source.one((True, 0, 1.5, "on"))}
            if source.flag()
            else {"type": source.one(("text", "number", "boolean"))}
        )
        table["ignore"] = [rule]
    if source.byte() % 4 == 1:
        table["redact"] = {"paths": source.some(paths, 2), "variables": source.some(names or ["device"], 1)}
    if source.byte() % 8 == 1 and names:
        table["wrap_in"] = source.one(names)
    if codec == "csv":
        table["csv"] = _some(source, {
            "delimiter": (",", ";", " ", "\t", "="), "header": (True,), "columns": (["v", "a", "t"], ["x y", "0"]),
            "pairs": ("=", ":"), "decimal": (",",), "quote": ("'", ""), "missing": (["-"],), "ragged": (True,),
            "joined": ({"t": ["a", "v"]},),
        })  # fmt: skip
    table["fields"] = {f"q{k}": _field(source, paths) for k in range(1 + source.below(3))}
    return table


def _time(source: Source, paths: Sequence[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"format": source.one(_FORMATS)}
    if made["format"] != "receipt":
        made["path"] = [source.one(paths) for _ in range(1 + source.below(2))]
    return made | _some(source, {
        "numbers": _FORMATS[:4], "zone": _ZONES[1:], "ambiguous": ("earlier", "later"), "interval": ("start", "end"),
        "earliest": ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), "unusable": ("receipt",),
    })  # fmt: skip


def _field(source: Source, paths: Sequence[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"path": [source.one(paths) for _ in range(1 + source.below(2))], "type": source.one(_TYPES)}
    if made["type"] == "enum":
        made["enum"] = {"on": source.one(_NUMBERS), "off": 0}
    if made["type"].startswith("num") or source.byte() == 5:
        made["unit"] = source.one(_UNITS)
    return made | _some(source, {
        "scale": _NUMBERS, "range": ([0, 1], [-1e308, 1e308], [5, -5]), "required": (True, False), "default": _NUMBERS,
        "time": [[path] for path in paths],
    })  # fmt: skip


def _some(source: Source, choices: dict[str, Sequence[Any]]) -> dict[str, Any]:
    """Each of them by one bit of a byte or two."""
    bits = source.below(1 << len(choices)) & source.below(1 << len(choices))
    return {name: source.one(values) for k, (name, values) in enumerate(choices.items()) if bits >> k & 1}


def _document(source: Source, depth: int) -> Any:
    kind = source.below(8)
    if kind < 3 and depth < 4:
        return {source.one(_KEYS): _document(source, depth + 1) for _ in range(source.below(5))}
    if kind == 3 and depth < 4:
        return [_document(source, depth + 1) for _ in range(source.below(4))]
    return source.one(_SCALARS)


def _written(codec: str, document: Any) -> bytes:
    if codec == "senml_cbor":
        return cbor2.dumps([document])
    if codec in ("csv", "ultralight", "line_protocol", "text"):
        pairs = document.items() if isinstance(document, dict) else [("v", document)]
        sign = {"ultralight": "|"}.get(codec, "=")
        text = {"ultralight": "|", "line_protocol": ","}.get(codec, ";").join(
            f"{name}{sign}{value}" for name, value in pairs
        )
        return f"m {text}".encode() if codec == "line_protocol" else text.encode()
    return json.dumps([document] if codec == "senml" else document).encode()


def inputs() -> st.SearchStrategy[bytes]:
    """Bytes: every one is a decision."""
    return st.binary(min_size=20, max_size=150)


def seeds() -> Sequence[bytes]:
    """A profile of each codec."""
    return [bytes([k]) + bytes(60) for k in range(len(_CODECS))]
