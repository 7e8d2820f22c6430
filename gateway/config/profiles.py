"""Profiles from TOML. Pure: texts in, frozen models out, or a ConfigError with file, key path, problem and remedy."""

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from gateway.config.profile_checks import check_profile, check_topics
from gateway.config.profile_model import Profile
from gateway.errors import ConfigError

__all__ = ["Profile", "load_profiles"]


def load_profiles(sources: Mapping[str, str | Mapping[str, Any]]) -> tuple[Profile, ...]:
    """Read profiles, in order of their names. Keys of `sources` are file names or stems, values TOML or parsed tables.

    Raises:
        ConfigError: a text is not TOML, a key is unknown, missing or wrong, two profiles share a name or a topic.
    """
    found: dict[str, tuple[str, Profile]] = {}
    for source, content in sources.items():
        file = source if source.endswith(".toml") else f"{source}.toml"
        profile = _read(file, content)
        check_profile(profile, file)
        if profile.name in found:
            raise ConfigError(
                file, "name", f"{profile.name!r} is taken by {found[profile.name][0]}", "Give it a name of its own."
            )
        found[profile.name] = (file, profile)
    ordered = [found[name] for name in sorted(found)]
    check_topics(ordered)
    return tuple(profile for _, profile in ordered)


def _read(file: str, content: str | Mapping[str, Any]) -> Profile:
    if isinstance(content, str):
        try:
            content = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(file, "", f"is not TOML: {error}", "Correct the line that it names.") from error
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        first = problems[0]
        key = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(file, key, _sentence(first["type"], first["msg"]) + more, _remedy(first["type"])) from error


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is no key of a profile"
    return message.removeprefix("Value error, ")


def _remedy(kind: str) -> str:
    if kind == "missing":
        return "Add it."
    if kind == "extra_forbidden":
        return "Remove it, or correct its spelling: gateway/codecs/README.md lists the keys."
    return "See gateway/codecs/README.md for what may stand there."
