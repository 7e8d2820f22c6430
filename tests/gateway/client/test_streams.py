"""What files an export may go to."""

import pytest

from gateway.client.streams import kind_of


@pytest.mark.parametrize(
    ("file", "kind"), [("a.parquet", "parquet"), ("a.b.CSV", "csv"), ("a.arrow", "arrow"), ("a.arrows", "arrow")]
)
def test_the_ending_says_the_format(file: str, kind: str) -> None:
    assert kind_of(file) == kind


@pytest.mark.parametrize("file", ["a.xlsx", "a", "csv"])
def test_another_ending_is_refused_with_those_that_there_are(file: str) -> None:
    with pytest.raises(ValueError, match=r"\.parquet, \.csv"):
        kind_of(file)
