"""The fast way: a msgspec type compiled from a profile's slots reads a document straight into rows.

It refuses whatever the slots don't expect; such a document goes the tolerant way. What it takes, both read alike.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from gateway.codecs.layout import Layout
from gateway.codecs.slots import Bad, Slot
from gateway.config.paths import Each, Step

__all__ = ["REFUSALS", "Refused", "TypedReader"]


class Refused(Exception):
    """The document holds something that the slots don't expect."""


REFUSALS = (Refused, msgspec.MsgspecError, ValueError, RecursionError)
"""Everything that reading a document may raise here."""

_Node = dict[Step, Any]  # step -> _Node or Slot


class TypedReader:
    """Compiled once a profile. Raises Refused in the constructor where paths contradict each other as types."""

    def __init__(self, layout: Layout) -> None:
        self._with_key = layout.key == len(layout.slots)
        self._branches: tuple[Step | Each, ...] = ()
        self.columns: list[Callable[[Any], Any]] = []
        """How to get each slot of documents that are one record; none where they are not, or a value is translated."""
        root: _Node = {}
        if layout.records:
            if not layout.relative:
                raise Refused("records without a slot of their own")
            record_type, _, record_gets = _compile(layout.relative, {})
            self._record = _row_getter(record_gets, layout.relative)
            first = next(k for k, step in enumerate(layout.records) if isinstance(step, Each))
            lead = [step for step in layout.records[:first] if isinstance(step, str)]
            if len(lead) != first:
                raise Refused("a record path with an index")
            self._branches = layout.records[first:]
            self._one_list = self._branches == (Each.ELEMENT,)
            container = _container(self._branches, record_type)
            if lead:
                _insert(root, tuple(lead), Slot(layout.relative[0].path, container | None, None, _same))
            elif layout.absolute:
                raise Refused("paths from the root beside a list at the root")
            document, _, gets = _compile(layout.absolute, root)
            self._lead = attrgetter(_attribute(root, tuple(lead))) if lead else None
            self._has_message = bool(layout.absolute)
            self._message = _row_getter(gets, layout.absolute)
            self.decode = msgspec.json.Decoder(document if lead else container).decode
        else:
            document, _, gets = _compile(layout.relative, root)
            self.decode = msgspec.json.Decoder(document).decode
            self.row = _row_getter(gets, layout.relative)
            """The row of a decoded document that is one record. May raise Refused."""
            names = [name for name, _ in gets]
            plain = all(names) and not any(slot.translate for slot in layout.relative)
            self.columns = [attrgetter(name) for name in names] if plain else []

    def rows(self, document: Any, at_most: int) -> list[Sequence[Any]]:
        """The rows of a decoded document that holds many records. Raises Refused."""
        message = self._message(document) if self._has_message else ()
        container = document if self._lead is None else self._lead(document)
        if self._one_list:
            if container is None or len(container) > at_most:
                raise Refused("no records, or too many")
            rows = list(map(self._record, container))
            return [(*row, *message) for row in rows] if message else rows
        rows = []
        for record, key in _walk(container, self._branches, ""):
            if len(rows) >= at_most:
                raise Refused("too many records")
            row = (*self._record(record), *message)
            rows.append((*row, key) if self._with_key else row)
        return rows


def _same(value: Any) -> Any:
    return value


def _insert(root: _Node, steps: tuple[Step, ...], slot: Slot) -> None:
    if not steps:
        raise Refused("the whole message beside a path into it")
    node = root
    for step in steps[:-1]:
        below = node.setdefault(step, {})
        if isinstance(below, Slot):
            raise Refused("a path through a value")
        node = below
    if steps[-1] in node:
        raise Refused("two slots at one place")
    node[steps[-1]] = slot


def _compile(slots: Sequence[Slot], root: _Node) -> tuple[Any, Any, list[tuple[str, Callable[[Any], Any]]]]:
    """(type, default, how to get each slot: as an attribute chain where that does, and as a function)."""
    if len(slots) == 1 and not slots[0].path.steps and not root:
        return slots[0].typed, slots[0].default, [("", _same)]
    for slot in slots:
        _insert(root, slot.path.steps, slot)
    type_, default = _type(root)
    return type_, default, [(_attribute(root, slot.path.steps), _getter(root, slot)) for slot in slots]


