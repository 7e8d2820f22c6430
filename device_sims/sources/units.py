"""Units of recorded columns and the canonical unit of each; the simulators' own table, apart from the gateway's."""

__all__ = ["canonical"]

_FACTORS: dict[str, tuple[str, float]] = {
    "km/h": ("km/h", 1.0), "m/s": ("km/h", 3.6), "mph": ("km/h", 1.609344),
    "veh/h": ("veh/h", 1.0), "veh/min": ("veh/h", 60.0),
    "ratio": ("ratio", 1.0), "%": ("ratio", 0.01),
    "V": ("V", 1.0), "kV": ("V", 1000.0), "A": ("A", 1.0), "Hz": ("Hz", 1.0),
    "kW": ("kW", 1.0), "W": ("kW", 0.001), "kvar": ("kvar", 1.0), "kVA": ("kVA", 1.0),
    "kWh": ("kWh", 1.0), "Wh": ("kWh", 0.001),
    "m3/h": ("m3/h", 1.0), "l/s": ("m3/h", 3.6), "m3/s": ("m3/h", 3600.0), "m3": ("m3", 1.0),
    "kPa": ("kPa", 1.0), "bar": ("kPa", 100.0), "mH2O": ("kPa", 9.80665),
    "m": ("m", 1.0), "mm": ("m", 0.001), "Cel": ("Cel", 1.0), "s": ("s", 1.0), "min": ("s", 60.0),
    "deg": ("deg", 1.0), "1": ("1", 1.0),
}  # fmt: skip


def canonical(unit: str) -> tuple[str, float]:
    """The canonical unit, and how many of it one `unit` is.

    Raises:
        ValueError: nobody listed the unit.
    """
    if unit not in _FACTORS:
        raise ValueError(f"unit {unit!r} is not known; there are {', '.join(_FACTORS)}")
    return _FACTORS[unit]
