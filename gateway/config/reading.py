"""Read a whole configuration anew, all or nothing: settings, city, devices, profiles, conditions, incidents.

Files that are being written just now are waited for: half a file may be valid, and mean something else.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config.delivery_checks import delivery_problems
from gateway.config.load import load_settings
from gateway.config.onfile import problems_on_disk
from gateway.config.rules import broken_rules
from gateway.config.seed_files import SeedFiles, load_seed_files
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["Loaded", "Source", "read_again", "refuse_broken"]

_STILL_SECS = 0.1
_TRIES = 20
Stamps = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a gateway has its configuration from."""

    path: Path | None
    """None: environment and defaults only."""
    overrides: Mapping[str, Any]
    """What the command line says."""

    @property
    def name(self) -> str:
        """As problems name it."""
        return "configuration" if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read."""

    settings: Settings
    files: SeedFiles


def read_again(source: Source, sleep: Callable[[float], None] = time.sleep) -> Loaded:
    """Read everything; blocks for a tenth of a second at least.

    Raises:
        ConfigErrors: everything that is wrong; or a file is being written all the time.
    """
    changed = source.name
    for _ in range(_TRIES):
        before = _stamps(source, None)
        settings: Settings | None = None
        files: SeedFiles | None = None
        wrong: ConfigError | None = None
        try:
            settings = load_settings(source.path, source.overrides)
            before = {**_stamps(source, settings), **before}
            if problems := problems_on_disk(settings, source.name):
                raise ConfigErrors(problems)
            files = load_seed_files(settings)
        except ConfigError as error:
            wrong = error
        sleep(_STILL_SECS)
        after = _stamps(source, settings)
        if before == after:
            if wrong is not None:
                raise wrong
            assert settings is not None
            assert files is not None
            return Loaded(settings, files)
        changed = next(name for name in {**before, **after} if before.get(name) != after.get(name))
    raise ConfigErrors([
        ConfigError(changed, "", "is being written all the time", "Reload when it is complete; rename it into place.")
    ])  # fmt: skip


def refuse_broken(settings: Settings, files: SeedFiles, name: str) -> None:
    """What joins several options and files: of a mixture of what runs and what was read, this is judged again."""
    zones = {zone.id for zone in files.city.zones}
    conditions = {condition.name for condition in files.conditions}
    found = [*broken_rules(settings), *delivery_problems(settings, files.profiles, zones, conditions)]
    if found:
        raise ConfigErrors([ConfigError(name, *problem) for problem in found])


def _stamps(source: Source, settings: Settings | None) -> Stamps:
    out: Stamps = {}
    for path in _files(source, settings):
        try:
            stat = path.stat()
        except OSError:
            out[str(path)] = ()
        else:
            out[str(path)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return out


def _files(source: Source, settings: Settings | None) -> Iterator[Path]:
    if source.path is not None:
        yield source.path
    if settings is None:
        return
    named = (settings.city_file, settings.devices_file, settings.conditions_file, settings.incidents_file)
    yield from (path for path in named if path is not None)
    folder = settings.profiles_dir
    if folder is not None and folder.is_dir():
        yield folder
        yield from sorted(path for path in folder.iterdir() if path.suffix == ".toml")
