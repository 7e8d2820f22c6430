"""`cityloom sim water` and `cityloom sim grid`: networks whose physics are computed, as devices that publish."""

from pathlib import Path
from re import fullmatch
from typing import Annotated

from cyclopts import Parameter

from device_sims.physics.feeder import Load, read_shapes
from device_sims.physics.grid import GridFeeder
from device_sims.physics.hydraulics import Leak
from device_sims.physics.water import WaterNetwork
from device_sims.sources.site import Site
from device_sims.sources.source import Source
from gateway.cli.sim_session import Sending, Session, play
from gateway.cli.times import parse_span
from gateway.errors import CommandError

__all__ = ["grid", "water"]

_NS = 1_000_000_000
_SPAN = r"[0-9.]+[smhd]"
_LEAK = rf"([^=]+)=([0-9.]+)(?:@({_SPAN})(?:-({_SPAN}))?)?"
_LOAD = rf"([0-9]+)([abc])=([0-9.]+)(?:@({_SPAN})(?:-({_SPAN}))?)?"

Listed = Annotated[tuple[str, ...], Parameter(show_default=False, negative="")]
Physics = Annotated[Path | None, Parameter(show_default=False)]
_SENDING = Sending()


def water(
    network: str = "Net3", /, *, leak: Listed = (), pressures: int = 33, step: int = 60, seed: int = 1,
    physics: Physics = None, sending: Sending = _SENDING,
) -> int:  # fmt: skip
    """Compute the hydraulics of a water network; its meters, loggers and gauges publish to a broker.

    Needs the extra sim-water. Flow meters stand at the inlets (links of reservoirs) and pumps, gauges at all tanks.

    Parameters
    ----------
    network
        An EPANET file (.inp), or one that wntr brings: Net1, Net2, Net3, Net6, ky4, ky10.
    leak
        PLACE=MM@FROM-TO: a hole of so many mm in a pipe or at a junction, from so long after the origin to so long
        after it, such as p523=20@3h-5h. Without -TO it stays; may be given several times.
    pressures
        So many pressure loggers, spread over the junctions.
    step
        Seconds between two computed states, and between two messages of a device.
    seed
        Of the instruments' scatter.
    physics
        Write the leaks' true flows and the meters' flows without scatter there, m3/h, as CSV.
    """
    _at_least_one(pressures=pressures, step=step)

    def build(session: Session) -> tuple[Source, Site]:
        leaks = [_leak(text, session.origin) for text in leak]
        source = WaterNetwork(
            network, origin=session.origin, midnight=session.midnight, step_secs=step, leaks=leaks,
            pressures=pressures, seed=seed, truth=physics,
        )  # fmt: skip

        return source, source.site("water", session.zone.key)

    _bounded(sending)
    return play("computing hydraulics", sending, build)


def grid(
    *, shapes: Annotated[Path | None, Parameter(show_default=False)] = None, load: Listed = (), monitors: int = 8,
    step: int = 60, seed: int = 1, physics: Physics = None, sending: Sending = _SENDING,
) -> int:  # fmt: skip
    """Compute the three-phase power flow of the IEEE European low-voltage feeder; its meters publish to a broker.

    Needs the extra sim-grid. 55 homes of one phase each, the transformer's unit, and monitors along the feeder.

    Parameters
    ----------
    shapes
        ZIP or folder with the feeder's own Load_profile_N.csv; without it homes follow a curve of ours.
    load
        BUS PHASE=KW@FROM-TO: so many kW more on a phase of a bus (1 to 906), such as 899a=12@1h-3h. Without @ always;
        may be given several times, and gets a monitor.
    monitors
        So many monitors of voltage, spread over the homes, besides that at the transformer.
    step
        Seconds between two computed states, and between two messages of a device.
    seed
        Of the homes' curve.
    physics
        Write the ratio of negative to positive sequence at each monitor there, as CSV.
    """
    _at_least_one(monitors=monitors, step=step)

    def build(session: Session) -> tuple[Source, Site]:
        loads = [_load(text, session.origin) for text in load]
        source = GridFeeder(
            origin=session.origin, timezone=session.zone.key, step_secs=step,
            shapes=None if shapes is None else read_shapes(shapes), loads=loads, monitors=monitors, seed=seed,
            truth=physics,
        )  # fmt: skip

        return source, source.site("lv", session.zone.key)

    _bounded(sending)
    return play("computing power flow", sending, build)


def _leak(text: str, origin: int) -> Leak:
    found = fullmatch(_LEAK, text)
    if found is None:
        raise ValueError(f"--leak {text!r} is none; write PLACE=MM@FROM-TO such as p523=20@3h-5h")
    place, mm, start, end = found.groups()
    return Leak(place, float(mm) / 1000.0, _after(origin, start) or origin, _after(origin, end))


def _load(text: str, origin: int) -> Load:
    found = fullmatch(_LOAD, text)
    if found is None:
        raise ValueError(f"--load {text!r} is none; write BUS PHASE=KW@FROM-TO without spaces, such as 899a=12@1h-3h")
    bus, phase, kw, start, end = found.groups()
    return Load(int(bus), phase, float(kw), _after(origin, start), _after(origin, end))


def _after(origin: int, span: str | None) -> int:
    return 0 if span is None else origin + round(parse_span(span) * _NS)


def _at_least_one(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise CommandError(f"--{name} must be 1 or more, not {count}.", "`--help` has examples.", 2)


def _bounded(sending: Sending) -> None:
    if sending.record is not None and not (sending.for_ or sending.limit):
        raise CommandError("A network has no end to record.", "Bound it by --for, such as --for 6h, or by --limit.", 2)
