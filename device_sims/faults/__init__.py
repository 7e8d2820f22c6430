"""What goes wrong between a measurement and the broker: chosen per device or per message, by the seed or a scenario."""

from typing import NamedTuple

from device_sims.faults.catalogue import BITS, NAMES, RULES, SPOILT, names_of
from device_sims.faults.payloads import garbage, misspell, padded
from device_sims.faults.specification import Fault, Faults
from device_sims.faults.tables import read_faults
from device_sims.faults.values import alter
from device_sims.faults.way import Way

__all__ = [
    "BITS", "NAMES", "RULES", "SPOILT", "Fault", "FaultSpan", "Faults", "Way", "alter", "garbage", "misspell",
    "names_of", "padded", "read_faults",
]  # fmt: skip


class FaultSpan(NamedTuple):
    """A fault was on at a device from `start` to before `end` (UTC ns)."""

    device: str
    fault: str
    start: int
    end: int
    size: float
