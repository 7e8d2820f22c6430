import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.windows.packing import HEADER, pack, unpack
from processors.windows.sketch import SLOTS, Sketches

sketches = st.lists(
    st.dictionaries(st.integers(-18_300, 18_300), st.one_of(st.integers(1, 300), st.integers(1, 2**40)), max_size=12),
    max_size=5,
)


def _flat(listed: list[dict[int, int]]) -> Sketches:
    entries = [(row, key, count) for row, held in enumerate(listed) for key, count in sorted(held.items())]
    row, key, count = zip(*entries, strict=True) if entries else ((), (), ())
    level = np.arange(len(listed), dtype=np.int32)
    return Sketches(level, np.array(row, np.intp), np.array(key, np.int32), np.array(count, np.int64))


def _round(made: Sketches) -> Sketches:
    packed = pack(made)
    return unpack(packed["base"], packed["used"], packed["level"], packed["gap"], packed["digit"])


@given(sketches)
def test_what_is_packed_comes_out_again(listed: list[dict[int, int]]) -> None:
    made = _flat([{k: c for k, c in held.items() if abs(k) < 500} for held in listed])

    again = _round(made)

    for name in ("level", "row", "key", "count"):
        assert getattr(again, name).tolist() == getattr(made, name).tolist()


def test_wide_gaps_and_large_counts_take_more_slots() -> None:
    made = _flat([{-300: 256, 0: 1, 255: 65_536, 511: 255, 1021: 3}, {}, {7: 86_400}])
    packed = pack(made)

    #           -300: 2 digits   0: 300 = 255 + 45   255: 3 digits   511: 256 = 255 + 1   1021: 510 = 255 + 255
    assert packed["gap"].tolist() == [1, 0, 255, 45, 255, 0, 0, 255, 1, 255, 255, 1, 0, 0]
    assert packed["digit"].tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 255, 0, 3, 128, 81, 1]
    assert packed["used"].tolist() == [11, 0, 3]
    again = _round(made)
    assert again.key.tolist() == made.key.tolist()
    assert again.count.tolist() == made.count.tolist()
    assert again.row.tolist() == [0] * 5 + [2]


def test_a_window_takes_at_most_256_bytes() -> None:
    header = sum(np.dtype(dtype).itemsize * max(columns, 1) for dtype, columns in HEADER.values())

    assert header + 2 * SLOTS == 256


def test_nothing_packs_to_nothing() -> None:
    assert _round(Sketches.empty()).count.tolist() == []
    assert _round(Sketches.empty(2)).level.tolist() == [0, 0]
