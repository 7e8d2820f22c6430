"""Pages of lists: `next` of an answer is where the following page begins, an opaque word that says what came last.

A page is asked for with one row more than it shows: whether there are more is known without counting.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from gateway.api.problems import Problem

__all__ = ["Cursor", "Limit", "Place", "after_of", "cursor_at", "paged"]

T = TypeVar("T")
Place = tuple[int | str, ...]
_Number = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
_Word = Annotated[str, msgspec.Meta(max_length=300)]
_DECODER = msgspec.msgpack.Decoder(tuple[_Number | _Word, ...])

Limit = Annotated[int, Query(ge=1, le=5_000, description="Rows of a page.")]
Cursor = Annotated[str, Query(max_length=2_000, description="`next` of the page before.")]


def after_of(cursor: str, *kinds: type) -> Place:
    """The place that a cursor says, of values of these kinds; () without one. Raises Problem (400)."""
    if not cursor:
        return ()
    try:
        place = _DECODER.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.DecodeError) as error:
        raise _not_ours() from error
    if len(place) != len(kinds) or not all(isinstance(each, kind) for each, kind in zip(place, kinds, strict=True)):
        raise _not_ours()
    return place


def paged(rows: Sequence[T], limit: int, place: Callable[[T], Sequence[Any]]) -> tuple[Sequence[T], str | None]:
    """Of `limit` + 1 rows at most: the page, and the cursor of the following one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_at(place(rows[limit - 1]))


def cursor_at(place: Sequence[Any]) -> str:
    """The cursor of the page behind a place."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(tuple(place))).decode().rstrip("=")


def _not_ours() -> Problem:
    return Problem("wrong-question", "cursor: that is none of this list.", "Take `next` of an answer of it.")
