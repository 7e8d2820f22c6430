"""A part of a page: a frame that stays and slots of keyed nodes. `show` sends what differs from what was sent last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from gateway.console.nodes import Keyed, Node

__all__ = ["Act", "LiveView", "differences"]

_MOST_VALUES, _LONGEST_VALUE = 1_000, 256 * 1024


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: a button's or form's name, the row's key, and the form's values."""

    name: str
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class LiveView(Element, component="live_view.js", esm={"cityloom-nodes": "nodes"}):
    """Made inside a page. `on_act` is called in the page's context."""

    def __init__(self, frame: Node, slots: Mapping[str, Keyed], on_act: Callable[[Act], Any] | None = None) -> None:
        super().__init__()
        self._shown: dict[str, dict[str, Node]] = {name: dict(keyed) for name, keyed in slots.items()}
        # as text: NiceGUI would watch every list in it for changes, and so would the browser
        first = {name: list(nodes.items()) for name, nodes in self._shown.items()}
        self.props["first"] = msgspec.json.encode({"frame": frame, "slots": first}).decode()
        if on_act is not None:
            self.on("act", lambda event: on_act(_act(event)))

    def show(self, slots: Mapping[str, Keyed]) -> None:
        """Bring slots to this state; the others stay as they are."""
        changes = {}
        for name, keyed in slots.items():
            now = dict(keyed)
            change = differences(self._shown.get(name, {}), now)
            self._shown[name] = now
            if change is not None:
                changes[name] = change
        if changes:
            self.run_method("patch", changes)


def differences(before: Mapping[str, Node], now: Mapping[str, Node]) -> dict[str, Any] | None:
    """Nodes that are new or another, and the order where that is another; None: nothing differs."""
    changed = {key: node for key, node in now.items() if before.get(key) != node}
    order = None if list(before) == list(now) else list(now)
    return {"set": changed, "order": order} if changed or order is not None else None


def _act(event: GenericEventArguments) -> Act:
    """What a browser sends, taken for no more than texts."""
    said = event.args if isinstance(event.args, dict) else {}
    values = said.get("values")
    pairs = list(values.items())[:_MOST_VALUES] if isinstance(values, dict) else []
    texts = {str(name): str(value)[:_LONGEST_VALUE] for name, value in pairs}
    return Act(str(said.get("act", ""))[:100], str(said.get("key", ""))[:1_000], texts)
