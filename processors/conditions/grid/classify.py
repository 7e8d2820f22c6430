"""Classes of voltage events: what a sag, swell or interruption of this depth and length is called.

    IEEE 1159        0.5 cycle    30 cycles       3 s        1 min
    < 0.1 pu             |------ momentary --------|-temporary-|  sustained interruption
    0.1 ... 0.9 pu       |-instant.-|--momentary---|-temporary-|  undervoltage
    > 1.1 pu             |-instant.-|--momentary---|-temporary-|  overvoltage

    EN 50160 dips    0.01-0.2 s  -0.5 s  -1 s  -5 s  -60 s
    90 > u >= 80 %       A1        A2     A3    A4    A5
    80 > u >= 70 %       B1        B2     B3    B4    B5
    70 > u >= 40 %       C1        C2     C3    C4    C5
    40 > u >=  5 %       D1        D2     D3    D4    D5
     5 > u               X1        X2     X3    X4    X5

Depth and length come from a device's own event record or from events.py. Readings of one second cannot tell an instant
from a second: for those the shortest class that is claimed is MOMENTARY_OR_LONGER.

Source: IEEE 1159 (table in Consulting-Specifying Engineer and a Dranetz manual); dip table of EN 50160 (Schneider
technical note). A length on a bound belongs to the shorter class in both. IEEE 1159 gives 0.8 pu and 1.2 pu as the
usual ends of under- and overvoltage; here these hold whatever lasts longer than a minute and is no interruption.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8

__all__ = ["DIP_CELLS", "Classes", "Kind", "Lasting", "classify"]

I8 = NDArray[np.int8]


class Kind(IntEnum):
    """What happens to the voltage."""

    UNKNOWN = 0
    NONE = 1
    """Within the thresholds."""
    SAG = 2
    SWELL = 3
    INTERRUPTION = 4
    UNDERVOLTAGE = 5
    OVERVOLTAGE = 6


class Lasting(IntEnum):
    """How long it does."""

    UNKNOWN = 0
    TRANSIENT = 1
    """Below half a cycle: no variation of an rms value."""
    INSTANTANEOUS = 2
    MOMENTARY = 3
    MOMENTARY_OR_LONGER = 4
    """Readings are too far apart to say more."""
    TEMPORARY = 5
    SUSTAINED = 6


DIP_CELLS = tuple(row + column for row in "ABCDX" for column in "12345")
"""Names of the cells of EN 50160's dip table, by `Classes.cell`."""

_ROWS = np.array([0.8, 0.7, 0.4, 0.05])
_COLUMNS = np.array([0.2, 0.5, 1.0, 5.0, 60.0])
_SHORTEST = 0.01


class Classes(NamedTuple):
    """Classes of n events."""

    kind: U8
    lasting: U8
    cell: I8
    """Cell of the dip table, an index of `DIP_CELLS`; -1 where the event is none of it or its column is not sure."""


def classify(
    residual: F64,
    duration: F64,
    sampling_secs: float | F64 = 0.0,
    *,
    interrupted: NDArray[np.bool_] | None = None,
    frequency: float | F64 = 50.0,
    interruption: float | F64 = 0.1,
    sag: float | F64 = 0.9,
    swell: float | F64 = 1.1,
) -> Classes:
    """Classes of events by depth and length.

    Parameters
    ----------
    residual : (n,) lowest voltage of a sag, highest of a swell, in pu of the nominal or declared voltage. NaN =
        missing.
    duration : (n,) seconds; NaN = missing. An event that goes on may be given as long as it has lasted.
    sampling_secs : (n,) or one for all: time between the readings that gave depth and length; 0 for half-cycle rms and
        for event records of a device that measures so. Beyond 30 cycles only what is sure of the length is claimed:
        `duration` less one interval.
    interrupted : (n,) whether all phases were down at once, where that is known. Then one lost phase of three is a sag,
        as IEC 61000-4-30 has it; without it the residual alone decides, as in IEEE 1159.
    frequency : Hz, gives cycles their length; broadcasts.
    interruption, sag, swell : thresholds in pu; they broadcast. A voltage on the threshold is not beyond it.

    Returns
    -------
    `Classes`, arrays (n,).

    Examples
    --------
    >>> got = classify(np.array([0.45, 0.0, 0.45, 0.85]), np.array([0.3, 10.0, 1.0, 90.0]), np.array([0, 0, 1.0, 1.0]))
    >>> [Kind(k).name for k in got.kind], [DIP_CELLS[c] if c >= 0 else None for c in got.cell]
    (['SAG', 'INTERRUPTION', 'SAG', 'UNDERVOLTAGE'], ['C2', 'X5', None, None])
    >>> [Lasting(k).name for k in got.lasting]
    ['INSTANTANEOUS', 'TEMPORARY', 'MOMENTARY_OR_LONGER', 'SUSTAINED']
    """
    residual, duration = np.asarray(residual, np.float64), np.asarray(duration, np.float64)
    coarse = np.asarray(sampling_secs) > 30.0 / np.asarray(frequency)
    sure = np.where(coarse, np.maximum(duration - sampling_secs, 0.0), duration)
    lasting = _lasting(sure, coarse, np.asarray(frequency))
    is_long = lasting == Lasting.SUSTAINED
    down = residual < interruption if interrupted is None else interrupted & (residual < sag)
    kind = np.select(
        [np.isnan(residual), down, residual < sag, residual > swell],
        [
            np.full(residual.shape, Kind.UNKNOWN),
            np.full(residual.shape, Kind.INTERRUPTION),
            np.where(is_long, Kind.UNDERVOLTAGE, Kind.SAG),
            np.where(is_long, Kind.OVERVOLTAGE, Kind.SWELL),
        ],
        Kind.NONE,
    )
    # the instant at which the dip table starts to differ is asked on both sides of what a coarse length may be
    shortest, longest = (
        np.searchsorted(_COLUMNS, end) for end in (sure, duration + np.where(coarse, sampling_secs, 0))
    )
    in_table = (
        (residual < np.minimum(sag, 0.9)) & (shortest == longest) & (sure >= _SHORTEST) & (longest < len(_COLUMNS))
    )
    row = len(_ROWS) - np.searchsorted(_ROWS[::-1], residual, side="right")
    cell = np.where(in_table, row * len(_COLUMNS) + shortest, -1)
    return Classes(kind.astype(np.uint8), lasting, cell.astype(np.int8))


def _lasting(sure: F64, coarse: NDArray[np.bool_], frequency: F64) -> U8:
    """`Lasting` of each length (n,) in s."""
    fine = np.select(
        [np.isnan(sure), sure < 0.5 / frequency, sure <= 30 / frequency, sure <= 3.0, sure <= 60.0],
        [Lasting.UNKNOWN, Lasting.TRANSIENT, Lasting.INSTANTANEOUS, Lasting.MOMENTARY, Lasting.TEMPORARY],
        Lasting.SUSTAINED,
    )
    return np.where(coarse & (sure <= 3.0), Lasting.MOMENTARY_OR_LONGER, fine).astype(np.uint8)
