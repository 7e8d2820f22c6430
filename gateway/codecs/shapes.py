"""What a profile's slots look like as msgspec types: a tree of steps, then structs, lists and unions of it.

    a.v, a, l[1]  ->  {a: {v: slot, itself: slot}, l: {1: slot}}  ->  struct(a: struct(v) | float | None, l: tuple[..])

A place may hold a value or what leads on only where a field names both (`["a.v", "a"]`, wrapped or bare).
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.codecs.slots import Slot
from gateway.config.paths import Each, Step

__all__ = ["Node", "Refused", "attribute", "compile_slots", "container_of", "insert"]


class Refused(Exception):
    """The document holds something that the slots don't expect; of a profile: its paths contradict each other."""


Node = dict[Any, Any]
"""Step -> Node or Slot."""
_SELF = "itself", ""
"""Step to the slot of a place that holds either a value or what the other steps lead to."""


def insert(root: Node, steps: Sequence[Any], slot: Slot) -> None:
    """Put a slot into the tree. Raises Refused where something else is there."""
    node = root
    for step in steps[:-1]:
        node = _below(node, step, slot)
    last = steps[-1] if steps else _SELF
    held = node.get(last)
    if isinstance(held, dict) and _leads_to_soft(held):
        node, last = held, _SELF
    if last in node or (last == _SELF and not _leads_to_soft(node)):
        raise Refused("two slots at one place, or a path through a value")
    node[last] = slot


def _below(node: Node, step: Any, slot: Slot) -> Node:
    below = node.setdefault(step, {})
    if isinstance(below, Slot):
        if not slot.soft:
            raise Refused("a path through a value")
        below = node[step] = {_SELF: below}
    return below  # type: ignore[no-any-return]


def _leads_to_soft(node: Node) -> bool:
    """Whether every path on from here may find a plain value here instead."""
    return all(below.soft if isinstance(below, Slot) else _leads_to_soft(below) for below in node.values())


def compile_slots(slots: Sequence[Slot], root: Node) -> tuple[Any, Any, list[tuple[str, Callable[[Any], Any]]]]:
    """(type, default, how to get each slot: as an attribute chain where that does, and as a function)."""
    if len(slots) == 1 and not slots[0].path.steps and not root:
        return slots[0].typed, slots[0].default, [("", _itself)]
    # the longest first, so that a place that may hold a value is met when all that it may lead to is known
    for slot in sorted(slots, key=lambda one: -len(one.path.steps)):
        insert(root, slot.path.steps, slot)
    type_, default = _type(root)
    return type_, default, [(attribute(root, slot.path.steps), _getter(root, slot)) for slot in slots]


def _itself(value: Any) -> Any:
    return value


def _type(node: Node | Slot) -> tuple[Any, Any]:
    if isinstance(node, Slot):
        return node.typed, node.default
    if _SELF in node:
        itself = node[_SELF]
        inner, _ = _type({step: below for step, below in node.items() if step != _SELF})
        return inner | itself.typed, itself.default
    if all(isinstance(step, int) for step in node) and node:
        element: Node = {}
        for below in node.values():
            _merge(element, below)
        return tuple[_type(element[0])[0], ...], ()  # type: ignore[misc]
    if any(isinstance(step, int) for step in node):
        raise Refused("a list and an object at one place")
    members = [(f"f{k}", *_type(below)) for k, below in enumerate(node.values())]
    names = {f"f{k}": str(step) for k, step in enumerate(node)}
    struct = msgspec.defstruct("Document", members, rename=names, frozen=True, gc=False)
    return struct, struct()


def _merge(element: Node, below: Node | Slot) -> None:
    """All elements of a list have one type, so what is wanted of any is looked for in each."""
    held = element.get(0)
    if held is None:
        element[0] = below if isinstance(below, Slot) else dict(below)
    elif isinstance(held, Slot) or isinstance(below, Slot):
        if not (isinstance(held, Slot) and isinstance(below, Slot) and held.typed == below.typed):
            raise Refused("elements of different types in one list")
    else:
        raise Refused("objects at several places of one list")


def attribute(root: Node, steps: Sequence[Any]) -> str:
    """`f0.f2` for a path of keys; "" where it has an index, or a place on it may hold something else."""
    names: list[str] = []
    node: Any = root
    for step in steps:
        if isinstance(step, int) or _SELF in node:
            return ""
        names.append(f"f{list(node).index(step)}")
        node = node[step]
    return "" if isinstance(node, dict) else ".".join(names)


def _getter(root: Node, slot: Slot) -> Callable[[Any], Any]:
    # (attribute or "", index, whether the value may be a plain one)
    moves: list[tuple[str, int, bool]] = []
    node: Any = root
    for step in slot.path.steps:
        plain = _SELF in node
        steps = [key for key in node if key != _SELF]
        moves.append(("", step, plain) if isinstance(step, int) else (f"f{steps.index(step)}", 0, plain))
        node = node[step]
    either = isinstance(node, dict)
    lists = either and any(isinstance(step, int) for step in node)
    other = slot.clean([] if lists else {})

    def get(document: Any) -> Any:
        for name, index, plain in moves:
            if plain and not isinstance(document, tuple if not name else msgspec.Struct):
                return slot.default
            if name:
                document = getattr(document, name)
            elif index < len(document):
                document = document[index]
            else:
                return slot.default
        # what the other paths lead into is no value of this one
        return other if either and isinstance(document, tuple | msgspec.Struct) else document

    return get


def container_of(steps: Sequence[Step | Each], record: Any, single: bool = False) -> Any:
    """The type of what holds records of a type along `steps`; `single`: or of one where a list is expected."""
    if not steps:
        return record
    inner: Any = container_of(steps[1:], record, single)
    if steps[0] is Each.ELEMENT:
        if single and not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
            raise Refused("a list in place of a list")
        return tuple[inner, ...] | inner if single else tuple[inner, ...]
    if steps[0] is Each.MEMBER:
        return dict[str, inner]
    if isinstance(steps[0], int):
        raise Refused("a record path with an index")
    return msgspec.defstruct("Part", [("f0", inner | None, None)], rename={"f0": str(steps[0])}, frozen=True, gc=False)
