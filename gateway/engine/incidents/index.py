"""Which parts of which incidents are at a place: token -> incident -> kind -> keys."""

from collections.abc import ItemsView

from gateway.engine.incidents.incident_model import Part

__all__ = ["Index"]

Kinds = dict[str, set[str]]


class Index:
    """Holds each part under all of its tokens, in the incident that it is in."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, Kinds]] = {}

    def add(self, part: Part) -> None:
        """Put a part in."""
        for token in part.tokens:
            self._at.setdefault(token, {}).setdefault(part.incident, {}).setdefault(part.kind, set()).add(part.key)

    def remove(self, part: Part) -> None:
        """Take out a part that is in; nothing empty is left."""
        for token in part.tokens:
            incidents = self._at[token]
            kinds = incidents[part.incident]
            kinds[part.kind].remove(part.key)
            if not kinds[part.kind]:
                del kinds[part.kind]
            if not kinds:
                del incidents[part.incident]
            if not incidents:
                del self._at[token]

    def at(self, token: str) -> ItemsView[str, Kinds]:
        """Incidents at a place with the kinds of their parts there."""
        return self._at.get(token, {}).items()
