"""Where made reports are kept: files in one folder, with a bound on their number and bytes; the oldest go.

documents/  traffic-2026-03-02.zh.html   traffic-2026-03-02.zh.pdf   traffic-2026-03-02.zh.json
            the report in its forms, each written whole or not at all   who made it and when; written last

A report without its .json is not there. The web process reads, its workers write; a report that is made again takes
the place of the one before. Names are made of what they are about, and nothing else is a name.
"""

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from gateway.errors import CommandError, Missing
from gateway.reports.make import DOMAINS, Document, Form

__all__ = ["LANGUAGES", "NAME", "Kept", "Shelf"]

LANGUAGES = ("en", "zh")
NAME = f"^({'|'.join(DOMAINS)})-([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{4}}-W[0-9]{{2}})([.]zh)?$"
"""What a report is called."""
_FORMS: tuple[Form, ...] = ("html", "pdf")
_STALE_SECS = 3600.0
"""A part that is so old was left by a worker that was killed."""


class Kept(msgspec.Struct, frozen=True):
    """A report that there is."""

    document: str
    """Its name, such as traffic-2026-03-02.zh."""
    domain: str
    kind: Literal["day", "week"]
    period: str
    lang: str
    made: int
    """UTC ns by the machine's clock."""
    by: str
    """Who had it made."""
    until: int
    """UTC ns by the gateway's clock, up to which it knows."""
    whole: bool
    """The period was over."""
    sizes: Mapping[str, int]
    """Bytes of each form."""


class _About(msgspec.Struct):
    made: int
    by: str
    until: int
    whole: bool


class Shelf:
    """Of one folder. Safe to use from any thread and from several processes: each file is replaced whole."""

    def __init__(self, folder: Path, most: int, most_bytes: int) -> None:
        self.folder, self._most, self._most_bytes = folder, most, most_bytes

    def all(self) -> list[Kept]:
        """Those that there are, the newest first."""
        try:
            names = [path.stem for path in self.folder.glob("*.json")]
        except OSError:
            return []
        found = [kept for name in names if (kept := self._kept(name)) is not None]
        return sorted(found, key=lambda kept: (-kept.made, kept.document))

    def read(self, document: str, form: Form) -> bytes:
        """One of them. Raises Missing where there is none of that name."""
        if re.fullmatch(NAME, document) is not None and form in _FORMS:
            with suppress(OSError):
                return (self.folder / f"{document}.{form}").read_bytes()
        raise Missing(f"There is no report {document!r}.", "The list tells which there are; make it, or another one.")

    def put(self, documents: Sequence[Document], *, by: str, until: int, whole: bool, now: int) -> str:
        """Keep the forms of one report, and let the oldest go where that is too much. Gives its name.

        Raises:
            CommandError: they can't be written.
        """
        name = documents[0].name.rpartition(".")[0]
        if re.fullmatch(NAME, name) is None or any(each.name.rpartition(".")[0] != name for each in documents):
            raise ValueError(f"{[each.name for each in documents]} are not the forms of a report")
        about = msgspec.json.encode(_About(now, by, until, whole))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for document in documents:
                self._write(document.name, document.body)
            self._write(f"{name}.json", about)
        except OSError as error:
            raise CommandError(
                f"The report can't be kept in {self.folder}: {error.strerror}.",
                "Is the disk full, or the folder another user's?",
            ) from error
        self._tidy(name)
        return name

    def _write(self, name: str, body: bytes) -> None:
        part = self.folder / f".{name}.{os.getpid()}.part"
        try:
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _tidy(self, newest: str) -> None:
        """The newest stays, however large it is."""
        used, number = 0, 0
        for kept in sorted(self.all(), key=lambda kept: kept.document != newest):
            used, number = used + sum(kept.sizes.values()), number + 1
            if kept.document != newest and (number > self._most or used > self._most_bytes):
                self._drop(kept.document)
        old = time.time() - _STALE_SECS
        with suppress(OSError):
            for part in self.folder.glob(".*.part"):
                if part.stat().st_mtime < old:
                    part.unlink()

    def _drop(self, name: str) -> None:
        """What says that it is there goes first."""
        for tail in ("json", *_FORMS):
            with suppress(OSError):
                (self.folder / f"{name}.{tail}").unlink()

    def _kept(self, name: str) -> Kept | None:
        found = re.fullmatch(NAME, name)
        if found is None:
            return None
        try:
            about = msgspec.json.decode((self.folder / f"{name}.json").read_bytes(), type=_About)
            sizes: dict[str, int] = {form: (self.folder / f"{name}.{form}").stat().st_size for form in _FORMS}
        except (OSError, msgspec.DecodeError):  # goes just now, or is another program's
            return None
        kind: Literal["day", "week"] = "week" if "W" in found[2] else "day"
        return Kept(
            name, found[1], kind, found[2], "zh" if found[3] else "en", about.made, about.by, about.until,
            about.whole, sizes,
        )  # fmt: skip
