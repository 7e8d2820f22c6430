"""What the map draws, made once for all pages: features by language, cells by the devices that there are."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.console.feed import Feed
from gateway.console.texts.words import Words
from gateway.console.view.city_map import boundary, cells_of, features_of
from gateway.console.view.places import Places

__all__ = ["CityPlan", "map_words"]


class CityPlan:
    """Of one console."""

    def __init__(self, places: Places, feed: Feed) -> None:
        self._places, self._feed = places, feed
        self._features: dict[str, list[dict[str, Any]]] = {}
        self._encoded: dict[str, str] = {}
        self._cells: tuple[int, dict[str, tuple[list[list[float]], int]]] = (-1, {})

    def features(self, words: Words) -> list[dict[str, Any]]:
        """Zones and assets with their names."""
        if words.language not in self._features:
            every = {**self._places.assets, **self._places.zones}
            names = {name: words.named(place.name, place.name_en) or name for name, place in every.items()}
            self._features[words.language] = features_of(self._places, names)
        return self._features[words.language]

    def features_json(self, words: Words) -> str:
        """The same for a browser."""
        if words.language not in self._encoded:
            self._encoded[words.language] = msgspec.json.encode(self.features(words)).decode()
        return self._encoded[words.language]

    def cells(self, words: Words) -> dict[str, Any]:
        """Cells with devices: corners, and what is said of them."""
        devices = self._feed.devices
        if self._cells[0] != devices.version:
            known = self._cells[1]
            found = cells_of(devices.answer or ())
            made = {
                cell: (known[cell][0] if cell in known else boundary(cell), len(inside))
                for cell, inside in found.items()
            }
            self._cells = (devices.version, made)
        return {cell: {"at": at, "said": words("city.cell", n=number)} for cell, (at, number) in self._cells[1].items()}


def map_words(words: Words) -> Mapping[str, str]:
    """What the map itself says."""
    said = {name: words(f"city.{name}") for name in ("map", "closer", "farther", "whole")}
    return said | {f"p{n}": words.term("priority", str(n)) for n in (1, 2, 3, 4)}
