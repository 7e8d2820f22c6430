"""JSON by every built-in profile and some that none of those resembles: which one, then the payload."""

import json
from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

from tests.fuzz.targets._codec import Case, case_of, check, example
from tests.support.json_documents import ANYTHING, BUILT_IN, EXAMPLES, JSON_PROFILES, like

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"null", b"true", b"false", b"-0", b"1e400", b"1e-400", b"\\u0000"),
    *(b"\\ud800", b"NaN", b"Infinity", b"18446744073709551616", b"9223372036854775807", b"2026-03-01T12:00:00Z"),
    *(b'"2026-03-01T12:00:00.123456789+08:00"', b"1772366400", b"1772366400.5", b'"on"', b"\xef\xbb\xbf", b"\xc3\xa9"),
    *sorted({f'"{key}":'.encode() for one in EXAMPLES.values() if isinstance(one, dict) for key in one}),
]


@cache
def _cases() -> Sequence[Case]:
    made = []
    for profile in JSON_PROFILES:
        topic, good = example(profile.name) if profile.name in BUILT_IN else ("x/1", b"")
        if not good.startswith((b"{", b"[")):
            good = json.dumps(EXAMPLES[profile.name]).encode()
        made.append(case_of(profile, topic, good))
    return made


def target(data: bytes) -> None:
    """One payload by one profile."""
    cases = _cases()
    check(cases[(data[0] if data else 0) % len(cases)], data[1:])


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """A document like the profile's example, whole or damaged; or any."""
    number = draw(st.integers(0, len(JSON_PROFILES) - 1))
    document = like(EXAMPLES[JSON_PROFILES[number].name], draw) if draw(st.booleans()) else draw(ANYTHING)
    payload = json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(payload)))
        payload = payload[:at] + draw(st.sampled_from(TOKENS) | st.binary(max_size=4)) + payload[at:]
    return bytes([number]) + payload


def seeds() -> Sequence[bytes]:
    """Every example."""
    documents = [json.dumps(EXAMPLES[profile.name]).encode() for profile in JSON_PROFILES]
    return [bytes([k]) + document for k, document in enumerate(documents)]
