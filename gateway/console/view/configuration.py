"""What is configured, as rows: profiles with their fields, conditions with their steps, what a reload would change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.config.conditions.model import ConditionModel
from gateway.config.profiles import Profile
from gateway.console.view.judged import units_of

__all__ = ["Difference", "FieldRow", "condition_keys", "differences_of", "field_rows"]

_PARTS = ("profiles", "conditions", "devices", "subscriptions", "zones", "assets")
_HIDDEN = frozenset({"name", "title", "kind", "priorities"})
_MOST = 400


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One quantity of a profile."""

    quantity: str
    path: str
    wire_unit: str
    unit: str
    span: str
    plausible: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is another in the files than in the gateway; "" where there was, or will be, nothing."""

    what: str
    which: str
    before: str
    after: str
    restart: bool = False


def field_rows(profile: Profile) -> list[FieldRow]:
    """Its quantities in order."""
    units = units_of(profile)
    return [
        FieldRow(
            name, ", ".join(field.path) if isinstance(field.path, tuple) else str(field.path), field.unit,
            units.get(name, field.unit), _span(field.range), _span(field.suspect_range),
        )
        for name, field in profile.fields.items()
    ]  # fmt: skip


def _span(span: Any) -> str:
    return "–" if span is None else f"{span[0]:g} … {span[1]:g}"


def condition_keys(condition: ConditionModel) -> list[tuple[str, str]]:
    """What a condition says beside its name, as (key, value); what is left to its default is left out."""
    said = condition.model_dump(mode="json", exclude_defaults=True)
    return [(key, _text(value)) for key, value in said.items() if key not in _HIDDEN]


def differences_of(answer: Mapping[str, Any]) -> list[Difference]:
    """Of the desk's answer to `reload`; the first few hundred."""
    found = answer["differences"]
    return [*_all(found)][:_MOST]


def _all(found: Mapping[str, Any]) -> Iterator[Difference]:
    for part in ("options", "city", "incidents"):
        for each in found.get(part, ()):
            yield Difference(part, str(each["key"]), _text(each["before"]), _text(each["after"]))
    for part in _PARTS:
        changes = found.get(part)
        if not changes:
            continue
        yield from (Difference(part, str(name), "", "+") for name in changes["added"])
        yield from (Difference(part, str(name), "–", "") for name in changes["removed"])
        for name, keys in changes["changed"].items():
            for each in keys:
                yield Difference(part, f"{name}: {each['key']}", _text(each["before"]), _text(each["after"]))
    for each in found.get("restart", ()):
        yield Difference("restart", str(each["key"]), _text(each["before"]), _text(each["after"]), restart=True)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_text(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
