"""The city's map: an SVG, moved and zoomed by pointer, wheel and keys; tiles only where there is a URL."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from nicegui.element import Element

__all__ = ["CityMap"]


class CityMap(Element, component="city_map.js"):
    """`features` (as JSON) and `cells` as city_plan.py makes them. `show` sends the states that differ."""

    def __init__(
        self, features: str, cells: Mapping[str, Any], words: Mapping[str, str], *,
        tile_url: str = "", focus: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`focus`: features that it shows first; the part where most are, where empty."""
        super().__init__()
        self.props["focus"] = list(focus)
        # as text: NiceGUI would watch every list in it for changes, and so would the browser
        self.props["features"] = features
        self.props["cells"] = msgspec.json.encode(cells).decode()
        self._cells = cells
        self.props["words"] = dict(words)
        self.props["tiles"] = tile_url
        self._states: Mapping[str, Sequence[int]] = {}

    def show(self, states: Mapping[str, Sequence[int]]) -> None:
        """Feature or cell -> [priority, waits]; what is not named is normal."""
        changed: dict[str, Any] = {name: state for name, state in states.items() if self._states.get(name) != state}
        changed |= dict.fromkeys(name for name in self._states if name not in states)
        self._states = dict(states)
        if changed:
            self.run_method("states_changed", changed)

    def cells(self, cells: Mapping[str, Any]) -> None:
        """Other cells: devices came or went."""
        if cells != self._cells:
            self._cells = cells
            self.run_method("cells_changed", dict(cells))
