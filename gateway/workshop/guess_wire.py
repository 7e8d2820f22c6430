"""Which codec and packing payloads have, told from their bytes; and what is said of those that none of ours reads."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.codecs.compression import Packing, packing_of, unpack
from gateway.codecs.limits import check_document
from gateway.codecs.senml_cbor import cbor_pack
from gateway.codecs.tolerant import Unusable, parse_json
from gateway.config.bounds import Bounds
from gateway.config.profile_model import CsvSpec
from gateway.workshop.guess_csv import guess_csv

__all__ = ["Wire", "content_of", "guess_wire", "kind_of"]

_LINE = re.compile(r'(?:[^\\, \n#{\["]|\\.)+(?:,[^\s,=]+=(?:[^\s,\\]|\\.)+)* +[^\s=,]+=(?:"[^"]*"|[^\s,"]+)[^\n]*')
_LINE_FIELD = re.compile(
    r'[^\s=,]+=(?:"[^"]*"|-?[0-9.]+(?:[eE][+-]?[0-9]+)?[iu]?|t|f|true|false)(?:[, ]|$)', re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z_][\w.:-]*")
_SENML_VALUES = frozenset({"v", "vs", "vb", "vd", "s"})


@dataclass(frozen=True, slots=True)
class Wire:
    """How payloads are written. `codec` is none of ours where `problem` says why."""

    codec: str
    compression: str = "none"
    csv: CsvSpec | None = None
    problem: str = ""
    alike: int = 0
    """How many of the payloads are written so."""


def content_of(payload: bytes, bounds: Bounds) -> tuple[bytes, Packing | None]:
    """A payload unpacked, where its first bytes say that it is packed and it can be; and how it was."""
    packing = packing_of(payload, "auto")
    content = payload if packing is None else unpack(payload, packing, bounds)
    if packing is None and payload and not _is_text(payload):
        # a raw stream has no mark: it is one where it unpacks to text
        raw = unpack(payload, Packing.RAW, bounds)
        if isinstance(raw, bytes) and raw and _is_text(raw):
            return raw, Packing.RAW
    return (content, packing) if isinstance(content, bytes) else (payload, None)


def guess_wire(payloads: Sequence[bytes], bounds: Bounds) -> Wire:
    """What most of the payloads are; empty ones say nothing."""
    opened = [content_of(payload, bounds) for payload in payloads if payload]
    if not opened:
        return Wire("none", problem="all payloads are empty")
    kinds = [kind_of(content, bounds) for content, _ in opened]
    (codec, alike), *_ = sorted(Counter(kinds).items(), key=lambda one: (-one[1], one[0]))
    chosen = [one for one, kind in zip(opened, kinds, strict=True) if kind == codec]
    compression = _compression([packing for _, packing in chosen])
    if codec.startswith("no "):
        return Wire(codec, compression, None, codec, alike)
    csv = guess_csv([content.decode("utf-8-sig") for content, _ in chosen]) if codec == "csv" else None
    return Wire(codec, compression, csv, alike=alike)


def _compression(packings: Sequence[Packing | None]) -> str:
    found = set(packings)
    if found == {None}:
        return "none"
    if found in ({Packing.GZIP}, {Packing.ZSTD}):
        return str(packings[0])
    if found <= {Packing.ZLIB, Packing.RAW}:
        return "deflate"
    return "auto"


def kind_of(content: bytes, bounds: Bounds) -> str:
    """A codec of profiles, or "no" and why there is none."""
    if len(content) > bounds.max_decompressed_bytes:
        return "no codec takes so large a payload"
    if not _is_text(content):
        return _binary_kind(content, bounds)
    refusal = check_document(content, bounds)
    text = content.decode("utf-8-sig").strip()
    if text[:1] in ("{", "["):
        if refusal is not None:
            return f"no codec takes it: {refusal[1]}"
        try:
            return _json_kind(parse_json(content.removeprefix(b"\xef\xbb\xbf")))
        except Unusable:
            return "no codec reads it: it begins like JSON and is none"
    if text[:1] == "<":
        return "no codec reads XML"
    return _text_kind(text)


def _json_kind(document: Any) -> str:
    records = [one for one in document if isinstance(one, dict)] if isinstance(document, list) else []
    named = any("n" in one or "bn" in one for one in records)
    return "senml" if records and named and any(_SENML_VALUES & one.keys() for one in records) else "json"


def _binary_kind(content: bytes, bounds: Bounds) -> str:
    try:
        pack = cbor_pack(content, bounds.max_records)
    except Unusable:
        return "no codec reads these bytes: they are neither text nor SenML in CBOR"
    return (
        "senml_cbor"
        if any(_SENML_VALUES & one.keys() for one in pack if isinstance(one, dict))
        else ("no codec reads these bytes: CBOR, but not SenML")
    )


def _text_kind(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return "text"
    first = next((line for line in lines if not line.startswith("#")), lines[0])
    if _LINE.fullmatch(first) and _LINE_FIELD.search(first.partition(" ")[2]):
        return "line_protocol"
    if len(lines) == 1 and "|" in text and all(_is_group(group) for group in text.split("#")):
        return "ultralight"
    if guess_csv([text]) is not None:
        return "csv"
    return "text" if len(lines) == 1 and len(text) <= 200 else "no codec reads such a text"


def _is_group(group: str) -> bool:
    parts = [part.strip() for part in group.split("|")]
    names = parts[len(parts) % 2 :: 2]
    return bool(names) and all(_WORD.fullmatch(name) for name in names)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return not any(sign < " " and sign not in "\t\r\n" for sign in text[:2000])
