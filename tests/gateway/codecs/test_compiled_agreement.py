"""The typed way and the tolerant way read every document alike; nothing that a device can send makes either raise."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.compiled import CompiledProfile, Decoded, State, compile_profile
from gateway.codecs.typed import REFUSALS
from tests.support.json_documents import ANYTHING, BUILT_IN, EXAMPLES, JSON_PROFILES, like


def both(profile: CompiledProfile, payloads: list[bytes]) -> tuple[Decoded, Decoded]:
    tolerant = compile_profile(profile.profile)
    assert profile._typed is not None
    tolerant._typed = None
    topics = ["x"] * len(payloads)
    return profile.decode(payloads, topics), tolerant.decode(payloads, topics)


def assert_same(one: Decoded, other: Decoded) -> None:
    for name in ("message", "ts", "value", "state", "sequence"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("keys", "sequence_scope", "counters", "invalid", "rejected", "ignored"):
        assert getattr(one, name) == getattr(other, name), name


def assert_sound(decoded: Decoded, messages: int) -> None:
    """Every message has one fate, every INVALID its reason, and every value is finite."""
    rejected, ignored = {k for k, *_ in decoded.rejected}, {k for k, _ in decoded.ignored}
    used = set(decoded.message.tolist()) | {k for k, *_ in decoded.invalid}
    assert len(rejected) == len(decoded.rejected)
    assert len(ignored) == len(decoded.ignored)
    assert not rejected & ignored
    assert not (rejected | ignored) & used
    assert rejected | ignored | used == set(range(messages))
    assert np.count_nonzero(decoded.state == State.INVALID) <= len(decoded.invalid)
    assert (np.isfinite(decoded.value) == (decoded.state == State.PRESENT)).all()
    details: list[str] = [entry[3] for entry in decoded.invalid] + [entry[2] for entry in decoded.rejected]
    for detail in details:
        assert detail.isprintable()


@pytest.mark.parametrize("profile", JSON_PROFILES, ids=lambda one: one.name)
def test_every_example_takes_the_typed_way(profile: Any) -> None:
    compiled = compile_profile(profile)
    assert compiled._typed is not None
    document = compiled._typed.decode(json.dumps(EXAMPLES[profile.name]).encode())
    assert document is not None
    one, other = both(compiled, [json.dumps(EXAMPLES[profile.name]).encode()])
    assert_same(one, other)
    assert len(one.message) >= 1


@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("profile", JSON_PROFILES, ids=lambda one: one.name)
@given(st.data())
def test_both_ways_agree_on_any_document(profile: Any, data: st.DataObject) -> None:
    documents = [like(EXAMPLES[profile.name], data.draw) for _ in range(3)]
    documents.append(data.draw(ANYTHING))
    payloads = [json.dumps(document).encode() for document in documents]
    one, other = both(compile_profile(profile), payloads)
    assert_same(one, other)
    assert_sound(one, len(payloads))


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("profile", JSON_PROFILES, ids=lambda one: one.name)
@given(st.data())
def test_batches_of_which_the_typed_way_takes_all_are_read_alike(profile: Any, data: st.DataObject) -> None:
    """They are read slot by slot, and only they."""
    compiled = compile_profile(profile)
    documents = [json.dumps(like(EXAMPLES[profile.name], data.draw)).encode() for _ in range(4)]
    taken = [document for document in documents if _takes(compiled, document)]
    one, other = both(compiled, taken)
    assert_same(one, other)
    assert one.value.tobytes() == other.value.tobytes()  # -0.0 is not 0.0


def _takes(compiled: CompiledProfile, document: bytes) -> bool:
    assert compiled._typed is not None
    try:
        compiled._typed.decode(document)
    except REFUSALS:
        return False
    return True


@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("name", list(BUILT_IN))
@given(st.data())
def test_no_bytes_make_a_decoder_raise(name: str, data: st.DataObject) -> None:
    good = msgspec.json.encode(EXAMPLES.get(name, [{"bn": "a:", "n": "level", "v": 1}]))
    cut, noise = data.draw(st.integers(0, len(good))), data.draw(st.binary(max_size=20))
    payloads = [good[:cut] + noise + good[cut:], good[:cut] + noise, noise, good[: cut // 2] + good[cut:]]
    compiled = compile_profile(BUILT_IN[name])
    assert_sound(compiled.decode(payloads, ["x"] * 4, np.full(4, 10**18)), 4)


def test_a_batch_decodes_like_its_messages_one_by_one() -> None:
    """A crafted payload can't shift its neighbours' readings."""
    profile = compile_profile(BUILT_IN["loop-detector"])
    good = msgspec.json.encode(EXAMPLES["loop-detector"])
    payloads = [good, good[:-1], good + b"," + good, b'"}' + good, good, b"[" + good + b"]", good]
    decoded = profile.decode(payloads, ["x"] * 7)
    assert decoded.message.tolist() == [0, 4, 6]
    assert len(decoded.rejected) == 4
