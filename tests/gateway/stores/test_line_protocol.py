"""Lines from columns, against a slow and plain way of writing the same lines."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.results import SeriesName
from gateway.stores.line_names import LineNames
from gateway.stores.line_protocol import SEVERITY, Lines, aggregate_lines, reading_lines, severity
from gateway.stores.line_rows import line_rows
from processors.columns import STATS, FlagRewrites, ReadingBatch
from processors.flags import Flag
from tests.support.blocks import T0, aggregates, readings, rewrites

QUANTITIES = ("speed", "flow", "occupancy")
NAN = float("nan")


def names_of(devices: int, profile: str = "loop") -> LineNames:
    names = LineNames()
    names.add(
        [
            SeriesName(device * len(QUANTITIES) + place, f"D{device}", quantity, profile, "km/h")
            for device in range(devices)
            for place, quantity in enumerate(QUANTITIES)
        ]
    )
    return names


def lines_of(batch: ReadingBatch, verdicts: FlagRewrites, names: LineNames) -> Lines:
    rows = line_rows(batch, verdicts, names)
    return reading_lines(rows, severity(rows), names)


def parsed(lines: Lines) -> dict[tuple[str, int], dict[str, str]]:
    """(key, time) -> field -> text; fails where a key or a field is there twice."""
    result: dict[tuple[str, int], dict[str, str]] = {}
    for line in bytes(lines.body()).decode().splitlines():
        key, fields, ts = line.split(" ")
        assert (key, int(ts)) not in result
        pairs = [field.split("=") for field in fields.split(",")]
        assert len(dict(pairs)) == len(pairs)
        result[key, int(ts)] = dict(pairs)
    return result


def plainly(batch: ReadingBatch, verdicts: FlagRewrites) -> dict[tuple[str, int], dict[str, str]]:
    """The same, one reading after the other."""
    rows: dict[tuple[int, int], tuple[float, int, int, bool]] = {}
    for series, ts, value, flag, why in zip(*(column.tolist() for column in batch.arrays().values()), strict=True):
        rows[series, ts] = (value, flag, why, flag != Flag.GOOD or why != 0)
    for series, ts, flag, why in zip(*(column.tolist() for column in verdicts.arrays().values()), strict=True):
        rows[series, ts] = (rows.get((series, ts), (NAN,))[0], flag, why, True)
    worst: dict[tuple[str, int], list[int]] = {}
    result: dict[tuple[str, int], dict[str, str]] = {}
    for (series, ts), (value, flag, why, spoken) in rows.items():
        device, place = divmod(series, len(QUANTITIES))
        fields = result.setdefault((f"loop,device=D{device}", ts), {})
        worst.setdefault((f"loop,device=D{device}", ts), []).append(flag)
        if not math.isnan(value):
            fields[QUANTITIES[place]] = repr(value).removesuffix(".0")
        if spoken:
            fields |= {f"{QUANTITIES[place]}_flag": f"{flag}i", f"{QUANTITIES[place]}_why": f"{why}i"}
    for key, flags in worst.items():
        result[key]["flag"] = f"{max(flags, key=lambda flag: SEVERITY[flag])}i"
    return result


KEY = st.tuples(st.integers(0, 8), st.integers(0, 2).map(lambda k: T0 + k))
FLAG = st.sampled_from([1, 1, 1, 2, 3, 4, 9])
ROWS = st.lists(st.tuples(KEY, FLAG, st.integers(0, 2), st.integers(-500, 50_000)), max_size=40)


@settings(max_examples=300)
@given(ROWS, st.lists(st.tuples(KEY, st.sampled_from([1, 3, 4]), st.integers(0, 3)), max_size=6))
def test_lines_say_what_a_plain_writer_says(
    rows: list[tuple[tuple[int, int], int, int, int]], verdicts: list[tuple[tuple[int, int], int, int]]
) -> None:
    batch = readings(*((*key, NAN if flag == 9 else number / 100, flag, why) for key, flag, why, number in rows))
    changes = rewrites(*((*key, flag, why) for key, flag, why in verdicts))
    assert parsed(lines_of(batch, changes, names_of(3))) == plainly(batch, changes)


def test_a_record_s_readings_that_lie_side_by_side_make_one_line() -> None:
    batch = readings((0, T0, 42.5, 1, 0), (1, T0, 610.0, 1, 0), (2, T0, 0.25, 1, 0), (3, T0, 1.0, 1, 0))
    lines = lines_of(batch, FlagRewrites.empty(), names_of(2))
    assert bytes(lines.body()) == (
        b"loop,device=D0 speed=42.5,flow=610,occupancy=0.25,flag=1i 1700000000000000000\n"
        b"loop,device=D1 speed=1,flag=1i 1700000000000000000\n"
    )
    assert lines.readings.tolist() == [3, 1]


def test_neither_nan_nor_infinity_reaches_a_line() -> None:
    batch = readings((0, T0, NAN, 9, 2), (1, T0, float("inf"), 4, 1), (2, T0, -float("inf"), 1, 0))
    assert bytes(lines_of(batch, FlagRewrites.empty(), names_of(1)).body()) == (
        b"loop,device=D0 speed_flag=9i,speed_why=2i,flow_flag=4i,flow_why=1i,occupancy_flag=1i,occupancy_why=0i"
        b",flag=4i 1700000000000000000\n"
    )


def test_a_verdict_alone_sends_no_value_and_counts_no_reading() -> None:
    lines = lines_of(ReadingBatch.empty(), rewrites((0, T0, 1, 0)), names_of(1))
    assert bytes(lines.body()) == b"loop,device=D0 speed_flag=1i,speed_why=0i,flag=1i 1700000000000000000\n"
    assert lines.readings.tolist() == [0]


def test_no_rows_make_no_lines() -> None:
    lines = lines_of(ReadingBatch.empty(), FlagRewrites.empty(), names_of(1))
    assert len(lines) == 0
    assert bytes(lines.body()) == b""
    assert lines.split(10) == []


def test_chosen_and_split_lines_are_the_same_lines() -> None:
    batch = readings(*((series, T0 + k, float(k), 1, 0) for k in range(5) for series in (0, 3)))
    lines = lines_of(batch, FlagRewrites.empty(), names_of(2))
    text = bytes(lines.body()).splitlines(keepends=True)
    assert bytes(lines.take(np.array([7, 2])).body()) == text[7] + text[2]
    parts = lines.split(4)
    assert [len(part) for part in parts] == [4, 4, 2]
    assert b"".join(bytes(part.body()) for part in parts) == b"".join(text)
    assert bytes(parts[1].take(np.array([1])).body()) == text[5]
    assert parts[2].ts.tolist() == lines.ts[8:].tolist()


def test_names_may_come_in_several_parts() -> None:
    names = names_of(2)
    names.add([SeriesName(6, "D0", "new", "loop", "m")])
    assert names.width.tolist() == [4, 3]
    assert names.series_of[0] == [(0, "speed"), (1, "flow"), (2, "occupancy"), (6, "new")]
    lines = lines_of(readings((6, T0, 1.5, 1, 0)), FlagRewrites.empty(), names)
    assert bytes(lines.body()) == b"loop,device=D0 new=1.5,flag=1i 1700000000000000000\n"


def test_aggregates_of_a_device_and_window_share_a_line() -> None:
    batch = aggregates((0, 60, T0, 0, 5, 1.0), (3, 60, T0, 0, 7, 9.0), (1, 60, T0, 2, 6, 0.5))
    batch.std[0] = NAN
    found = parsed(aggregate_lines(batch, names_of(2)))
    assert set(found) == {("loop_1m,device=D0", T0), ("loop_1m,device=D1", T0)}
    first = found["loop_1m,device=D0", T0]
    assert first["speed_count"] == "5i"
    assert first["speed_mean"] == "4"
    assert "speed_std" not in first
    assert first["speed_revision"] == "0i"
    assert first["flow_revision"] == "2i"
    assert len(first) == 2 * (len(STATS) + 1) - 1
