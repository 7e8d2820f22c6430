"""Slots of sketches come out as they went in, however rows grow, shrink and leave; room follows what is used."""

import numpy as np

from processors.windows.sketch import SLOTS
from processors.windows.sketch_room import SketchRoom


def _slots(rng: np.random.Generator, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gap, digit = rng.integers(0, 256, (2, int(used.sum())), np.uint8)
    return gap, digit


def test_rows_read_as_they_were_last_written(rng: np.random.Generator) -> None:
    room, kept = SketchRoom(), {}
    room.grow(300)
    for _ in range(60):
        rows = rng.permutation(300)[: rng.integers(1, 200)].astype(np.int32)
        used = rng.choice([0, 1, 8, 9, 16, 17, 40, 64, 65, SLOTS], len(rows)).astype(np.uint8)
        gap, digit = _slots(rng, used)
        room.write(rows, used, gap, digit)
        ends = np.cumsum(used, dtype=np.int64)
        for row, size, end in zip(rows.tolist(), used.tolist(), ends.tolist(), strict=True):
            kept[row] = (gap[end - size : end].tolist(), digit[end - size : end].tolist())
        gone = rng.permutation(300)[:20]
        room.release(gone)
        kept.update({row: ([], []) for row in gone.tolist()})

    for row, (gaps, digits) in kept.items():
        read = room.read(np.array([row]), np.array([len(gaps)], np.uint8))
        assert (read[0].tolist(), read[1].tolist()) == (gaps, digits)
    every = np.array(list(kept))
    used = np.array([len(gaps) for gaps, _ in kept.values()], np.uint8)
    assert room.read(every, used)[0].tolist() == [gap for gaps, _ in kept.values() for gap in gaps]


def test_a_series_of_few_buckets_takes_few_bytes(rng: np.random.Generator) -> None:
    room, rows = SketchRoom(), np.arange(10_000)
    room.grow(10_000)
    before = room.nbytes

    few = np.full(10_000, 5, np.uint8)
    room.write(rows, few, *_slots(rng, few))
    assert (room.nbytes - before) / 10_000 <= 16

    # they widen all together: what they leave behind is given back
    for size in (12, 30, 60, SLOTS):
        many = np.full(10_000, size, np.uint8)
        room.write(rows, many, *_slots(rng, many))
    assert (room.nbytes - before) / 10_000 <= 2 * SLOTS + 1

    room.release(rows)
    assert room.nbytes == before
