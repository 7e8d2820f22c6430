"""Blocks: the same bytes for the same outputs, and the same outputs back."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.incidents.incident_model import IncidentChange
from gateway.engine.incidents.report_model import ReportChange
from gateway.engine.results import DeviceRecord, LedgerKey, Reject, SeriesName, StepResult
from gateway.errors import JournalCorrupt
from gateway.journal.blocks import checksum, decode, encode, pack, unpack, without_readings
from processors.columns import AggregateBatch, Columns, DirtyPanes, FlagRewrites, ReadingBatch
from tests.gateway.journal.support import full_result

TEXT = st.text(max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1)


def batches(kind: type[Columns]) -> st.SearchStrategy[Any]:
    def build(length: int, seed: int) -> Columns:
        rng = np.random.default_rng(seed)
        return kind(
            **{
                name: np.frombuffer(rng.bytes(length * np.dtype(dtype).itemsize), dtype)
                for name, dtype in kind.DTYPES.items()
            }
        )

    # any bit pattern: every NaN, both zeros, every sign
    return st.builds(build, st.integers(0, 5), st.integers(0, 2**32))


RESULTS = st.builds(
    StepResult,
    readings=batches(ReadingBatch),
    rewrites=batches(FlagRewrites),
    aggregates=batches(AggregateBatch),
    dirty=batches(DirtyPanes),
    rejects=st.lists(
        st.builds(Reject, INT64, INT64, TEXT, TEXT, INT64, TEXT, TEXT, st.binary(max_size=9), TEXT), max_size=3
    ),
    series=st.lists(st.builds(SeriesName, INT64, TEXT, TEXT, TEXT, TEXT), max_size=3),
    devices=st.lists(
        st.builds(
            DeviceRecord, TEXT, TEXT, TEXT, st.tuples(TEXT), st.none() | st.floats(-180, 180), st.none(), TEXT, TEXT,
            TEXT, INT64,
        ), max_size=3,
    ),
    transitions=st.lists(
        st.builds(
            Transition, *[TEXT] * 7, INT64, INT64, st.none() | st.floats(allow_nan=False), INT64, INT64, INT64,
            st.booleans(), TEXT, TEXT, INT64,
        ), max_size=3,
    ),
    figures=st.lists(
        st.builds(Figure, *[TEXT] * 5, INT64, st.floats(allow_nan=False, allow_infinity=False)), max_size=3
    ),
    reports=st.lists(
        st.builds(
            ReportChange, *[TEXT] * 5, INT64, st.none() | st.floats(-180, 180), st.none(), *[TEXT] * 3, *[INT64] * 3,
            TEXT, INT64, *[TEXT] * 4,
        ), max_size=3,
    ),
    incidents=st.lists(
        st.builds(IncidentChange, *[TEXT] * 3, *[INT64] * 7, *[TEXT] * 10, INT64, TEXT), max_size=3
    ),
    counts=st.dictionaries(st.builds(LedgerKey, TEXT, TEXT, TEXT, TEXT, TEXT), INT64, max_size=5),
)  # fmt: skip


@given(RESULTS)
def test_outputs_come_back_bit_for_bit(result: StepResult) -> None:
    back = decode(encode(result))
    for name in ("readings", "rewrites", "aggregates", "dirty"):
        ours, theirs = getattr(result, name), getattr(back, name)
        for column, dtype in ours.DTYPES.items():
            assert getattr(theirs, column).dtype == dtype
            assert getattr(theirs, column).tobytes() == getattr(ours, column).tobytes()
    assert (back.rejects, back.series, back.devices) == (result.rejects, result.series, result.devices)
    assert (back.transitions, back.figures) == (result.transitions, result.figures)
    assert (back.reports, back.incidents) == (result.reports, result.incidents)
    assert back.counts == result.counts
    assert encode(back) == encode(result)


def test_the_order_in_which_accounts_were_touched_does_not_matter() -> None:
    one, other = full_result(), full_result()
    other.counts = dict(reversed(list(one.counts.items())))
    assert list(one.counts) != list(other.counts)
    assert encode(one) == encode(other)


def test_every_column_and_count_is_part_of_the_checksum() -> None:
    sums = {checksum(full_result())}
    for name in ("readings", "rewrites", "aggregates", "dirty"):
        for column in getattr(full_result(), name).DTYPES:
            result = full_result()
            getattr(getattr(result, name), column)[0] += 1
            sums.add(checksum(result))
    result = full_result()
    result.counts[next(iter(result.counts))] += 1
    sums.add(checksum(result))
    assert len(sums) == 1 + 5 + 4 + 15 + 5 + 1


def test_transitions_are_part_of_the_checksum() -> None:
    change = Transition("a1", "raised", "unacknowledged", "gas.lel", "g1", "z", "gas", 1, 1, None, 5, 6, 5, False)
    one, other = full_result(), full_result()
    one.transitions, other.transitions = [change], [msgspec.structs.replace(change, now=7)]

    assert len({checksum(each) for each in (full_result(), one, other)}) == 3


def test_figures_are_part_of_the_checksum() -> None:
    (figure,) = full_result().figures
    changes = {"value": 2.75, "ts": 9, "zone": "z2", "asset": "road-2", "name": "delay", "unit": "km/h"}
    others = [msgspec.structs.replace(figure, **{name: value}) for name, value in changes.items()]
    sums = {checksum(full_result())}
    for told in ([], [figure, figure], *([other] for other in others)):
        result = full_result()
        result.figures = told
        sums.add(checksum(result))

    assert len(sums) == 1 + 2 + len(others)


def test_a_block_of_the_format_before_figures_is_read() -> None:
    body = msgspec.msgpack.decode(encode(full_result()))
    old = msgspec.msgpack.encode([2, *body[1:10]])

    assert decode(old).figures == []
    assert decode(old).transitions == full_result().transitions


def test_a_block_of_the_format_before_transitions_is_read() -> None:
    body = msgspec.msgpack.decode(encode(full_result()))
    old = msgspec.msgpack.encode([1, *body[1:9]])

    assert decode(old).transitions == []
    assert decode(old).counts == full_result().counts


def test_columns_that_are_slices_are_stored_as_they_look() -> None:
    wide = ReadingBatch.of(series=range(10), ts=range(10), value=range(10), flag=[1] * 10, why=[0] * 10)
    every_other = ReadingBatch(**{name: column[::2] for name, column in wide.arrays().items()})
    assert decode(encode(StepResult(readings=every_other))).readings.ts.tolist() == [0, 2, 4, 6, 8]


def test_a_column_of_another_type_is_refused() -> None:
    result = full_result()
    readings = {**result.readings.arrays(), "series": result.readings.series.astype(np.int64)}
    with pytest.raises(TypeError, match=r"ReadingBatch\.series is int64, not int32"):
        encode(StepResult(readings=ReadingBatch(**readings)))


@pytest.mark.parametrize("body", [b"", b"\x00", encode(full_result())[:-1], b"\x99\x02" + encode(full_result())[2:]])
def test_what_is_no_block_is_called_corrupt(body: bytes) -> None:
    with pytest.raises(JournalCorrupt):
        decode(body)


def test_packed_it_says_the_same() -> None:
    body = encode(full_result())
    assert encode(decode(pack(body))) == body == unpack(pack(body))
    assert pack(pack(body)) == pack(body)
    with pytest.raises(JournalCorrupt, match="can't be unpacked"):
        decode(pack(body)[:-9])


def test_without_readings_all_else_stays() -> None:
    result = full_result()
    for body in (encode(result), pack(encode(result))):
        taken, rest = without_readings(body)
        assert encode(decode(rest)) == encode(replace(result, readings=ReadingBatch.empty()))
        assert taken.ts.tolist() == result.readings.ts.tolist()
    with pytest.raises(JournalCorrupt, match="can't be read"):
        without_readings(b"\x93abc")
