"""Snapshots piece by piece: what comes out is what went in, and it never lies in memory twice."""

import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.engine.results import SeriesName
from gateway.journal.snapshot_bytes import pieces, unpacked


def _again(value: Any) -> Any:
    return msgspec.msgpack.decode(b"".join(pieces(value)), ext_hook=unpacked)


class _State(msgspec.Struct):
    name: str
    state: dict[str, Any]


@pytest.mark.parametrize("length", [0, 1, 15, 16, 255, 256, 4095, 4096, 4097, 4096 + 15, 4096 + 16, 9000])
def test_lists_and_dicts_of_every_length_come_back(length: int) -> None:
    listed = [[f"d{k}", k] for k in range(length)]
    named = {f"d{k}": [k] for k in range(length)}

    assert _again({"listed": listed, "named": named, "after": 1}) == {"listed": listed, "named": named, "after": 1}


def test_what_a_state_is_made_of_comes_back(rng: np.random.Generator) -> None:
    arrays: dict[str, Any] = {
        "wide": rng.integers(0, 99, (7, 3)), "turned": np.arange(12, dtype=np.uint16).reshape(3, 4).T,
        "big-endian": np.arange(5, dtype=">i4"), "none": np.empty((0, 4), np.float32), "text": np.array(["a", "bc"]),
    }  # fmt: skip
    state = _State("x", {
        "arrays": arrays, "few": [{"inner": arrays["wide"]}, None, 1.5], "pair": (1, "two"), "raw": b"\0\1",
        "many": [{"inner": np.arange(k % 3)} for k in range(300)], "one": np.int64(7),
        "names": [SeriesName(k, "d", "speed", "loop", "km/h") for k in range(3)],
    })  # fmt: skip

    found = _again(state)

    assert found["name"] == "x"
    for name, array in arrays.items():
        read = found["state"]["arrays"][name]
        assert read.dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read, array)
    assert found["state"]["few"][0]["inner"].tolist() == arrays["wide"].tolist()
    assert found["state"]["few"][1:] == [None, 1.5]
    assert (found["state"]["pair"], found["state"]["raw"], found["state"]["one"]) == ([1, "two"], b"\0\1", 7)
    assert [each["inner"].tolist() for each in found["state"]["many"][:3]] == [[], [0], [0, 1]]
    assert found["state"]["names"][2] == [2, "d", "speed", "loop", "km/h"]


def test_what_has_no_plain_form_is_refused() -> None:
    for wrong in (np.array([object()]), object(), [object()] * 300):
        with pytest.raises(TypeError, match="can't stand in a snapshot"):
            _again({"wrong": wrong})


def test_a_large_state_is_not_copied() -> None:
    state = {"column": np.zeros(2_000_000), "listed": [("device", k) for k in range(100_000)]}
    state["named"] = {f"device-{k}": k for k in range(100_000)}
    tracemalloc.start()
    try:
        for _ in pieces(state):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1 << 20
