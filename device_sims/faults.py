"""What goes wrong between a measurement and the broker: chosen per device or per message, by the seed.

A specification is a list such as `duplicate=0.02,late=0.05:90,clock=0.01:94608000`: a fault's name, the share of
messages (or of devices) that it hits, and for some a length in seconds of city time.

| name | hits a share of | and then |
|---|---|---|
| duplicate | messages | the same bytes are sent twice |
| late:SECS | messages | it is sent up to SECS later |
| reorder | messages | it is sent after its successor |
| invalid | messages | the second half of the payload is missing |
| wrong_type | messages | one number is a text |
| backlog:SECS | devices | was cut off for SECS before the start, and sends what it kept at the start |
| outage:SECS | devices | is cut off every other SECS, and sends what it kept when it is back |
| clock:SECS | devices | its clock is SECS ahead (negative: behind) |
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device_sims.local_time import SECOND
from device_sims.noise import I64, Noise

__all__ = ["BACKLOG", "CLOCK", "DUPLICATE", "INVALID", "LATE", "NAMES", "OUTAGE", "REORDER", "WRONG_TYPE", "Faults"]

NAMES = ("duplicate", "late", "reorder", "invalid", "wrong_type", "backlog", "outage", "clock")
DUPLICATE, LATE, REORDER, INVALID, WRONG_TYPE, BACKLOG, OUTAGE, CLOCK = (1 << place for place in range(len(NAMES)))
"""A bit per fault, in the order of NAMES."""

_WITH_LENGTH = frozenset({"late", "backlog", "outage", "clock"})
_MAY_BE_NEGATIVE = frozenset({"clock"})

Marks = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Faults:
    """Which faults there are. Arrays are of shape (n,): devices `which` of a group that measured at `ts` (UTC ns)."""

    share: dict[str, float] = field(default_factory=dict)
    length: dict[str, int] = field(default_factory=dict)
    """Nanoseconds, for the faults that have a length."""

    @classmethod
    def parse(cls, specification: str) -> Self:
        """Read a specification; an empty one has no faults.

        Raises:
            ValueError: it names an unknown fault, or a share or length that can't be.
        """
        shares: dict[str, float] = {}
        lengths: dict[str, int] = {}
        for part in filter(None, specification.split(",")):
            name, _, rest = part.partition("=")
            share, _, length = rest.partition(":")
            if name not in NAMES:
                raise ValueError(f"unknown fault {name!r}; there are {', '.join(NAMES)}")
            shares[name] = float(share)
            if not 0.0 <= shares[name] <= 1.0:
                raise ValueError(f"the share of {name} must lie between 0 and 1, not {share}")
            if bool(length) != (name in _WITH_LENGTH):
                raise ValueError(f"{name} {'needs a length: ' if not length else 'takes no length, not '}{part}")
            if length:
                lengths[name] = round(float(length) * SECOND)
                if lengths[name] <= 0 and name not in _MAY_BE_NEGATIVE:
                    raise ValueError(f"the length of {name} must be above 0, not {length}")
        return cls(shares, lengths)

    def hit_devices(self, name: str, noise: Noise) -> NDArray[np.bool_]:
        """Which devices of a group the fault `name` hits, shape (devices,)."""
        return noise.fixed(f"fault {name}") < self.share.get(name, 0.0)

    def mark(self, noise: Noise, which: I64, ts: I64) -> Marks:
        """Bits of the faults that hit single messages."""
        marks = np.zeros(len(ts), np.int64)
        for place, name in enumerate(("duplicate", "late", "reorder", "invalid", "wrong_type")):
            share = self.share.get(name, 0.0)
            if share > 0.0:
                marks[noise.uniform(f"fault {name}", which, ts) < share] |= 1 << place
        # half a payload has no number left to spoil
        marks[(marks & INVALID) != 0] &= ~WRONG_TYPE
        return marks

    def hold(self, marks: Marks, noise: Noise, which: I64, ts: I64, interval: int) -> I64:
        """How long a message is kept back, ns."""
        held = np.zeros(len(ts), np.int64)
        late = (marks & LATE) != 0
        if late.any():
            share = noise.uniform("late for", which[late], ts[late])
            held[late] = (share * self.length["late"]).astype(np.int64)
        reordered = (marks & REORDER) != 0
        held[reordered] += interval + interval // 4
        return held
