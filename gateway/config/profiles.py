"""Profiles from TOML. Pure: texts in, frozen models out, or ConfigErrors with file, key path, problem and remedy."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from pydantic import ValidationError

from gateway.config.drafts import draft_of
from gateway.config.problems import problems_of
from gateway.config.profile_checks import problems_in
from gateway.config.profile_model import Profile
from gateway.config.profile_topics import ties
from gateway.config.sparkplug_checks import nodeless
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["Profile", "load_profiles"]

MANUAL = "gateway/codecs/README.md"


def load_profiles(sources: Mapping[str, str | Mapping[str, Any]]) -> tuple[Profile, ...]:
    """Read profiles, in order of their names. Keys of `sources` are file names or stems, values TOML or parsed tables.

    Raises:
        ConfigErrors: with everything that is wrong in any of them: a text is not TOML, a key is unknown, missing or
            wrong, parts contradict each other, two profiles share a name or a topic.
    """
    # a start asks four times for the same ones, and reading the built-in ones takes 0.1 s
    try:
        packed = msgspec.msgpack.encode(list(sources.items()))
    except UnicodeEncodeError:  # what is no text is named with all else that is wrong
        return _read_all(list(sources.items()))
    return _load(packed)


@lru_cache(4)
def _load(packed: bytes) -> tuple[Profile, ...]:
    return _read_all(msgspec.msgpack.decode(packed))


def _read_all(sources: Sequence[tuple[str, Any]]) -> tuple[Profile, ...]:
    problems: list[ConfigError] = []
    found: list[tuple[str, Profile]] = []
    for source, content in sources:
        file = source if source.endswith(".toml") else f"{source}.toml"
        profile = _read(file, content, problems)
        if profile is not None:
            found.append((file, profile))
    files: dict[str, str] = {}
    for file, profile in found:
        name = vars(profile).get("name")
        if name is not None and files.setdefault(name, file) != file:
            problems.append(
                ConfigError(file, "name", f"{name!r} is taken by {files[name]}", "Give it a name of its own.")
            )
    # in order of names, so that one set of profiles always says the same
    found.sort(key=lambda one: (str(vars(one[1]).get("name", "")), one[0]))
    problems.extend(ties(found))
    problems.extend(nodeless(found))
    if problems:
        raise ConfigErrors(problems)
    return tuple(profile for _, profile in found)


def _read(file: str, content: str | Mapping[str, Any], problems: list[ConfigError]) -> Profile | None:
    """The profile or its draft, after adding to `problems`; None where nothing can be read."""
    if isinstance(content, str):
        try:
            content = read_toml(content, file)
        except ConfigErrors as errors:
            problems.extend(errors.problems)
            return None
    try:
        profile: Profile | None = Profile.model_validate(content)
        wrong: list[ConfigError] = []
    except ValidationError as error:
        wrong = problems_of(error, Profile, lambda _: file, MANUAL)
        profile = draft_of(Profile, content)
    problems.extend(wrong)
    if profile is not None:
        rules = problems_in(profile, draft=bool(wrong))
        problems.extend(ConfigError(file, key, problem, remedy) for key, problem, remedy in rules)
    return profile
