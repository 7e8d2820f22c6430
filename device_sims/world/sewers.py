"""How full a sewer is: foul water by the hour, and the rain that its streets send down with a delay.

    rain --> two linear reservoirs in a row (Nash 1957) --> mm/h ----+
                                                                     +--> share of the pipe's capacity --> level
    hour of the day --> foul water ----------------------------------+

Below capacity the level follows the flow by a power (0.6, close to Manning's in a half-full pipe); above it the pipe is
full and the water climbs in the shaft, to the street and no higher.
"""

import numpy as np

from device_sims.world.local_time import HOUR, MINUTE, LocalTime
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.signals import water_demand
from device_sims.world.weather import Weather

__all__ = ["Sewers"]

_BIN = 5 * MINUTE
_BINS = 48
"""Four hours: by then nothing is left of a shower."""


class Sewers:
    """Drains with pipes of `diameter` (m) and streets `crest` (m) above their inverts."""

    def __init__(self, noise: Noise, local: LocalTime, diameter: F64, crest: F64) -> None:
        self._local, self._weather = local, Weather(noise)
        self._diameter, self._crest = diameter, crest
        self._foul = 0.05 + 0.07 * noise.fixed("foul")
        self._paved = 0.030 + 0.015 * noise.fixed("paved")
        """Share of the capacity that 1 mm/h of runoff takes."""
        lag = (10.0 + 12.0 * noise.fixed("lag"))[:, None]
        minutes = (np.arange(_BINS) + 0.5) * (_BIN / MINUTE)
        weights = minutes * np.exp(-minutes / lag)
        self._weights = weights / weights.sum(axis=1, keepdims=True)

    def level(self, which: I64, ts: I64) -> F64:
        """m above the invert."""
        # foul water comes an hour after the tap
        foul = self._foul[which] * water_demand(self._local.hour(ts - HOUR))
        load = foul + self._paved[which] * self._runoff(which, ts)
        pipe = self._diameter[which]
        part = pipe * np.minimum(load, 1.0) ** 0.6
        return np.minimum(part + 3.0 * pipe * np.maximum(load - 1.0, 0.0), self._crest[which])

    def _runoff(self, which: I64, ts: I64) -> F64:
        """What arrives of the rain of the last hours, mm/h."""
        fallen = self._weather.fallen(ts[:, None] - np.arange(_BINS + 1) * _BIN)
        runoff: F64 = ((fallen[:, :-1] - fallen[:, 1:]) * self._weights[which]).sum(axis=1) * (HOUR / _BIN)
        return runoff
