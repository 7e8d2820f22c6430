"""From files and environment to Settings, and from Settings to everything else that is configured.

What is given twice: command line > environment CITYLOOM_SECTION__KEY > files of `secrets_dir` > TOML file > default.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_settings import InitSettingsSource, NestedSecretsSettingsSource, PydanticBaseSettingsSource

from gateway.config.drafts import draft_of
from gateway.config.environment import ENV_PREFIX, unknown_variables, unreadable_variables
from gateway.config.problems import Loc, problems_of
from gateway.config.rules import broken_rules
from gateway.config.settings import Settings
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["Read", "load_settings", "read_settings"]

_SECRETS_DIR = f"{ENV_PREFIX}SECRETS_DIR"


@dataclass(frozen=True, slots=True)
class Read:
    """Settings as far as they could be read, and everything that is wrong with them."""

    settings: Settings | None
    """None where nothing is known, not even what else to look at."""
    draft: bool
    """What could not be read is no attribute of `settings` (drafts.py)."""
    problems: tuple[ConfigError, ...]


def load_settings(
    path: Path | None, overrides: Mapping[str, Any] | None = None, *, environment: Collection[str] | None = None
) -> Settings:
    """Read the configuration; `path` None: environment and defaults only. `overrides` are nested like the file.

    environment: the sections that variables may set, for runs that must not touch what is configured for real; None:
    all, and secret files too.

    Raises:
        ConfigErrors: with everything that is wrong, each with its file (or variable), key, problem and remedy.
    """
    read = read_settings(path, overrides, environment=environment)
    if read.problems or read.settings is None:
        raise ConfigErrors(read.problems)
    return read.settings


def read_settings(
    path: Path | None, overrides: Mapping[str, Any] | None = None, *, environment: Collection[str] | None = None
) -> Read:
    """Like `load_settings`, but what is wrong comes beside what is right, so that the rest can be judged too."""
    given = dict(overrides or {})
    try:
        written = {} if path is None else _read_toml(path)
        secrets_dir = _secrets_dir(given, written, path) if environment is None else None
    except ConfigErrors as errors:
        return Read(None, True, errors.problems)
    origin = _Origin(path, given, written, secrets_dir)
    unknown = unknown_variables() + unreadable_variables()
    if any(problem.what.startswith("is not JSON") for problem in unknown):
        return Read(None, True, tuple(unknown))  # pydantic-settings would stop there

    merged: dict[str, Any] = {}

    class Loaded(Settings):
        @model_validator(mode="before")
        @classmethod
        def _keep(cls, data: Any) -> Any:
            merged.update(data)
            return data

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: Any, init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
            toml = InitSettingsSource(settings_cls, init_kwargs=written)
            if environment is not None:
                allowed = {name: value for name, value in env_settings().items() if name in environment}
                return init_settings, InitSettingsSource(settings_cls, init_kwargs=allowed), toml
            if secrets_dir is None:
                return init_settings, env_settings, toml
            secrets = NestedSecretsSettingsSource(
                settings_cls, secrets_dir=secrets_dir, secrets_prefix="", secrets_nested_delimiter="__",
                secrets_dir_missing="error",
            )  # fmt: skip
            return init_settings, env_settings, secrets, toml

    settings: Settings | None
    try:
        settings = Loaded(**given)
        wrong: list[ConfigError] = []
    except ValidationError as error:
        wrong = problems_of(error, Settings, origin)
        settings = draft_of(Settings, merged)
    if settings is None:
        return Read(None, True, tuple(unknown + wrong))
    rules = broken_rules(settings, draft=bool(wrong))
    broken = [ConfigError(origin(_loc(key)), key, problem, remedy) for key, problem, remedy in rules]
    return Read(settings, bool(wrong), tuple(unknown + wrong + broken))


class _Origin:
    """Where a value came from, in the order of precedence."""

    def __init__(
        self, path: Path | None, given: Mapping[str, Any], written: Mapping[str, Any], secrets_dir: Path | None
    ) -> None:
        self._file = str(path) if path is not None else "configuration"
        self._given = given
        self._written = written
        self._secrets_dir = secrets_dir

    def __call__(self, loc: Loc) -> str:
        """Name of the file or variable."""
        if _has(self._given, loc):
            return "command line"
        names = [str(part).lower() for part in loc if not isinstance(part, int)]
        for depth in range(len(names), 0, -1):
            name = "__".join(names[:depth])
            variable = next((one for one in os.environ if one.lower() == (ENV_PREFIX + name).lower()), None)
            if variable is not None:
                return f"environment variable {variable}"
            if self._secrets_dir is not None and (self._secrets_dir / name).is_file():
                return str(self._secrets_dir / name)
        return self._file


def _has(tree: Any, loc: Loc) -> bool:
    for part in loc:
        named = isinstance(tree, Mapping) and part in tree
        if not named and not (isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)):
            return False
        tree = tree[part]
    return bool(loc)


def _loc(key: str) -> Loc:
    return tuple(int(part) if part.isdigit() else part for part in key.replace("[", ".").replace("]", "").split("."))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise ConfigErrors(
            [ConfigError(str(path), "", "there is no such file", "Name the configuration file with -c FILE.")]
        ) from None
    except OSError as error:
        problem = ConfigError(str(path), "", f"can't be read: {error.strerror}", "Correct the path or the file's mode.")
        raise ConfigErrors([problem]) from error
    except UnicodeDecodeError as error:
        problem = ConfigError(str(path), "", f"is not TOML: {error}", "Correct the line that it names.")
        raise ConfigErrors([problem]) from error


def _secrets_dir(given: Mapping[str, Any], written: Mapping[str, Any], path: Path | None) -> Path | None:
    for source, where in (
        (given.get("secrets_dir"), "command line"),
        (os.environ.get(_SECRETS_DIR), f"environment variable {_SECRETS_DIR}"),
        (written.get("secrets_dir"), str(path)),
    ):
        if source is None or source == "" or not isinstance(source, str | Path):
            continue
        folder = Path(source)
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            raise ConfigErrors(
                [ConfigError(where, "secrets_dir", f"{folder} is no folder that can be read", "Correct the path.")]
            )
        return folder
    return None