def _type(node: _Node | Slot) -> tuple[Any, Any]:
    if isinstance(node, Slot):
        return node.typed, node.default
    if all(isinstance(step, int) for step in node) and node:
        element: _Node = {}
        for below in node.values():
            _merge(element, below)
        return tuple[_type(element[0])[0], ...], ()  # type: ignore[misc]
    if any(isinstance(step, int) for step in node):
        raise Refused("a list and an object at one place")
    members = [(f"f{k}", *_type(below)) for k, below in enumerate(node.values())]
    names = {f"f{k}": str(step) for k, step in enumerate(node)}
    struct = msgspec.defstruct("Document", members, rename=names, frozen=True, gc=False)
    return struct, struct()


def _merge(element: _Node, below: _Node | Slot) -> None:
    """All elements of a list have one type, so what is wanted of any is looked for in each."""
    held = element.get(0)
    if held is None:
        element[0] = below if isinstance(below, Slot) else dict(below)
    elif isinstance(held, Slot) or isinstance(below, Slot):
        if not (isinstance(held, Slot) and isinstance(below, Slot) and held.typed == below.typed):
            raise Refused("elements of different types in one list")
    else:
        raise Refused("objects at several places of one list")


def _attribute(root: _Node, steps: tuple[Step, ...]) -> str:
    """`f0.f2` for a path of keys; "" where it has an index."""
    names: list[str] = []
    node: Any = root
    for step in steps:
        if isinstance(step, int):
            return ""
        names.append(f"f{list(node).index(step)}")
        node = node[step]
    return ".".join(names)


def _getter(root: _Node, slot: Slot) -> Callable[[Any], Any]:
    moves: list[tuple[str, int]] = []
    node: Any = root
    for step in slot.path.steps:
        moves.append(("", step) if isinstance(step, int) else (f"f{list(node).index(step)}", 0))
        node = node[step]

    def get(document: Any) -> Any:
        for name, index in moves:
            if name:
                document = getattr(document, name)
            elif index < len(document):
                document = document[index]
            else:
                return slot.default
        return document

    return get


def _row_getter(gets: list[tuple[str, Callable[[Any], Any]]], slots: Sequence[Slot]) -> Callable[[Any], Sequence[Any]]:
    names = [name for name, _ in gets]
    base: Callable[[Any], Sequence[Any]]
    if len(names) > 1 and all(names):
        base = attrgetter(*names)
    else:
        functions = [function for _, function in gets]

        def base(document: Any) -> Sequence[Any]:
            return tuple([function(document) for function in functions])

    translations = [(k, slot.translate) for k, slot in enumerate(slots) if slot.translate is not None]
    if not translations:
        return base

    def translated(document: Any) -> Sequence[Any]:
        row = list(base(document))
        for k, translate in translations:
            value = row[k] = translate(row[k])
            if value.__class__ is Bad:
                raise Refused
        return row

    return translated


def _container(steps: Sequence[Step | Each], record: Any) -> Any:
    if not steps:
        return record
    inner: Any = _container(steps[1:], record)
    if steps[0] is Each.ELEMENT:
        return tuple[inner, ...]
    if steps[0] is Each.MEMBER:
        return dict[str, inner]
    if isinstance(steps[0], int):
        raise Refused("a record path with an index")
    return msgspec.defstruct("Part", [("f0", inner | None, None)], rename={"f0": str(steps[0])}, frozen=True, gc=False)


def _walk(at: Any, steps: Sequence[Step | Each], key: str) -> Iterator[tuple[Any, str]]:
    if not steps:
        yield at, key
    elif at is None:
        raise Refused("no records")
    elif steps[0] is Each.ELEMENT:
        for below in at:
            yield from _walk(below, steps[1:], key)
    elif steps[0] is Each.MEMBER:
        for name, below in at.items():
            yield from _walk(below, steps[1:], name)
    else:
        yield from _walk(at.f0, steps[1:], key)
