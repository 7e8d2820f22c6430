"""Which options a running gateway can change, and what its settings are once it has changed those.

running + loaded --> in_force: every live option as loaded, all others as they run, and the names of these
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr

from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings

__all__ = ["in_force", "leaves", "named"]

M = TypeVar("M", bound=BaseModel)

_FILES = frozenset({"city_file", "devices_file", "profiles_dir", "conditions_file", "incidents_file"})
_WHOLE = frozenset({"engine", "reviser", "snapshots", "ledger", "log", "notify", "inbox", "outbox"})
"""Sections of which every option is live."""
_SOME: Mapping[str, frozenset[str]] = {
    # where connections cut payloads is set when they are made
    "bounds": frozenset({"max_topic_bytes", "max_depth", "max_records", "max_decompressed_bytes"}),
    "live": frozenset({"interval_ms", "most_per_second"}),
    "mqtt": frozenset({"filters"}),
}


def in_force(running: Settings, loaded: Settings) -> tuple[Settings, list[str]]:
    """The settings after a reload, and the options that wait for a restart: they differ and stay as they run.

    A source keeps its connection under its name: its filters are live. Others come, or go, at the end.
    """
    kept: list[str] = []
    update: dict[str, Any] = {}
    for name in type(running).model_fields:
        ours, theirs = getattr(running, name), getattr(loaded, name)
        if name in _FILES | _WHOLE:
            update[name] = theirs
        elif name == "sources":
            if all(a.name == b.name for a, b in zip(ours, theirs, strict=False)):
                update[name] = tuple(_sources(ours, theirs, running.mqtt, kept))
            else:  # they are compared one by one
                kept.append(name)
        elif name in _SOME:
            update[name] = _some(ours, theirs, _SOME[name], name, kept)
        else:
            kept += _differing(ours, theirs, name)
    return running.model_copy(update=update), kept


def _sources(
    ours: Sequence[SourceSettings], theirs: Sequence[SourceSettings], base: BaseModel, kept: list[str]
) -> Iterator[SourceSettings]:
    known = {source.name: source for source in ours}
    for source in theirs:
        running = known.get(source.name)
        if running is None:
            yield source
            continue
        told: list[str] = []
        yield _some(running, source, _SOME["mqtt"], named("sources", source), told)
        # what a source has from [mqtt] is said once, there
        own = {key for key, value in leaves(running) if dict(leaves(base)).get(key) != value}
        kept += [key for key in told if _last(key) in own or f"mqtt.{_last(key)}" not in kept]


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _some(ours: M, theirs: M, live: frozenset[str], name: str, kept: list[str]) -> M:
    for key in type(ours).model_fields:
        if key not in live:
            kept += _differing(getattr(ours, key), getattr(theirs, key), f"{name}.{key}")
    return ours.model_copy(update={key: getattr(theirs, key) for key in live})


def _differing(ours: Any, theirs: Any, name: str) -> list[str]:
    if ours == theirs:
        return []
    if not isinstance(ours, BaseModel):
        return [name]
    return [
        key for part in type(ours).model_fields for key in _differing(getattr(ours, part), getattr(theirs, part),
                                                                      f"{name}.{part}")
    ]  # fmt: skip


def leaves(model: BaseModel, name: str = "") -> Iterator[tuple[str, Any]]:
    """(key path, value) of every option, tables of a list under their names."""
    for key, value in dict(model).items():
        yield from _leaves(value, f"{name}.{key}" if name else key)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        yield from leaves(value, path)
    elif isinstance(value, tuple) and value and all(isinstance(each, BaseModel) for each in value):
        for number, each in enumerate(value):
            yield from leaves(each, named(path, each, number))
    else:
        # a secret compares as what it is, and shows as what it must not be
        yield path, value if isinstance(value, SecretStr | int | float | bool | str) or value is None else _plain(value)


def _plain(value: Any) -> Any:
    return list(map(str, value)) if isinstance(value, tuple | list | frozenset) else str(value)


def named(path: str, table: BaseModel, number: int = 0) -> str:
    """How a table of a list is called: by its name, else by its number."""
    return f"{path}[{getattr(table, 'name', number)}]"
