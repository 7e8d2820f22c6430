"""A configuration as far as it is right, so that one wrong value does not hide what is wrong elsewhere.

    what is written -> pydantic --- all right ----------------> model -> rules
                          | wrong values: said one by one
                          +-> draft_of: the same model, without them -> rules that need none of them

What could not be read is no attribute of a draft. A rule that needs it stops with an AttributeError and says nothing:
that it cannot be judged is no news beside the value that is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

__all__ = ["draft_of", "judge"]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class _Wrong(Exception):
    """Nothing of this can be read."""


def draft_of(model: type[M], table: Any) -> M | None:
    """The model of `table` without what is wrong in it; None where it is no table at all."""
    try:
        return _draft(model, table)
    except _Wrong:
        return None


def judge(rules: Iterable[Callable[..., Iterator[T]]], *subject: Any, draft: bool) -> Iterator[T]:
    """What `rules` say of `subject`, but for rules that need what a draft does not hold."""
    for rule in rules:
        try:
            yield from rule(*subject)
        except AttributeError:
            if not draft:
                raise


def _draft(model: type[M], table: Any) -> M:
    if not isinstance(table, Mapping):
        raise _Wrong
    prepare = getattr(model, "prepared", None)  # what the model does before it validates
    if prepare is not None:
        table = prepare(dict(table))
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, field in model.model_fields.items():
        written = field.alias or name
        if written in table:
            try:
                values[written] = _value(field, table[written])
            except _Wrong:
                wrong.append(name)
    made = model.model_construct(**values)
    for name in wrong:
        made.__dict__.pop(name, None)
    return made


def _value(field: FieldInfo, value: Any) -> Any:
    annotation = field.annotation
    inner = _model(annotation)
    if inner is not None:
        return None if value is None and inner is not annotation else _draft(inner, value)
    many = get_args(annotation)
    if get_origin(annotation) is tuple and len(many) == 2 and many[1] is ... and (inner := _model(many[0])) is not None:
        # a row that can't be read keeps its place, so that those behind it keep their numbers
        return tuple(_row(inner, row) for row in value) if isinstance(value, list | tuple) else _leaf(field, value)
    if get_origin(annotation) is dict and (inner := _model(many[1])) is not None and isinstance(value, Mapping):
        return {key: _row(inner, row) for key, row in value.items()}
    return _leaf(field, value)


def _row(model: type[M], value: Any) -> M:
    return _draft(model, value if isinstance(value, Mapping) else dict.fromkeys(model.model_fields, _NO_VALUE))


def _leaf(field: FieldInfo, value: Any) -> Any:
    if value is _NO_VALUE:
        raise _Wrong
    annotation: Any = field.annotation
    try:
        return TypeAdapter(Annotated[annotation, *field.metadata] if field.metadata else annotation).validate_python(
            value
        )
    except ValidationError:
        raise _Wrong from None


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model of `X` or `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if len(parts) == 1 and get_origin(annotation) not in (tuple, dict, list):
        return _model(parts[0])
    return None


_NO_VALUE = object()
