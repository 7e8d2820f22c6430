"""Units on the wire and the canonical unit each is stored in: `canonical = wire * factor + offset`.

One canonical unit a dimension, so that two profiles never store one quantity in two units. A unit that is not listed
here is an error when profiles are loaded.

SenML (RFC 8428, RFC 8798) gives a few symbols another meaning: there `%` and `/` are ratios.
"""

from difflib import get_close_matches
from typing import NamedTuple

__all__ = ["CANONICAL_UNITS", "LEFT_TO_FILL_IN", "Conversion", "UnknownUnitError", "conversion"]

LEFT_TO_FILL_IN = "TODO"
"""What a draft has in the place of a unit or a zone that messages don't tell; no profile loads with it."""


class Conversion(NamedTuple):
    """canonical = wire * factor + offset."""

    canonical: str
    factor: float
    offset: float = 0.0


class UnknownUnitError(ValueError):
    """A unit that nobody listed; `nearest` are the listed ones that look like it."""

    def __init__(self, unit: str, nearest: tuple[str, ...]) -> None:
        super().__init__(f"unknown unit {unit!r}")
        self.unit = unit
        self.nearest = nearest


# canonical unit -> {unit on the wire: factor}
_LINEAR: dict[str, dict[str, float]] = {
    "km/h": {"m/s": 3.6, "mph": 1.609344, "kn": 1.852},
    "veh/h": {"veh/min": 60.0, "veh/s": 3600.0},
    "ratio": {"%": 0.01, "permille": 0.001, "‰": 0.001, "%RH": 0.01, "%EL": 0.01},
    "V": {"mV": 1e-3, "kV": 1e3},
    "A": {"mA": 1e-3, "kA": 1e3},
    "Hz": {"mHz": 1e-3, "kHz": 1e3, "MHz": 1e6},
    "kW": {"mW": 1e-6, "W": 1e-3, "MW": 1e3},
    "kvar": {"var": 1e-3, "Mvar": 1e3},
    "kVA": {"VA": 1e-3, "MVA": 1e3},
    "kWh": {"Wh": 1e-3, "MWh": 1e3},
    "kvarh": {"varh": 1e-3, "Mvarh": 1e3},
    "m3/h": {"m3/s": 3600.0, "m3/min": 60.0, "l/s": 3.6, "l/min": 0.06, "l/h": 1e-3},
    "m3": {"l": 1e-3, "dm3": 1e-3},
    "kPa": {
        "Pa": 1e-3, "hPa": 0.1, "mbar": 0.1, "bar": 100.0, "MPa": 1e3, "mH2O": 9.80665, "psi": 6.894757293168361,
    },
    "m": {"mm": 1e-3, "cm": 1e-2, "km": 1e3, "ft": 0.3048},
    "mm/h": {"m/h": 1e3},
    "Cel": {"°C": 1.0},
    "%LEL": {},
    "%vol": {},
    "ppm": {"ppb": 1e-3},
    "mg/m3": {"ug/m3": 1e-3},
    "s": {"ms": 1e-3, "min": 60.0, "h": 3600.0},
    "deg": {"rad": 57.29577951308232},
    "dB": {},
    "dBm": {},
    "1": {"count": 1.0},
}  # fmt: skip

_AFFINE = {"F": Conversion("Cel", 5 / 9, -160 / 9), "K": Conversion("Cel", 1.0, -273.15)}

# symbols that SenML reads in its own way, or that only SenML has
_SENML = {
    "%": Conversion("ratio", 1.0),
    "/": Conversion("ratio", 1.0),
    "/100": Conversion("ratio", 0.01),
    "/1000": Conversion("ratio", 0.001),
    "lon": Conversion("deg", 1.0),
    "lat": Conversion("deg", 1.0),
}


CANONICAL_UNITS: tuple[str, ...] = tuple(_LINEAR)
"""What readings are stored in."""

_WIRE: dict[str, Conversion] = (
    {unit: Conversion(unit, 1.0) for unit in _LINEAR}
    | {unit: Conversion(canonical, factor) for canonical, units in _LINEAR.items() for unit, factor in units.items()}
    | _AFFINE
)


def conversion(unit: str, *, senml: bool = False) -> Conversion:
    """How a wire unit becomes its canonical one.

    Raises:
        UnknownUnitError: the unit is not listed.
    """
    table = _WIRE | _SENML if senml else _WIRE
    found = table.get(unit)
    if found is None:
        by_lower = {known.lower(): known for known in table}
        nearest = get_close_matches(unit.lower(), by_lower, n=3, cutoff=0.5)
        raise UnknownUnitError(unit, tuple(by_lower[name] for name in nearest))
    return found
