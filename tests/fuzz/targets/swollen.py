"""The largest payload that is taken, made of few bytes again and again: no format may take long over it, or much room.

first byte: the profile; then how it is packed, a beginning, what is repeated, an end
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from hypothesis import strategies as st

from gateway.codecs.compiled import CompiledProfile, compile_profile
from gateway.codecs.compression import Packing, pack
from gateway.config.bounds import Bounds
from gateway.engine.router import Router
from tests.fuzz.source import Source
from tests.fuzz.targets import flat_codecs, json_codec, senml_codec, sparkplug_codec
from tests.fuzz.targets._codec import Case, sound

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    *json_codec.TOKENS[:20],
    *senml_codec.TOKENS,
    *flat_codecs.TOKENS,
    b"{}",
    b"[]",
    b'{"a":',
    b'[{"n":"x"}',
    b"\\\\",
    b"\x12\x00",
]
_BOUNDS = Bounds()
_RECEIPT = 1_772_366_400 * 10**9
_PACKINGS = (None, None, Packing.GZIP, Packing.ZSTD)


@cache
def _cases() -> Sequence[tuple[Case, CompiledProfile]]:
    """Every profile with the bounds that a gateway has, unless told otherwise."""
    every = (*json_codec._cases(), *senml_codec._cases(), *flat_codecs._cases(), *sparkplug_codec._cases()[:1])
    return [(case, compile_profile(case.profile.profile, _BOUNDS)) for case in every]


def target(data: bytes) -> None:
    """One payload of full size, decoded and redacted; one topic of full length."""
    source = Source(data)
    case, profile = source.one(_cases())
    chosen = source.one(_PACKINGS)
    packing = chosen if profile.profile.compression == "auto" else None
    most = _BOUNDS.max_payload_bytes if packing is None else _BOUNDS.max_decompressed_bytes
    begin, piece, end = source.run(), source.run() or b"x", source.rest()
    payload = begin + piece * max(0, (most - len(begin) - len(end)) // len(piece)) + end
    if packing is not None:
        payload = pack(payload, packing)
    sound(profile.decode([payload], [case.topic], np.array([_RECEIPT])), 1)
    profile.redact(case.topic, payload)
    head = case.topic.rpartition("/")[0]
    topic = (head + "/" + (piece * 1024).decode("utf-8", "replace"))[: _BOUNDS.max_topic_bytes]
    _router(profile).match(topic)
    profile.redact(topic, b"")


@cache
def _router(profile: CompiledProfile) -> Router:
    return Router([profile.profile])


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Repeated pieces of the languages."""
    piece = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=2), max_size=3).map(b"".join)
    begin, middle, end = draw(piece), draw(piece), draw(piece)
    head = bytes([draw(st.integers(0, 80)), draw(st.integers(0, 3)), len(begin)])
    return head + begin + bytes([len(middle)]) + middle + end


def seeds() -> Sequence[bytes]:
    """What is repeated in each language, and what is known to be slow where a reader goes back."""
    out = []
    for k, (case, _) in enumerate(_cases()):
        good, how = case.good[:120], b"\x02" if case.profile.profile.compression == "auto" else b"\x00"
        out.append(bytes([k]) + how + b"\x01[" + bytes([len(good) + 1]) + good + b"," + good + b"]")
    return out
