"""City, devices, profiles and conditions from where the settings say: the operator's files, or those of `seeds`."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import seeds
from gateway.config.city import City, parse_city
from gateway.config.condition_checks import built_in_conditions, parse_conditions
from gateway.config.conditions import Condition
from gateway.config.content import Device, EngineContent
from gateway.config.devices import parse_devices
from gateway.config.profiles import Profile, load_profiles
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["SeedFiles", "load_seed_files"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """What the gateway knows before the first message."""

    city: City
    devices: tuple[Device, ...]
    profiles: tuple[Profile, ...]
    profile_docs: Mapping[str, Mapping[str, Any]]
    """Parsed TOML of each profile, by its name."""
    conditions: tuple[Condition, ...] = ()

    def content(self, settings: Settings) -> EngineContent:
        """What the engines are configured with."""
        # with defaults: another version's must not change what a row of the journal says
        tables = [condition.model_dump(mode="json") for condition in self.conditions]
        return EngineContent.of(settings, self.city, self.devices, self.profile_docs, tables)


def load_seed_files(settings: Settings) -> SeedFiles:
    """Read all four. Raises ConfigErrors with the problems of all of them."""
    problems: list[ConfigError] = []
    city = _collect(problems, lambda: _city(settings))
    texts = _collect(problems, lambda: _profile_texts(settings))
    profiles = _collect(problems, lambda: _profiles(texts)) if texts is not None else None
    if city is None or texts is None or profiles is None:
        raise ConfigErrors(problems)
    names = [profile.name for profile in profiles]
    devices = _collect(problems, lambda: _devices(settings, city, names))
    conditions = _collect(problems, lambda: _conditions(settings, city, profiles, devices or ()))
    if devices is None or conditions is None:
        raise ConfigErrors(problems)
    docs = [tomllib.loads(text) for text in texts.values()]
    return SeedFiles(city, devices, profiles, {doc["name"]: doc for doc in docs}, conditions)


def _collect(problems: list[ConfigError], load: Callable[[], T]) -> T | None:
    try:
        return load()
    except ConfigErrors as errors:
        problems.extend(errors.problems)
    except ConfigError as error:
        problems.append(error)
    return None


def _city(settings: Settings) -> City:
    file = settings.city_file
    if file is None:
        return parse_city(seeds.city_text(), "built-in city.toml")
    return parse_city(_read(file, "city_file"), str(file))


def _devices(settings: Settings, city: City, profiles: list[str]) -> tuple[Device, ...]:
    file = settings.devices_file
    if file is None:
        return parse_devices(seeds.devices_text(), "built-in devices.csv", city, profiles)
    return parse_devices(_read(file, "devices_file"), str(file), city, profiles)


def _conditions(
    settings: Settings, city: City, profiles: Sequence[Profile], devices: Sequence[Device]
) -> tuple[Condition, ...]:
    file = settings.conditions_file
    if file is not None:
        return parse_conditions(_read(file, "conditions_file"), str(file), city, profiles, devices)
    return built_in_conditions(seeds.conditions_text(), city, profiles)


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


def _profiles(texts: Mapping[str, str]) -> tuple[Profile, ...]:
    problems: list[ConfigError] = []
    for file, text in texts.items():
        _collect(problems, lambda file=file, text=text: load_profiles({file: text}))  # type: ignore[misc]
    if problems:
        raise ConfigErrors(problems)
    # each is right by itself; now what they must not share
    return load_profiles(texts)


def _read(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            str(file), key, f"can't be read: {error.strerror}", "Correct the path or its mode."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), key, f"is not UTF-8: {error}", "Save it as UTF-8.") from error
