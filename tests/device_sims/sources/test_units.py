"""Units of recorded columns."""

import pytest

from device_sims.sources.units import canonical


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("l/s", ("m3/h", 3.6)), ("mph", ("km/h", 1.609344)), ("mH2O", ("kPa", 9.80665)), ("%", ("ratio", 0.01))],
)
def test_a_unit_has_a_canonical_one_and_a_factor(unit: str, expected: tuple[str, float]) -> None:
    assert canonical(unit) == expected


def test_a_unit_that_nobody_listed_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match="'furlong' is not known; there are km/h"):
        canonical("furlong")
