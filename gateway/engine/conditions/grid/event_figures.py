"""What a voltage event is told as: the level of its alarm, and its figures."""

from collections.abc import Iterator

import numpy as np

from gateway.engine.figures import Figure
from processors.columns import U8
from processors.conditions.grid.classify import Classes, Kind, Lasting

__all__ = ["event_figures", "levels_of"]

_LONG = (Lasting.TEMPORARY, Lasting.SUSTAINED)


def levels_of(classes: Classes) -> U8:
    """1: sag or swell of up to 3 s, or momentary or longer; 2: a longer one; 3: interruption; 0: none."""
    is_event = ~np.isin(classes.kind, (Kind.UNKNOWN, Kind.NONE))
    level = np.where(np.isin(classes.lasting, _LONG), 2, 1)
    level = np.where(classes.kind == Kind.INTERRUPTION, 3, level)
    return np.where(is_event, level, 0).astype(np.uint8)


def event_figures(
    condition: str, device: str, zone: str, start: int, residual: float, secs: float, classes: Classes
) -> Iterator[Figure]:
    """Of one event that is over, at its start: `kind` and `lasting` are numbers of processors' Kind and Lasting, `cell`
    of DIP_CELLS."""
    named = [("residual", "ratio", residual), ("duration", "s", secs)]
    named += [("kind", "1", float(classes.kind[0])), ("lasting", "1", float(classes.lasting[0]))]
    if classes.cell[0] >= 0:
        named.append(("cell", "1", float(classes.cell[0])))
    for name, unit, value in named:
        if not np.isnan(value):
            yield Figure(condition, device, zone, name, unit, start, value)
