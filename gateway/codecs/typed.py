"""The fast way: a msgspec type compiled from a profile's slots reads a document straight into rows.

It refuses whatever the slots don't expect; such a document goes the tolerant way. What it takes, both read alike.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from gateway.codecs.layout import Layout
from gateway.codecs.shapes import Node, Refused, attribute, compile_slots, container_of, insert
from gateway.codecs.slots import Bad, Slot
from gateway.config.paths import Each, Step

__all__ = ["REFUSALS", "Refused", "TypedReader"]


REFUSALS = (Refused, msgspec.MsgspecError, ValueError, RecursionError)
"""Everything that reading a document may raise here."""


class TypedReader:
    """Compiled once a profile. Raises Refused in the constructor where paths contradict each other as types."""

    def __init__(self, layout: Layout) -> None:
        self._with_key = layout.key == len(layout.slots)
        self._branches: tuple[Step | Each, ...] = ()
        self.columns: list[Callable[[Any], Any]] = []
        """How to get each slot of documents that are one record; none where they are not, or a value is translated."""
        root: Node = {}
        if layout.records:
            if not layout.relative:
                raise Refused("records without a slot of their own")
            record_type, _, record_gets = compile_slots(layout.relative, {})
            self._record = _row_getter(record_gets, layout.relative)
            first = next(k for k, step in enumerate(layout.records) if isinstance(step, Each))
            lead = [step for step in layout.records[:first] if isinstance(step, str)]
            if len(lead) != first:
                raise Refused("a record path with an index")
            self._branches = layout.records[first:]
            self._one_list = self._branches == (Each.ELEMENT,) and not layout.single
            self._nested: tuple[Callable[[Any], Sequence[Any]], Callable[[Any], Any]] | None = None
            if layout.outer:
                container = self._nest(layout, record_type)
            else:
                container = container_of(self._branches, record_type, layout.single)
            if lead:
                insert(root, tuple(lead), Slot(layout.relative[0].path, container | None, None, _same))
            elif not _never_there(layout.absolute, self._branches):
                raise Refused("paths from the root beside a list at the root")
            document, _, gets = compile_slots(layout.absolute, root)
            self._lead = attrgetter(attribute(root, tuple(lead))) if lead else None
            self._has_message = bool(layout.absolute)
            self._message = _row_getter(gets, layout.absolute)
            if not lead:
                nothing = tuple(slot.default for slot in layout.absolute)
                self._message = lambda _: nothing
            self.decode = msgspec.json.Decoder(document if lead else container).decode
        else:
            document, _, gets = compile_slots(layout.relative, root)
            self.decode = msgspec.json.Decoder(document).decode
            self.row = _row_getter(gets, layout.relative)
            """The row of a decoded document that is one record. May raise Refused."""
            names = [name for name, _ in gets]
            plain = all(names) and not any(slot.translate for slot in layout.relative) and not layout.unsettled
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
        for record, key, outer in self._walk(container):
            if len(rows) >= at_most:
                raise Refused("too many records")
            row = (*self._record(record), *outer, *message)
            rows.append((*row, key) if self._with_key else row)
        return rows

    def _nest(self, layout: Layout, record: Any) -> Any:
        """The type of a container whose records lie in something that has slots of its own."""
        *_, before, last = (k for k, step in enumerate(self._branches) if isinstance(step, Each))
        self._above, between, self._branches = (
            self._branches[: before + 1], self._branches[before + 1 : last], self._branches[last:],
        )  # fmt: skip
        if not between or not all(isinstance(step, str) for step in between):
            raise Refused("what the records lie in is no object")
        node: Node = {}
        insert(
            node, between, Slot(layout.outer[0].path, container_of(self._branches, record, layout.single), (), _same)
        )
        type_, _, gets = compile_slots(layout.outer, node)
        self._nested = _row_getter(gets, layout.outer), attrgetter(attribute(node, between))
        return container_of(self._above, type_, layout.single)

    def _walk(self, container: Any) -> Iterator[tuple[Any, str, Sequence[Any]]]:
        """(record, key, values of what it lies in)."""
        if self._nested is None:
            for record, key in _walk(container, self._branches, ""):
                yield record, key, ()
            return
        values, below = self._nested
        for outer, key in _walk(container, self._above, ""):
            beside, holder = values(outer), below(outer)
            if holder == ():
                raise Refused("no records, or none at all")
            for record, inner_key in _walk(holder, self._branches, key):
                yield record, inner_key, beside


def _same(value: Any) -> Any:
    return value


def _never_there(slots: Sequence[Slot], branches: Sequence[Step | Each]) -> bool:
    """Whether no document that is taken can have there what the slots look for, because each place holds a list."""
    lists = tuple(branches[:2]) == (Each.MEMBER, Each.ELEMENT)
    return all(lists and len(slot.path.steps) == 1 and slot.clean([]) is slot.default for slot in slots)


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
            if row[k].__class__ is not Bad:  # the place leads to others, and settling tells whether that matters
                value = row[k] = translate(row[k])
                if value.__class__ is Bad:
                    raise Refused
        return row

    return translated


def _walk(at: Any, steps: Sequence[Step | Each], key: str) -> Iterator[tuple[Any, str]]:
    if not steps:
        yield at, key
    elif at is None:
        raise Refused("no records")
    elif steps[0] is Each.ELEMENT:
        for below in at if isinstance(at, tuple) else (at,):
            yield from _walk(below, steps[1:], key)
    elif steps[0] is Each.MEMBER:
        for name, below in at.items():
            yield from _walk(below, steps[1:], name)
    else:
        yield from _walk(at.f0, steps[1:], key)
