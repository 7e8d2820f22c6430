"""What a reload would change, in the words of the files: for people as lines, for programs as one object. Pure.

(settings, content) that run  +  (settings, content) that were loaded  -->  Differences
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import SecretStr

from gateway.config.content import EngineContent
from gateway.config.filters import source_filters
from gateway.config.live_options import leaves
from gateway.config.profiles import load_profiles
from gateway.config.settings import Settings

__all__ = ["Change", "Configuration", "Differences", "Part", "differences"]

_MASK = "***"


class Change(msgspec.Struct, frozen=True):
    """One key that is another; None: it is not there."""

    key: str
    before: Any
    after: Any


class Part(msgspec.Struct, frozen=True):
    """Things with names: which came, which went, and what is another in which."""

    added: list[str] = []
    removed: list[str] = []
    changed: dict[str, list[Change]] = {}

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


_NONE = Part()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a gateway runs by."""

    settings: Settings
    content: EngineContent

    def filters(self) -> dict[str, tuple[str, ...]]:
        """What each source subscribes to."""
        return source_filters(self.settings.sources, load_profiles(self.content.profiles))


@dataclass(frozen=True, slots=True)
class Differences:
    """All of them; empty parts where nothing changed."""

    options: list[Change] = field(default_factory=list)
    """Of the configuration file and the environment, those that are live."""
    restart: list[Change] = field(default_factory=list)
    """Those that wait for a restart."""
    profiles: Part = _NONE
    devices: Part = _NONE
    conditions: Part = _NONE
    zones: Part = _NONE
    assets: Part = _NONE
    incidents: list[Change] = field(default_factory=list)
    city: list[Change] = field(default_factory=list)
    subscriptions: Part = _NONE
    """`source: filter` of each."""

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)

    @property
    def live(self) -> bool:
        """Whether anything can be applied."""
        return any(getattr(self, name) for name in self.__slots__ if name != "restart")

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in self.__slots__}

    def summary(self) -> dict[str, Any]:
        """In few words, for a log: how many of each part, and keys by name where there are few."""
        out: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, Part) and value:
                out[name] = {
                    way: _some(getattr(value, way)) for way in ("added", "removed", "changed") if getattr(value, way)
                }
            elif value and not isinstance(value, Part):
                out[name] = _some([change.key for change in value])
        return out


def differences(running: Configuration, coming: Configuration, loaded: Settings, restart: Sequence[str]) -> Differences:
    """What is another in what `coming` brings; `loaded` is what was read, `restart` names what of it was kept back."""
    ours, theirs = running.content, coming.content
    options, waits = list(_options(running.settings, loaded)), tuple(restart)
    before, after = (
        {f"{source}: {one}" for source, filters in each.filters().items() for one in filters}
        for each in (running, coming)
    )
    return Differences(
        [change for change in options if not _within(change.key, waits)],
        [change for change in options if _within(change.key, waits)],
        _part(ours.profiles, theirs.profiles),
        _part(_named(ours.devices), _named(theirs.devices)),
        _part({each["name"]: each for each in ours.conditions}, {each["name"]: each for each in theirs.conditions}),
        _part(dict.fromkeys(ours.zones), dict.fromkeys(theirs.zones)),
        _part(_named(ours.assets), _named(theirs.assets)),
        list(_changes(ours.incidents, theirs.incidents)),
        [] if ours.timezone == theirs.timezone else [Change("timezone", ours.timezone, theirs.timezone)],
        _part(dict.fromkeys(before), dict.fromkeys(after)),
    )


def _options(ours: Settings, theirs: Settings) -> Iterator[Change]:
    before, after = dict(leaves(ours)), dict(leaves(theirs))
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        section, _, name = key.rpartition(".")
        if section.startswith("sources[") and (before.get(f"mqtt.{name}"), after.get(f"mqtt.{name}")) == (old, new):
            continue  # said once, there
        yield Change(key, _shown(old), _shown(new))


def _within(key: str, keys: Sequence[str]) -> bool:
    """A key, or one of the tables in it."""
    return any(key == each or key.startswith((f"{each}.", f"{each}[")) for each in keys)


def _shown(value: Any) -> Any:
    return _MASK if isinstance(value, SecretStr) else value


def _named(things: Sequence[Any]) -> dict[str, dict[str, Any]]:
    return {each.id: msgspec.structs.asdict(each) for each in things}


def _part(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Part:
    return Part(
        sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys()),
        {name: list(_changes(ours[name], theirs[name])) for name in sorted(ours.keys() & theirs.keys())
         if ours[name] != theirs[name]},
    )  # fmt: skip


def _changes(ours: Any, theirs: Any, key: str = "") -> Iterator[Change]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in dict.fromkeys((*ours, *theirs)):
            yield from _changes(ours.get(name), theirs.get(name), f"{key}.{name}" if key else str(name))
    elif ours != theirs:
        yield Change(key, msgspec.to_builtins(ours), msgspec.to_builtins(theirs))


_FEW = 10


def _some(names: Any) -> Any:
    every = list(names)
    return every if len(every) <= _FEW else [*every[:_FEW], f"and {len(every) - _FEW} more"]
