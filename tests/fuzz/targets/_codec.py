"""What every payload format must keep, whatever the payload: tried on one profile at a time.

- nothing is raised; every message has one fate, every bad field a reason, every value is finite
- a message between two good ones changes nothing in them, nor they in it
- the slow way of reading JSON says the same as the fast one
- what a dead letter keeps can be made, and holds no secret that JSON names
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import seeds
from gateway.codecs.compiled import CompiledProfile, Decoded, State, compile_profile
from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile
from gateway.config.profiles import load_profiles

__all__ = ["BUILT_IN", "Case", "case_of", "check", "example", "scalars_under"]

BUILT_IN = {one.name: one for one in load_profiles(seeds.profile_texts())}
BOUNDS = Bounds(max_records=500, max_decompressed_bytes=256 * 1024)
RECEIPT = 1_772_366_400 * 10**9
_TWINS = ("message", "ts", "value", "state", "sequence")
_ALIKE = ("keys", "sequence_scope", "counters", "invalid", "rejected", "ignored")


@dataclass
class Case:
    """A profile with a message that it reads."""

    profile: CompiledProfile
    tolerant: CompiledProfile | None
    """The same without its fast way; None where it has none."""
    topic: str
    good: bytes


def case_of(profile: Profile, topic: str, good: bytes) -> Case:
    """Compile a profile."""
    compiled, tolerant = compile_profile(profile, BOUNDS), None
    if compiled._typed is not None:
        tolerant = compile_profile(profile, BOUNDS)
        tolerant._typed = None
    return Case(compiled, tolerant, topic, good)


def example(name: str) -> tuple[str, bytes]:
    """Topic and payload at the top of a built-in profile."""
    lines = [line.removeprefix("#").strip() for line in seeds.profile_texts()[name].splitlines() if line[:1] == "#"]
    start = next(k for k, line in enumerate(lines) if line.startswith("topic "))
    parts = []
    for line in lines[start + 1 :]:
        if not line:
            break
        parts.append(line.removeprefix("payload").strip())
    text, topic = "".join(parts), lines[start].removeprefix("topic").strip().split("  ")[0]
    for prefix, read in (("hex ", bytes.fromhex), ("base64 ", base64.b64decode)):
        if text.startswith(prefix):
            return topic, read(text.removeprefix(prefix).replace(" ", ""))
    return topic, text.encode()


def check(case: Case, payload: bytes) -> Decoded:
    """Decode one payload every way; raises AssertionError where a promise is broken."""
    alone = _decode(case.profile, case, [payload])
    sound(alone, 1)
    if case.tolerant is not None:
        _same(alone, _decode(case.tolerant, case, [payload]))
    between = _decode(case.profile, case, [case.good, payload, case.good])
    sound(between, 3)
    good = _fate(_decode(case.profile, case, [case.good]), 0)
    assert _fate(between, 0) == good, "the message before is read otherwise"
    assert _fate(between, 2) == good, "the message after is read otherwise"
    assert _fate(between, 1) == _fate(alone, 0), "the neighbours change what is read"
    _redacted(case, payload)
    return alone


def _decode(profile: CompiledProfile, case: Case, payloads: Sequence[bytes]) -> Decoded:
    stamps = np.full(len(payloads), RECEIPT)
    return profile.decode(payloads, [case.topic] * len(payloads), stamps)


def sound(decoded: Decoded, messages: int) -> None:
    """Every message has one fate, every INVALID its reason, and every value is finite."""
    rejected, ignored = {k for k, *_ in decoded.rejected}, {k for k, _ in decoded.ignored}
    used = set(decoded.message.tolist()) | {fault.message for fault in decoded.invalid}
    assert len(rejected) == len(decoded.rejected)
    assert len(ignored) == len(decoded.ignored)
    assert not rejected & ignored
    assert not (rejected | ignored) & used
    assert rejected | ignored | used == set(range(messages))
    assert np.count_nonzero(decoded.state == State.INVALID) <= len(decoded.invalid)
    assert (np.isfinite(decoded.value) == (decoded.state == State.PRESENT)).all()
    assert decoded.value.shape == decoded.state.shape == (len(decoded.ts), decoded.value.shape[1])
    assert decoded.keys is None or all(key.isprintable() and 0 < len(key) <= 256 for key in decoded.keys)
    assert decoded.within is None or (np.isnan(decoded.within) | (decoded.within > 0)).all()
    for detail in [fault.detail for fault in decoded.invalid] + [entry[2] for entry in decoded.rejected]:
        assert detail.isprintable()
        assert len(detail) <= 1000


def _same(one: Decoded, other: Decoded) -> None:
    for name in _TWINS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in _ALIKE:
        assert getattr(one, name) == getattr(other, name), name


def _fate(decoded: Decoded, message: int) -> Any:
    """All that became of one message of a batch, with its rows counted from 0."""
    mine = np.flatnonzero(decoded.message == message)
    first = int(mine[0]) if len(mine) else 0
    rows = [
        (
            int(decoded.ts[r]), decoded.value[r].tobytes(), decoded.state[r].tobytes(),
            None if decoded.keys is None else decoded.keys[r],
            None if decoded.sequence is None else int(decoded.sequence[r]),
            None if decoded.sequence_scope is None else decoded.sequence_scope[r],
            None if decoded.within is None or np.isnan(decoded.within[r]) else float(decoded.within[r]),
            decoded.historical is not None and bool(decoded.historical[r]),
        )
        for r in mine.tolist()
    ]  # fmt: skip
    faults = [
        (f.quantity, f.reason, f.detail, f.row - first if f.row >= 0 else -1, f.key)
        for f in decoded.invalid if f.message == message
    ]  # fmt: skip
    return (
        rows, faults, [entry[1:] for entry in decoded.counters if entry[0] == message],
        [entry[1:] for entry in decoded.rejected if entry[0] == message],
        [entry[1:] for entry in decoded.ignored if entry[0] == message],
    )  # fmt: skip


def _redacted(case: Case, payload: bytes) -> None:
    topic, kept = case.profile.redact(case.topic, payload)
    assert case.profile.redact(topic, kept)[0] == topic
    names = {path.split(".")[-1] for path in case.profile.profile.redact.paths}
    if not names or case.profile.profile.compression != "none":
        return
    try:
        document = json.loads(kept)
    except (ValueError, RecursionError):
        return
    left = {repr(value) for value in scalars_under(document, names) if value != "***"}
    assert not left, f"a dead letter would keep {left}"


def scalars_under(document: Any, names: set[str]) -> list[Any]:
    """Every value under one of `names`, at any depth, that is no object and no list."""
    found: list[Any] = []
    waiting = [document]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            found.extend(value for key, value in at.items() if key in names and not isinstance(value, dict | list))
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)
    return found
