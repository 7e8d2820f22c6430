"""City, devices, profiles, conditions, incidents from where the settings say: the operator's files, or `seeds`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import seeds
from gateway.config.city import City, parse_city
from gateway.config.conditions.checks import built_in_conditions, parse_conditions
from gateway.config.conditions.model import ConditionModel
from gateway.config.content import Device, EngineContent
from gateway.config.devices import parse_devices
from gateway.config.incidents import IncidentRules, parse_incidents
from gateway.config.profiles import Profile, load_profiles
from gateway.config.settings import Settings
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["SeedFiles", "load_seed_files", "read_seed_files"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """What the gateway knows before the first message."""

    city: City
    devices: tuple[Device, ...]
    profiles: tuple[Profile, ...]
    profile_docs: Mapping[str, Mapping[str, Any]]
    """Parsed TOML of each profile, by its name."""
    conditions: tuple[ConditionModel, ...] = ()
    incidents: IncidentRules = field(default_factory=IncidentRules)

    def content(self, settings: Settings) -> EngineContent:
        """What the engines are configured with."""
        # with defaults: another version's must not change what a row of the journal says
        tables = [condition.model_dump(mode="json") for condition in self.conditions]
        return EngineContent.of(settings, self.city, self.devices, self.profile_docs, tables, self.incidents.plain())


def load_seed_files(settings: Settings) -> SeedFiles:
    """Read all of them. Raises ConfigErrors with the problems of all of them."""
    files, problems = read_seed_files(settings)
    if files is None:
        raise ConfigErrors(problems)
    return files


def read_seed_files(settings: Settings, *, draft: bool = False) -> tuple[SeedFiles | None, list[ConfigError]]:
    """All of them, or None and what is wrong with them; of a draft of the settings (drafts.py) those that it names."""
    problems: list[ConfigError] = []

    def collect(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except ConfigErrors as errors:
            problems.extend(errors.problems)
        except ConfigError as error:
            problems.append(error)
        except AttributeError:
            if not draft:
                raise
        return None

    city = collect(lambda: _city(settings))
    texts = collect(lambda: _profile_texts(settings))
    profiles = None if texts is None else collect(lambda: load_profiles(texts))
    docs = _docs(texts or {})
    # a profile with a fault in it still says which name devices may have
    names = None if texts is None or len(docs) < len(texts) else [str(doc.get("name")) for doc in docs]
    devices = collect(lambda: _devices(settings, city, names))
    conditions = None
    if city is not None and profiles is not None:
        conditions = collect(lambda: _conditions(settings, city, profiles, devices or ()))
    incidents = collect(lambda: _incidents(settings))
    if problems or city is None or profiles is None or devices is None:
        return None, problems
    if conditions is None or incidents is None:
        return None, problems
    return SeedFiles(city, devices, profiles, {doc["name"]: doc for doc in docs}, conditions, incidents), problems


def _docs(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those that are TOML."""
    out = []
    for file, text in texts.items():
        with suppress(ConfigErrors):
            out.append(read_toml(text, file))
    return out


def _city(settings: Settings) -> City:
    file = settings.city_file
    if file is None:
        return parse_city(seeds.city_text(), "built-in city.toml")
    return parse_city(_read(file, "city_file"), str(file))


def _devices(settings: Settings, city: City | None, profiles: list[str] | None) -> tuple[Device, ...]:
    file = settings.devices_file
    if file is None:
        return parse_devices(seeds.devices_text(), "built-in devices.csv", city, profiles)
    return parse_devices(_read(file, "devices_file"), str(file), city, profiles)


def _conditions(
    settings: Settings, city: City, profiles: Sequence[Profile], devices: Sequence[Device]
) -> tuple[ConditionModel, ...]:
    file = settings.conditions_file
    if file is not None:
        return parse_conditions(_read(file, "conditions_file"), str(file), city, profiles, devices)
    return built_in_conditions(seeds.condition_texts(), profiles)


def _incidents(settings: Settings) -> IncidentRules:
    file = settings.incidents_file
    if file is None:
        return parse_incidents(seeds.incidents_text(), "built-in incidents.toml")
    return parse_incidents(_read(file, "incidents_file"), str(file))


def _profile_texts(settings: Settings) -> dict[str, str]:
    """Texts by file name."""
    folder = settings.profiles_dir
    if folder is None:
        return {f"built-in {name}.toml": text for name, text in seeds.profile_texts().items()}
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        raise ConfigError(str(folder), "profiles_dir", f"can't be read: {error.strerror}", "Name a folder.") from error
    if not files:
        raise ConfigError(str(folder), "profiles_dir", "holds no .toml file", "Put a profile a kind of device there.")
    return {str(file): _read(file, "profiles_dir") for file in files}


def _read(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            str(file), key, f"can't be read: {error.strerror}", "Correct the path or its mode."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), key, f"is not UTF-8: {error}", "Save it as UTF-8.") from error
