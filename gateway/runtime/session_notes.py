"""What our sessions at the brokers may hold, kept beside the journal."""

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.journal.files import sync_folder

__all__ = ["Noted", "SessionNotes"]


class Noted(NamedTuple):
    """By name of the connection: the filters that its session may hold, whose canary once came back, its number."""

    filters: dict[str, list[str]]
    canaries: list[str]
    numbers: dict[str, int]
    """Also of connections that are gone: the journal may hold messages of theirs."""


class _Source(Protocol):
    name: str
    source: int
    subscribed: bool

    @property
    def session_filters(self) -> list[str]: ...
    @property
    def canary_proven(self) -> bool: ...


class SessionNotes:
    """So that a later process can give up filters that it no longer wants, and knows that a canary can come back."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sessions.json"
        self._written: Noted | None = None

    def read(self) -> Noted:
        """Empty where nothing was noted or it can't be read: then all is subscribed anew."""
        try:
            noted = json.loads(self._path.read_text())
            if "canaries" not in noted:  # as it was written before there were any
                noted = {"filters": noted, "canaries": []}
            filters = {str(name): [str(one) for one in some] for name, some in noted["filters"].items()}
            numbers = {str(name): int(number) for name, number in noted.get("numbers", {}).items()}
            return Noted(filters, [str(name) for name in noted["canaries"]], numbers)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Noted({}, [], {})

    def take(self, sources: Iterable[_Source]) -> None:
        """Replace the notes where they changed, durably. A full disk lets them wait.

        Of a source that is not connected, what was noted stays: its session may hold it still.
        """
        before = self._written or self.read()
        every: Sequence[_Source] = list(sources)
        filters = {s.name: s.session_filters if s.subscribed else before.filters.get(s.name, []) for s in every}
        ours = {s.name: s.source for s in every}
        numbers = {name: k for name, k in before.numbers.items() if k not in ours.values()} | ours
        noted = Noted(filters, [s.name for s in every if s.canary_proven], numbers)
        if noted == self._written:
            return
        temporary = self._path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            with temporary.open("w") as file:
                file.write(json.dumps(noted._asdict()))
                file.flush()
                os.fsync(file.fileno())  # what is journaled under a number must find its name again
            temporary.replace(self._path)
            sync_folder(self._path.parent)
            self._written = noted
