"""From files and environment to Settings, and from Settings to everything else that is configured.

What is given twice: command line > environment CITYLOOM_SECTION__KEY > files of `secrets_dir` > TOML file > default.
"""

import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource, NestedSecretsSettingsSource, PydanticBaseSettingsSource

from gateway.config.environment import ENV_PREFIX, unknown_variables, unreadable_variables
from gateway.config.problems import Loc, problems_of
from gateway.config.rules import broken_rules
from gateway.config.settings import Settings
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["load_settings"]

_SECRETS_DIR = f"{ENV_PREFIX}SECRETS_DIR"


def load_settings(
    path: Path | None, overrides: Mapping[str, Any] | None = None, *, environment: Collection[str] | None = None
) -> Settings:
    """Read the configuration; `path` None: environment and defaults only. `overrides` are nested like the file.

    environment: the sections that variables may set, for runs that must not touch what is configured for real; None:
    all, and secret files too.

    Raises:
        ConfigErrors: with everything that is wrong, each with its file (or variable), key, problem and remedy.
    """
    given = dict(overrides or {})
    written = {} if path is None else _read_toml(path)
    secrets_dir = _secrets_dir(given, written, path) if environment is None else None
    origin = _Origin(path, given, written, secrets_dir)
    unknown = unknown_variables() + unreadable_variables()
    if any(problem.what.startswith("is not JSON") for problem in unknown):
        raise ConfigErrors(unknown)  # pydantic-settings would stop there

    class Loaded(Settings):
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

    try:
        settings = Loaded(**given)
    except ValidationError as error:
        raise ConfigErrors(unknown + problems_of(error, Settings, origin)) from None
    broken = [ConfigError(origin(_loc(key)), key, problem, remedy) for key, problem, remedy in broken_rules(settings)]
    if unknown or broken:
        raise ConfigErrors(unknown + broken)
    return settings


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
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigErrors(
            [ConfigError(str(path), "", "there is no such file", "Name the configuration file with -c FILE.")]
        ) from None
    except OSError as error:
        problem = ConfigError(str(path), "", f"can't be read: {error.strerror}", "Correct the path or the file's mode.")
        raise ConfigErrors([problem]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
