"""Specifications of every fault of the simulators, for tests that take them all."""

from device_sims.faults import RULES

__all__ = ["EVERY", "SPECIFIED"]

_SIZES = {
    "silence": "120", "late": "90", "backlog": "1800", "outage": "240", "flapping": "20", "clock": "94608000",
    "clock_drift": "40", "wrong_clock": "3", "stuck": "180", "spike": "10", "drift": "0.5", "unit": "0.001",
    "noise": "0.2", "oversize": "3000", "reboot": "300",
}  # fmt: skip

SPECIFIED = {name: f"{name}=0.2" + (f":{_SIZES[name]}" if name in _SIZES else "") for name in RULES}
"""By name."""
EVERY = ",".join(SPECIFIED.values())
"""All at once."""
