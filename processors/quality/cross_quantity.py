"""Cross quantity: do quantities measured at one place at one time contradict each other?

    speed without flow            nobody passed, yet they were fast
    power without its parts       P is not the sum of U * I * PF of the phases
    flow through a closed valve

What is compared must be of the same place and the same time (or pane); the caller lines it up. Whose fault it is can't
be told: the quantity named first is flagged, and the caller may give the verdict to the others as well.

Source: QARTOD multi-variate test (IOOS Manual for Real-Time Quality Control, test 9; from memory, not looked up), which
leaves the rule to the operator. Active power of a phase P = U I cos(phi), for sinusoidal quantities. ioos_qc has no
such test.
"""

import numpy as np

from processors.columns import F64, U8, U32
from processors.flags import Why
from processors.quality.verdict import Limit, Mask, is_set, verdict

__all__ = ["flow_through_closed_valve", "power_without_its_parts", "speed_without_flow"]

_W_PER_KW = 1000.0


def speed_without_flow(
    speed: F64, flow: F64, no_flow: Limit, fastest: Limit, applies: bool | Mask = True
) -> tuple[U8, U32]:
    """Flag speeds above `fastest` while no more than `no_flow` passes.

    Parameters
    ----------
    speed : (n,), km/h; NaN where there is none.
    flow : (n,), veh/h in the same interval; NaN where it is not known: then nothing is judged. 0 is known.
    no_flow, fastest : veh/h and km/h, themselves allowed; NaN where the rule is not asked. They broadcast.
    applies : where the rule holds: not for detectors that hold their last speed, or send free-flow speed, when nobody
        passes.

    Returns
    -------
    flag, why : (n,), of the speed: SUSPECT at worst.

    Examples
    --------
    >>> speed, flow = np.array([50.0, 50.0, 0.0, 50.0]), np.array([600.0, 0.0, 0.0, np.nan])
    >>> speed_without_flow(speed, flow, no_flow=0.0, fastest=5.0)[0].tolist()
    [1, 3, 1, 2]
    """
    known = ~np.isnan(flow) & is_set(no_flow) & is_set(fastest) & applies
    return _suspect(known, (flow <= no_flow) & (speed > fastest), speed)


def flow_through_closed_valve(
    flow: F64, opening: F64, closed: Limit, leakage: Limit, applies: bool | Mask = True
) -> tuple[U8, U32]:
    """Flag flows above `leakage` through a valve that is open no further than `closed`.

    Parameters
    ----------
    flow : (n,), m3/h, in either direction; NaN where there is none.
    opening : (n,), ratio 0 to 1; NaN where it is not known: then nothing is judged.
    closed, leakage : ratio and m3/h, themselves allowed; NaN where the rule is not asked. They broadcast.
    applies : where the rule holds: not where there is a bypass.

    Returns
    -------
    flag, why : (n,), of the flow: SUSPECT at worst.

    Examples
    --------
    >>> flow_through_closed_valve(np.array([3.0, 3.0, 0.1]), np.array([0.5, 0.0, 0.0]), 0.01, 0.2)[0].tolist()
    [1, 3, 1]
    """
    known = ~np.isnan(opening) & is_set(closed) & is_set(leakage) & applies
    return _suspect(known, (opening <= closed) & (np.abs(flow) > leakage), flow)


def power_without_its_parts(
    power: F64, voltage: F64, current: F64, power_factor: F64, suspect: Limit, fail: Limit, floor: Limit
) -> tuple[U8, U32]:
    """Flag active powers that are not the sum over the phases of U * I * PF.

    Magnitudes of both are compared, for the sign of a power factor is used in two ways (IEC and IEEE).

    Parameters
    ----------
    power : (n,), active power of all phases together, kW; NaN where there is none.
    voltage, current, power_factor : (n, phases), phase to neutral V, A, and ratio; one NaN, and the row is not judged.
    suspect, fail : how large |P - sum| / max(P, sum, floor) may be; NaN where there is none. They broadcast.
    floor : kW, above 0: below it, differences are small whatever their share.

    Returns
    -------
    flag, why : (n,), of the power.

    Examples
    --------
    >>> u, i, pf = np.full((3, 3), 230.0), np.full((3, 3), 10.0), np.full((3, 3), 0.9)
    >>> power_without_its_parts(np.array([6.2, 7.0, 62.1]), u, i, pf, suspect=0.05, fail=0.5, floor=0.1)[0].tolist()
    [1, 3, 4]
    """
    with np.errstate(invalid="ignore", over="ignore"):
        parts = np.abs((voltage * current * power_factor).sum(axis=-1)) / _W_PER_KW
        held = np.abs(power)
        away = np.abs(held - parts) / np.maximum(np.maximum(held, parts), floor)
    known = ~np.isnan(away) & is_set(suspect, fail)
    return verdict(known, away > suspect, away > fail, np.isnan(power), Why.CROSS_QUANTITY)


def _suspect(known: Mask, objects: Mask, value: F64) -> tuple[U8, U32]:
    missing = np.isnan(value)
    return verdict(known, objects, np.zeros_like(missing), missing, Why.CROSS_QUANTITY)
