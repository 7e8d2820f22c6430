"""A configuration tried on a copy of the engines before it is journaled: what is in the journal must be repeatable.

A row that an engine can't take would stop this run, and every start after it. The copy also tells which alarms end.
"""

from typing import Any

from gateway.config.content import EngineContent
from gateway.engine.alarm_model import Transition
from gateway.engine.engines import Engines
from gateway.errors import ConfigError, ConfigErrors
from gateway.rows import Row, RowKind
from gateway.runtime.units_kept import refuse_other_units

__all__ = ["config_row", "tried"]


def config_row(content: EngineContent) -> Row:
    """The row that brings it; whoever journals it stamps it."""
    return Row(0, RowKind.CONFIG, 0, 0, content.digest, content.encode())


def tried(state: dict[str, Any], running: EngineContent, content: EngineContent, name: str) -> list[Transition]:
    """What alarms would do. `state` is the engines' snapshot, `name` that of the configuration's file.

    `running` is journaled, and may still wait for the engines.

    Raises:
        ConfigError: the engines can't go on under `content`.
    """
    engines = Engines.restore(state)
    if engines.config_digest != running.digest:
        engines.step([config_row(running)], engines.now, live=False)
    refuse_other_units(engines, content, flowing=True)
    try:
        transitions = list(engines.step([config_row(content)], engines.now, live=False).transitions)
        Engines.restore(engines.snapshot())
    except Exception as error:  # whatever it is, it must not get into the journal
        problem = f"the engine can't go on under it: {type(error).__name__}: {error}"
        remedy = "This is a defect of CityLoom: the old configuration goes on. A start with it would fail as well."
        raise ConfigErrors([ConfigError(name, "", problem, remedy)]) from error
    return transitions
