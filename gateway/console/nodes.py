"""What a page shows, as plain lists: [tag, attributes, *children]. Text is text; there is no way to write HTML in here.

`el("td.num", "12.5")` -> ["td", {"class": "num"}, "12.5"]. parts/live_view.js makes elements of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

__all__ = ["Keyed", "Node", "act", "age", "el", "fresh", "link", "path", "slot"]

Node = str | list[Any]
"""A text, or [tag, attributes, *children]."""
Keyed = Sequence[tuple[str, Node]]
"""The nodes of a slot, each under a key that stays its own."""


def el(tag: str, *children: Node | None, **attributes: Any) -> list[Any]:
    """An element; `tag` may name classes (`td.num`). `data_act` is written data-act; None and False are left out."""
    name, *classes = tag.split(".")
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    given = {key: value for key, value in given.items() if value is not None and value is not False}
    if classes:
        given["class"] = " ".join(classes)
    return [name, given, *(child for child in children if child is not None and child != "")]


def path(page: str, **query: str) -> str:
    """The address of a page of the console; what goes into it is escaped, whatever somebody called a device."""
    said = {name: value for name, value in query.items() if value}
    return f"{page}?{urlencode(said)}" if said else page


def link(text: Node, page: str, query: Mapping[str, str] | None = None, **attributes: Any) -> list[Any]:
    """A link to a page of the console."""
    return el("a", text, href=path(page, **(query or {})), **attributes)


def act(text: Node, name: str, key: str = "", **attributes: Any) -> list[Any]:
    """A button that tells the page what to do, and to which row."""
    return el("button", text, type="button", data_act=name, data_key=key or None, **attributes)


def age(since: int, title: str) -> list[Any]:
    """How long ago `since` (UTC ns) was in city time, counted on by the browser; `title`: when that was."""
    return ["time", {"data-since": str(since // 1_000_000), "title": title}]


def slot(name: str, tag: str = "div", *, hold: bool = False, **attributes: Any) -> list[Any]:
    """Where the keyed nodes of `name` go, inside an element `tag`.

    hold: while pointer or focus is inside, its rows keep their places; new ones wait behind `fresh`.
    """
    made = el(tag, **attributes)
    return [f"@{name}", {**made[1], "tag": made[0], "hold": hold}]


def fresh(name: str, text: str) -> list[Any]:
    """The button that lets in what waits for a held slot; `text` has {n} where the number goes."""
    return ["@fresh", {"slot": name, "text": text}]
