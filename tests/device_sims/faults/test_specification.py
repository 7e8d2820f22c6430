"""Fault specifications."""

import pytest

from device_sims.faults import RULES, Faults


def test_a_specification_is_read() -> None:
    faults = Faults.parse("duplicate=0.02, late=0.05:90,clock=0.01:-3600,oversize=0.1,wrong_clock=0.1:0")
    told = [(fault.name, fault.share, fault.size) for fault in faults.every]
    assert told == [
        ("duplicate", 0.02, 0.0), ("late", 0.05, 90.0), ("clock", 0.01, -3600.0), ("oversize", 0.1, 300_000.0),
        ("wrong_clock", 0.1, 0.0),
    ]  # fmt: skip
    assert Faults.parse("") == Faults()


def test_every_fault_can_be_specified() -> None:
    sizes = {name: ":1" if rule.size else "" for name, rule in RULES.items()}
    faults = Faults.parse(",".join(f"{name}=0.5{size}" for name, size in sizes.items()))
    assert [fault.name for fault in faults.every] == list(RULES)


@pytest.mark.parametrize(
    ("specification", "says"),
    [
        ("lost=0.1", "unknown fault 'lost'"),
        ("late=0.1", r"late needs a size \(s\): late=0.1"),
        ("duplicate=0.1:5", "duplicate takes no size"),
        ("invalid=1.5", "between 0 and 1"),
        ("invalid=nan", "no number that it can be"),
        ("outage=0.1:-5", "above 0"),
        ("outage=0.1:0", "above 0"),
        ("invalid=often", "the share of invalid is 'often', which is no number"),
        ("late=0.1:soon", "the size of late is 'soon'"),
        ("late=0.1:5,late=0.2:9", "late is given twice"),
        ("oversize=0.1:5000000", "at most 1,000,000"),
    ],
)
def test_what_makes_no_sense_is_refused(specification: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults.parse(specification)
