"""The slots of a record: each place that a profile names, what may stand there, and what it is turned into.

Both ways of reading a document, the typed one and the tolerant one, give a record as a row of clean values:

    quantity   float, None for an explicit null, NaN where absent (JSON has no NaN, so that says it)
    time       int, float or str as on the wire, None where absent or null
    key, scope str or int, None where absent or null
    sequence   int, -1 where absent, None for a null
    ignore     a value of the type that the rule compares with, else None
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isinf, nan
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from gateway.codecs.timestamps import NUMBER
from gateway.config.paths import Path, parse_path
from gateway.config.profile_model import FieldSpec, IgnoreRule, TimeSpec
from gateway.reasons import Invalid

__all__ = ["Bad", "Slot", "field_slot", "ignore_slot", "key_slot", "sequence_slot", "shown", "time_slot"]

_MAX_SEQUENCE = (1 << 63) - 1
_TYPES: dict[str, Any] = {"text": str, "number": int | float, "boolean": bool}


class Bad(NamedTuple):
    """Stands in a row for a value that can't be used."""

    reason: Invalid
    detail: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a record."""

    path: Path
    typed: Any
    """The type that the typed decoder takes; it refuses the document where something else stands there."""
    default: Any
    """The clean value of nothing."""
    clean: Callable[[Any], Any]
    """From any JSON value to the clean one, or Bad. Agrees with `typed` and `translate` wherever those take it."""
    translate: Callable[[Any], Any] | None = None
    """From what the typed decoder gives (or the default) to the clean value, or Bad; None: it is clean."""
    soft: bool = False
    """Another place on the way to this one is looked at too, so a plain value there is no fault of this one."""


def shown(value: object, secret: bool = False) -> str:
    """A value for a sentence: short, printable, in ASCII."""
    if secret:
        return "***"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = ascii(value[:41] if isinstance(value, str) else value)
    return text if len(text) <= 40 else text[:37] + "..."


def field_slot(spec: FieldSpec, secret: bool = False, path: Path | None = None) -> Slot:
    """The slot of a quantity, at `path` where it has several, or its own is no path (SenML names)."""
    default = nan if spec.default is None else spec.default
    path = parse_path(spec.path[0]) if path is None else path
    name = path.text

    def wrong(value: object, wanted: str) -> Bad:
        return Bad(Invalid.WRONG_TYPE, f"{name} is {shown(value, secret)}, not {wanted}")

    def number(value: Any) -> float | Bad | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return wrong(value, "a number")
        try:
            found = float(value)
        except OverflowError:
            found = float("inf")
        if isinf(found):
            return Bad(Invalid.NOT_FINITE, f"{name} is beyond what a number can hold")
        return found

    def numeric_string(value: Any) -> float | Bad | None:
        if not isinstance(value, str):
            return number(value)
        text = value.strip()
        if len(text) > 40 or not NUMBER.fullmatch(text):
            return wrong(value, "a number or the text of one")
        return number(float(text))

    def boolean(value: Any) -> float | Bad | None:
        if value is None or isinstance(value, bool):
            return value
        return wrong(value, "true or false")

    def enum(value: Any) -> float | Bad | None:
        if value is None or isinstance(value, float):
            return value
        found = spec.enum.get(value)
        if found is None:
            return Bad(Invalid.ENUM_UNKNOWN, f"{name} is {shown(value, secret)}, none of {', '.join(spec.enum)}")
        return found

    if spec.type == "number":
        return Slot(path, float | None, default, number)
    if spec.type == "numeric_string":
        return Slot(path, float | str | None, default, numeric_string, numeric_string)
    if spec.type == "boolean":
        return Slot(path, bool | None, default, boolean)
    return Slot(
        path, str | None, default,
        lambda value: enum(value) if value is None or isinstance(value, str) else wrong(value, "a text"), enum,
    )  # fmt: skip


def time_slot(path: str, spec: TimeSpec, secret: bool) -> Slot:
    """The slot of one place where the event time may be."""
    numbers = spec.numbers is not None or spec.format.startswith("unix")

    def clean(value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        if numbers and isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return Bad(Invalid.RECORD_TIME_INVALID, f"{path} is {shown(value, secret)}, no time as {spec.format}")

    return Slot(parse_path(path), int | float | str | None if numbers else str | None, None, clean)


def key_slot(path: str, secret: bool = False) -> Slot:
    """The slot of a device's key or of a session's."""

    def clean(value: Any) -> Any:
        if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
            return value
        return Bad(Invalid.RECORD_IDENTITY_MISSING, f"{path} is {shown(value, secret)}, not a text")

    return Slot(parse_path(path), str | int | None, None, clean)


def sequence_slot(path: str, default: int | None) -> Slot:
    """The slot of a sequence number; what is no such number counts as none, for it is no reading."""

    def clean(value: Any) -> int | None:
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_SEQUENCE
        return value if good else None

    typed = Annotated[int, Meta(ge=0, le=_MAX_SEQUENCE)] | None
    return Slot(parse_path(path), typed, -1 if default is None else default, clean)


def ignore_slot(rule: IgnoreRule) -> Slot:
    """The slot that an ignore rule looks at; of a rule for a type it is true where such a value stands there."""
    assert rule.path is not None
    if rule.type is not None:
        type_ = _TYPES[rule.type]
        return Slot(
            parse_path(rule.path), type_ | None, None,
            lambda value: True if isinstance(value, type_) and (type_ is bool or type(value) is not bool) else None,
            lambda value: None if value is None else True,
        )  # fmt: skip
    wanted: type = float if isinstance(rule.equals, int) and not isinstance(rule.equals, bool) else type(rule.equals)

    def clean(value: Any) -> Any:
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value) if abs(value) < 1 << 1000 else None
        return value if type(value) is wanted else None

    return Slot(parse_path(rule.path), wanted | None, None, clean)
