"""Fault specifications."""

import pytest

from device_sims.faults import Faults
from device_sims.local_time import SECOND


def test_a_specification_is_read() -> None:
    faults = Faults.parse("duplicate=0.02,late=0.05:90,clock=0.01:-3600")
    assert faults.share == {"duplicate": 0.02, "late": 0.05, "clock": 0.01}
    assert faults.length == {"late": 90 * SECOND, "clock": -3600 * SECOND}
    assert Faults.parse("") == Faults()


@pytest.mark.parametrize(
    ("specification", "says"),
    [
        ("lost=0.1", "unknown fault 'lost'"),
        ("late=0.1", "late needs a length"),
        ("duplicate=0.1:5", "duplicate takes no length"),
        ("invalid=1.5", "between 0 and 1"),
        ("outage=0.1:-5", "above 0"),
        ("invalid=often", "could not convert"),
    ],
)
def test_what_makes_no_sense_is_refused(specification: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults.parse(specification)
