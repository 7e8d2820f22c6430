"""The kinds of trouble: from size to effects on quantities of devices. What follows more slowly is the device's own.

| kind | size | what devices measure |
|---|---|---|
| gas-leak, carbon-monoxide, hydrogen-sulphide, oxygen | added: %LEL, ppm, ppm, %vol | grows in five minutes |
| burst | m3/h that run out | inlets and their counters; pressures fall by half a kPa for each |
| slow-leak | m3/h that run out in the end | the same in six days, hardly felt in the pressure |
| pressure, tank | share that is left | pressure; level |
| voltage, sag, swell | share of the voltage | three phases; of sags and swells monitors write a record too |
| unbalance | share of a phase's voltage | that phase of meters, two line voltages of transformers |
| line-voltage | share | one line voltage of a feeder |
| distortion, frequency | what is added: ratio, Hz | |
| overload | times the load | currents, voltages and temperatures of a transformer follow |
| theft | share of a home's use that no meter sees | the register grows slower; what feeds it doesn't know |
| jam | share of the speed that is left | segments and loops at the place |
| incident | share of the speed that is left | the queue upstream, which dissolves from its head; fewer cars beyond |
| signal-dark | 1 | |
| backwater, blocked-drain | m of water more | over half an hour; over two hours |
| storm | mm of rain an hour | gauges, drains, speeds, and voltages that dip now and then |
| silence | - | nothing is heard |
"""

from collections.abc import Callable, Sequence
from math import inf, sqrt

from device_sims.troubles.effects import Effect
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND

__all__ = ["KINDS", "SIZES"]

PHASES = ("u_a", "u_b", "u_c")


def _steady(profile: str, quantities: Sequence[str]) -> Callable[[float], Sequence[Effect]]:
    return lambda size: [Effect(profile, quantity, times=size) for quantity in quantities]


def _added(profile: str, quantity: str, ramp: int) -> Callable[[float], Sequence[Effect]]:
    return lambda size: [Effect(profile, quantity, plus=size, ramp=ramp)]


def _burst(size: float) -> Sequence[Effect]:
    return [
        Effect("water-flow", "flow", plus=size, ramp=MINUTE, shared=True),
        Effect("water-pressure", "pressure", plus=-0.5 * size, ramp=MINUTE),
    ]


def _slow_leak(size: float) -> Sequence[Effect]:
    return [
        Effect("water-flow", "flow", plus=size, ramp=6 * DAY, shared=True),
        Effect("water-pressure", "pressure", plus=-0.05 * size, ramp=6 * DAY),
    ]


def _brief(size: float) -> Sequence[Effect]:
    """A sag or a swell: meters see it if they look, monitors never miss one."""
    return [*_steady("meter-3p", PHASES)(size), Effect("grid-event", "residual", times=size)]


def _unbalance(size: float) -> Sequence[Effect]:
    # two phasors a third of a turn apart, one of them smaller
    line = sqrt((size**2 + 1.0 + size) / 3.0)
    return [
        Effect("meter-3p", "u_a", times=size),
        Effect("transformer", "u_ab", times=line),
        Effect("transformer", "u_ca", times=line),
    ]


def _overload(size: float) -> Sequence[Effect]:
    return [Effect("transformer", "load", times=size)]


def _theft(size: float) -> Sequence[Effect]:
    return [Effect("household-meter", "register", times=1.0 - size)]


def _storm(size: float) -> Sequence[Effect]:
    """Drains rise by a centimetre for each mm an hour, everybody drives slower, branches touch the lines."""
    dips = [
        Effect(profile, quantity, times=0.7, every=20 * MINUTE, lasts=90 * SECOND)
        for profile, quantity in (*(("meter-3p", phase) for phase in PHASES), ("grid-event", "residual"))
    ]
    return [
        Effect("rain-gauge", "rain", plus=size / 1000.0 / 12.0, ramp=10 * MINUTE),
        Effect("rain-gauge", "intensity", plus=size, ramp=10 * MINUTE),
        Effect("drainage-level", "level", plus=size / 100.0, ramp=40 * MINUTE),
        Effect("loop-detector", "speed", times=0.85, ramp=10 * MINUTE),
        Effect("segment-speed", "speed", times=0.85),
        *dips,
    ]


def _jam(size: float) -> Sequence[Effect]:
    """Loops are covered the longer for it."""
    return [
        Effect("segment-speed", "speed", times=size),
        Effect("loop-detector", "speed", times=size, ramp=2 * MINUTE),
        Effect("loop-detector", "occupancy", times=1.0 / size, ramp=2 * MINUTE, most=0.92),
    ]


def _incident(size: float) -> Sequence[Effect]:
    """A lane less: behind it cars crawl, beyond it the road is half empty."""
    return [
        Effect("segment-speed", "speed", times=size, part="queue"),
        Effect("loop-detector", "speed", times=size, ramp=MINUTE, part="queue"),
        Effect("loop-detector", "flow", times=0.6, ramp=MINUTE, part="queue"),
        Effect("loop-detector", "occupancy", times=0.6 / size, ramp=MINUTE, most=0.92, part="queue"),
        Effect("loop-detector", "flow", times=0.6, ramp=MINUTE, part="beyond"),
        Effect("loop-detector", "occupancy", times=0.6, ramp=MINUTE, part="beyond"),
    ]


KINDS: dict[str, Callable[[float], Sequence[Effect]]] = {
    "gas-leak": _added("gas-detector", "lel", 5 * MINUTE),
    "carbon-monoxide": _added("gas-detector", "co", 5 * MINUTE),
    "hydrogen-sulphide": _added("gas-detector", "h2s", 5 * MINUTE),
    "oxygen": _added("gas-detector", "o2", 5 * MINUTE),
    "burst": _burst,
    "slow-leak": _slow_leak,
    "pressure": _steady("water-pressure", ["pressure"]),
    "voltage": _steady("meter-3p", PHASES),
    "sag": _brief,
    "swell": _brief,
    "unbalance": _unbalance,
    "distortion": _added("meter-3p", "thd_u", SECOND),
    "frequency": _added("meter-3p", "f", SECOND),
    "line-voltage": _steady("feeder-meter", ["u_ab"]),
    "overload": _overload,
    "theft": _theft,
    "jam": _jam,
    "incident": _incident,
    "signal-dark": _added("traffic-signal", "dark", 0),
    "tank": _steady("reservoir-level", ["level"]),
    "backwater": _added("drainage-level", "level", 30 * MINUTE),
    "blocked-drain": _added("drainage-level", "level", 2 * HOUR),
    "storm": _storm,
    "silence": lambda size: [],
}

_SHARE = (0.0, 100.0)
SIZES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("burst", "slow-leak", "storm", "backwater", "blocked-drain"), (0.0, inf)),
    **dict.fromkeys(("pressure", "tank", "voltage", "sag", "swell", "unbalance", "line-voltage", "overload"), _SHARE),
    **dict.fromkeys(("jam", "incident"), (0.01, 1.0)),
    "theft": (0.0, 1.0),
}
"""Least and most, where not every size makes sense: nothing runs backwards, nobody stands still for ever."""
