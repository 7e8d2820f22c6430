"""SenML CBOR byte by byte: the examples of RFC 8949, and an independent library reads what is written."""

from decimal import Decimal

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.encoders.senml_cbor import LABELS, Decimals, Value, senml_cbor


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (1000, "1903e8"), (1_000_000, "1a000f4240"), (2**64 - 1, "1b" + "ff" * 8),
        (-1, "20"), (-1000, "3903e7"), (1.1, "fb3ff199999999999a"), ("IETF", "6449455446"), ("ü", "62c3bc"),
        (True, "f5"), (False, "f4"), (None, "f6"), (Decimals(27315, 2), "c48221196ab3"),
    ],
)  # fmt: skip
def test_values_are_written_as_the_rfc_shows_them(value: Value, encoded: str) -> None:
    assert senml_cbor([{"v": value}]).hex() == "81a102" + encoded


def test_packs_of_many_records_and_of_no_length() -> None:
    records: list[dict[str, Value]] = [{"n": "a", "v": k} for k in range(30)]
    assert senml_cbor(records).startswith(b"\x98\x1e\xa2\x00\x61a\x02\x00")
    assert cbor2.loads(senml_cbor(records, counted=False)) == [{0: "a", 2: k} for k in range(30)]


def test_what_needs_more_than_eight_bytes_is_an_error() -> None:
    with pytest.raises(ValueError, match="eight bytes"):
        senml_cbor([{"v": 2**64}])


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(sorted(LABELS)),
            st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=300) | st.booleans(),
        ),
        max_size=4,
    )
)
def test_a_library_reads_the_same(records: list[dict[str, Value]]) -> None:
    expected = [{LABELS[label]: value for label, value in record.items()} for record in records]
    assert cbor2.loads(senml_cbor(records)) == expected
    assert cbor2.loads(senml_cbor([{"v": Decimals(-142, 2)}])) == [{2: Decimal("-1.42")}]
