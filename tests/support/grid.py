"""Grid conditions on small profiles: rows of devices, figures and transitions of engines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.config.content import EngineContent
from gateway.engine.figures import Figure
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import made_of, profile
from tests.support.engine import SECOND, config_row, message

UNIT = profile("unit", 60, u_ab="V", u_bc="V", u_ca="V", i_a="A", i_b="A", i_c="A", s="kVA", oil="Cel", winding="Cel")
THREE = profile("three", 60, u_a="V", u_b="V", u_c="V", thd="ratio", f="Hz")
FAST = profile("fast", 1, u_a="V", u_b="V", u_c="V")
PHASORS = profile("phasors", 60, u_a="V", u_b="V", u_c="V", phi_a="rad", phi_b="rad", phi_c="rad")
EVENT = profile("event", 3600, event="1", duration="s", residual="ratio")
SUPPLY = profile("supply", 900, energy="kWh")
HOME = profile("home", 900, energy="kWh")
PROFILES = (UNIT, THREE, PHASORS, FAST, EVENT, SUPPLY, HOME)


def at(kind: str, name: str, ts: int, zone: str = "a", **values: Any) -> Row:
    """A message measured and received at `ts`."""
    return message(f"city/{zone}/{kind}/{name}", {"ts": ts // 1_000_000, **values}, ts)


def grid(*conditions: Mapping[str, Any], start: int, timezone: str = "Asia/Shanghai", **more: Any) -> ZoneEngine:
    """An engine that judges by `conditions` in a city of that time zone."""
    made = made_of(*conditions, profiles=PROFILES, **more)
    content = EngineContent.build(
        made.profiles, made.devices, made.zones, timezone, made.options, conditions=made.conditions, assets=made.assets
    )
    engine = ZoneEngine()
    engine.step([config_row(content, start - SECOND)], start - SECOND, live=False)
    return engine


def play(made: ZoneEngine, rows: Sequence[Row], size: int = 50, *, restarts: bool = False) -> list[StepResult]:
    """Calls of `size` rows, each at the receipt of its last one; `restarts`: from a snapshot after each."""
    out = []
    for k in range(0, len(rows), size):
        part = rows[k : k + size]
        out.append(made.step(part, part[-1].received_at, True))
        if restarts:
            made = ZoneEngine.restore(made.snapshot())
    return out


def figures(results: Iterable[StepResult], name: str = "") -> list[Figure]:
    """All of that name, in a fixed order."""
    told = [figure for result in results for figure in result.figures if name in ("", figure.name)]
    return sorted(told, key=lambda each: (each.ts, each.asset, each.condition, each.name))


def changes(results: Iterable[StepResult]) -> list[tuple[str, str, str, int, int]]:
    """Condition, asset, change, level and time of all transitions, by alarm.

    One that was historic and still stands is raised a second time: that depends on when calls come, and is left out.
    """
    told: dict[tuple[str, str, str, int], tuple[str, str, str, int, int]] = {}
    for t in (t for result in results for t in result.transitions):
        told.setdefault(
            (t.condition, t.asset, t.change, t.at), (t.condition, t.asset, t.change, t.level, t.at)
        )  # fmt: skip
    return sorted(told.values(), key=lambda each: each[:2])


def values(results: Iterable[StepResult], name: str) -> dict[int, float]:
    """Value of the figure of that name by its time."""
    return {figure.ts: figure.value for figure in figures(results, name)}
