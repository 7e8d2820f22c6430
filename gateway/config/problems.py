"""What pydantic says about a configuration, as ConfigErrors: where it came from, its key, what to write instead."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Protocol, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gateway.config.docs import doc_of
from gateway.config.toml_text import toml_value
from gateway.errors import ConfigError

__all__ = ["Loc", "Origin", "key_of", "model_at", "model_in", "nearest_option", "option_keys", "problems_of"]

Loc = tuple[int | str, ...]
MANUAL = "gateway/config/sample.toml"


class Origin(Protocol):
    """Says which file or variable gave the value at a place."""

    def __call__(self, loc: Loc) -> str:
        """Its name, as a reader knows it."""
        ...


def problems_of(
    error: ValidationError, model: type[BaseModel], origin: Origin, manual: str = MANUAL
) -> list[ConfigError]:
    """One ConfigError a wrong value; `manual` is where a reader finds what may stand there."""
    found: dict[tuple[Any, ...], ConfigError] = {}
    details = error.errors(include_url=False)
    base = {detail["loc"][1:] for detail in details if detail["loc"][:1] == ("mqtt",)}
    for detail in details:
        loc, kind = detail["loc"], detail["type"]
        if loc[-1:] == ("[key]",):
            loc = loc[:-1]  # the name of a table of tables is wrong
        if loc[:1] == ("sources",) and loc[2:] and loc[2:] in base:
            continue  # inherited from [mqtt], and said there
        if kind == "extra_forbidden":
            problem, remedy = "is not known here", _suggest(loc, model, manual)
        elif kind == "missing":
            problem, remedy = "is missing", _meaning(loc, model, manual)
        else:
            problem, remedy = _sentence(detail["msg"], detail.get("input"), loc), _meaning(loc, model, manual)
        found.setdefault((loc, problem), ConfigError(origin(loc), key_of(loc), problem, remedy))
    return list(found.values())


def key_of(loc: Loc) -> str:
    """`("sources", 0, "port")` as `sources[0].port`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def option_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of every option below `model`."""
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner is None:
            yield prefix + name
        else:
            yield from option_keys(inner, f"{prefix}{name}.{'NAME.' if _named(field.annotation) else ''}")


def nearest_option(loc: Loc, model: type[BaseModel]) -> str | None:
    """The option that an unknown key may mean: one of the same section first, then the same name elsewhere."""
    wrong = str(loc[-1]).lower()
    section = model_at(loc[:-1], model)
    siblings = list(section.model_fields) if section is not None else []
    close = get_close_matches(wrong, siblings, n=1, cutoff=0.6)
    if close:
        return key_of((*loc[:-1], close[0]))
    every = list(option_keys(model))
    elsewhere = [key for key in every if key.rpartition(".")[2] == wrong]
    if elsewhere:
        return elsewhere[0]
    return next(iter(get_close_matches(key_of(loc), every, n=1, cutoff=0.75)), None)


def _suggest(loc: Loc, model: type[BaseModel], manual: str) -> str:
    nearest = nearest_option(loc, model)
    if nearest is None:
        return f"Remove it; {manual} says what there is."
    return f"Did you mean {nearest}?"


def _sentence(message: str, given: Any, loc: Loc) -> str:
    text = message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")
    text = text[:1].lower() + text[1:]
    secret = any(word in str(loc[-1]) for word in ("password", "token", "secret", "url")) if loc else True
    if secret or isinstance(given, Mapping | list | tuple | BaseModel):
        return text
    shown = repr(given)
    return f"{text}, not {shown if len(shown) <= 80 else shown[:77] + '...'}"


def _meaning(loc: Loc, model: type[BaseModel], manual: str) -> str:
    owner = model_at(loc[:-1], model)
    field = owner.model_fields.get(str(loc[-1])) if owner is not None and loc else None
    doc = doc_of(owner, str(loc[-1])) if owner is not None and field is not None else ""
    if field is None or not doc:
        return f"{manual} says what may stand there."
    default = field.get_default()
    if field.is_required() or default is None or isinstance(default, BaseModel | tuple | dict):
        return doc
    return f"{doc} The default is {toml_value(default)}."


def model_at(loc: Loc, model: type[BaseModel]) -> type[BaseModel] | None:
    """The section at a place below `model`; None where there is none."""
    here: type[BaseModel] | None = model
    name_next = False
    for part in loc:
        if isinstance(part, int):
            continue
        if name_next:
            name_next = False  # the key of a table of tables, such as `speed` in [fields.speed]
            continue
        field = here.model_fields.get(part) if here is not None else None
        here = None if field is None else model_in(field.annotation)
        name_next = field is not None and _named(field.annotation)
    return here


def _named(annotation: Any) -> bool:
    """Whether it is a table of tables, each under a name of its own."""
    return get_origin(annotation) is dict


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part)) is not None), None)
