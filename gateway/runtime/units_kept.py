"""A series has one unit for life: what is stored under it can't change its meaning."""

from collections.abc import Mapping

from gateway.codecs.compiled import compile_profile
from gateway.config.content import EngineContent
from gateway.config.profiles import load_profiles
from gateway.engine.engines import Engines
from gateway.errors import ConfigError

__all__ = ["refuse_other_units"]

_REMEDY = "Give the quantity another name, or a unit of the same kind."
Units = Mapping[tuple[str, str], str]


def refuse_other_units(engines: Engines, content: EngineContent, *, flowing: bool = False) -> None:
    """Compare with the series that there are; `flowing`: and with what messages on their way may make of them.

    Raises:
        ConfigError: a quantity would change its unit under series that are stored.
    """
    units = _units(content)
    registry = engines.zone.registry
    speaks = {device.id: device.profile for device in content.devices}
    for name in registry.series:
        for profile in (name.profile, speaks.get(name.device, name.profile)):
            unit = units.get((profile, name.quantity), name.unit)
            if unit != name.unit:
                problem = f"gives {unit}, but {name.unit} is stored under this name (device {name.device})"
                raise ConfigError(f"{profile}.toml", f"fields.{name.quantity}.unit", problem, _REMEDY)
    running = engines.zone.configuration if flowing else None
    for (profile, quantity), before in () if running is None else _units(running).items():
        unit = units.get((profile, quantity), before)
        if unit != before:
            problem = f"gives {unit}, and messages that are read as {before} may be on their way"
            remedy = "Restart the gateway for such a change, or give the quantity another name."
            raise ConfigError(f"{profile}.toml", f"fields.{quantity}.unit", problem, remedy)


def _units(content: EngineContent) -> Units:
    return {
        (profile.name, quantity.name): quantity.unit
        for profile in map(compile_profile, load_profiles(content.profiles))
        for quantity in profile.quantities
    }
