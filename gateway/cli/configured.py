"""Which gateway a command is about: options that many have, and the settings that they lead to. Imports no engine."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings

__all__ = ["Config", "DataDir", "Json", "city_zone", "settings_of"]

Config = Annotated[Path | None, Parameter(name=["--config", "-c"], help="Configuration file (TOML).")]
DataDir = Annotated[Path | None, Parameter(help="Data folder, instead of the configured one.")]
Json = Annotated[bool, Parameter(negative="", show_default=False, help="One JSON object as the last line.")]


def settings_of(config: Path | None, data_dir: Path | None) -> Settings:
    """The settings that a command works with."""
    return load_settings(config, {"data_dir": data_dir} if data_dir is not None else {})


def city_zone(settings: Settings) -> ZoneInfo:
    """The city's time zone, in which people read times."""
    return ZoneInfo(load_seed_files(settings).city.timezone)
