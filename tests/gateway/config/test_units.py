"""Units: conversions against independent figures, and errors that help."""

import pytest

from gateway.config.units import CANONICAL_UNITS, UnknownUnitError, conversion


@pytest.mark.parametrize(
    ("wire", "number", "canonical", "stored"),
    [
        ("mph", 60.0, "km/h", 96.56064),
        ("m/s", 10.0, "km/h", 36.0),
        ("%", 12.5, "ratio", 0.125),
        ("permille", 130.0, "ratio", 0.13),
        ("mV", 230_100.0, "V", 230.1),
        ("kV", 10.5, "V", 10_500.0),
        ("W", 26_400.0, "kW", 26.4),
        ("Wh", 500.0, "kWh", 0.5),
        ("l/s", 10.0, "m3/h", 36.0),
        ("m3/s", 1.0, "m3/h", 3600.0),
        ("l/min", 100.0, "m3/h", 6.0),
        ("bar", 3.42, "kPa", 342.0),
        ("MPa", 0.3, "kPa", 300.0),
        ("Pa", 101_325.0, "kPa", 101.325),
        ("mH2O", 10.0, "kPa", 98.0665),
        ("F", 212.0, "Cel", 100.0),
        ("F", -40.0, "Cel", -40.0),
        ("K", 273.15, "Cel", 0.0),
        ("cm", 61.0, "m", 0.61),
        ("ppb", 1500.0, "ppm", 1.5),
        ("veh/min", 23.0, "veh/h", 1380.0),
    ],
)
def test_wire_units_become_canonical_ones(wire: str, number: float, canonical: str, stored: float) -> None:
    unit = conversion(wire)
    assert unit.canonical == canonical
    assert number * unit.factor + unit.offset == pytest.approx(stored, rel=1e-12, abs=1e-9)


def test_canonical_units_stay_as_they_are() -> None:
    assert all(conversion(unit) == (unit, 1.0, 0.0) for unit in CANONICAL_UNITS)


def test_percent_is_a_ratio_in_senml_only() -> None:
    assert conversion("%", senml=True).factor == 1.0
    assert conversion("%").factor == 0.01
    assert conversion("%RH", senml=True).factor == 0.01
    with pytest.raises(UnknownUnitError):
        conversion("lon")


def test_an_unknown_unit_names_its_neighbours() -> None:
    with pytest.raises(UnknownUnitError, match="kmh") as caught:
        conversion("kmh")
    assert "km/h" in caught.value.nearest
