"""Names and numbers in line protocol."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stores.line_text import field_key, float_text, int_text, measurement, spelled, step_label, tag_value


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("loop-1", "loop-1"), ("pump\\", "pump%5C"), ("a\nb", "a%0Ab"), ("a%0Ab", "a%250Ab"), ("100%", "100%"),
        ("%zz", "%zz"), ("#x", "%23x"), ("x#", "x#"), ("a\\b", "a\\b"), ("华南路 β", "华南路 β"), ("\x7f", "%7F"),
    ],
)  # fmt: skip
def test_only_what_lines_cannot_say_is_spelled_otherwise(name: str, shown: str) -> None:
    assert spelled(name) == shown


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_names_are_spelled_differently(one: str, other: str) -> None:
    assert (spelled(one) == spelled(other)) == (one == other)


@given(st.text(alphabet="ab %\\#,=\n05C", min_size=1))
def test_a_spelled_name_neither_ends_the_line_nor_escapes_what_follows(name: str) -> None:
    assert "\n" not in spelled(name)
    assert not spelled(name).endswith("\\")


def test_separators_are_escaped_where_they_separate() -> None:
    assert measurement("a b,c=d") == b"a\\ b\\,c=d"
    assert tag_value("a b,c=d") == b"a\\ b\\,c\\=d"
    assert field_key("a b,c=d") == b"a\\ b\\,c\\=d"


@pytest.mark.parametrize(
    ("step", "label"), [(10, "10s"), (60, "1m"), (900, "15m"), (3600, "1h"), (86400, "1d"), (30, "30s")]
)
def test_steps_are_named_as_people_do(step: int, label: str) -> None:
    assert step_label(step) == label


DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
ROUND = st.integers(-2_000_000, 20_000_000).map(lambda number: number / 100)


@settings(deadline=None)  # the first call makes the table
@given(st.lists(st.one_of(DOUBLES, ROUND), max_size=30))
def test_a_number_s_text_reads_back_as_the_same_double(values: list[float]) -> None:
    texts = float_text(np.array(values, np.float64)).to_pylist()
    for value, text in zip(values, texts, strict=True):
        assert float(text) == value
        assert math.copysign(1, float(text)) == math.copysign(1, value)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200_000), st.sampled_from([1, 10, 100, 1000])), min_size=1, max_size=40))
def test_counts_and_numbers_of_few_decimals_read_back_too(pairs: list[tuple[int, int]]) -> None:
    values = [number / scale for number, scale in pairs]
    assert [float(text) for text in float_text(np.array(values)).to_pylist()] == values


def test_a_few_long_numbers_among_short_ones_keep_their_place(rng: np.random.Generator) -> None:
    values = rng.integers(0, 90_000, 3000) / 1000
    values[[5, 700, 2999]] = 1 / 3, -0.0, 1e300

    found = np.array([float(text) for text in float_text(values).to_pylist()])

    assert np.array_equal(found, values)
    assert math.copysign(1, found[700]) == -1


def test_a_number_s_text_is_short() -> None:
    values = np.array([40.0, 0.1, 12.34, 999.99, 0.0, 1000.0, 1e22, 0.125, 165600.0])
    assert float_text(values).to_pylist() == [
        b"40",
        b"0.1",
        b"12.34",
        b"999.99",
        b"0",
        b"1000",
        b"1e+22",
        b"0.125",
        b"165600",
    ]


def test_integers_keep_all_their_digits() -> None:
    values = np.array([-(2**63), 0, 2**63 - 1])
    assert [int(text) for text in int_text(values).to_pylist()] == values.tolist()
