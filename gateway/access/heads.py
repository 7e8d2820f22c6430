"""Heads of the audit log as the gateway noted them: a file beside records.db that `audit verify` holds the log against.

    1772416800000000000 1204:9f2c41d7a05be6c3...     when, how many entries there were, and the hash of the last

Whoever cuts the end of the log, or computes its hashes anew, has to know of this file as well; who may write the whole
folder can change both. That shows in the gateway's log only, which has the same (`audit head noted`).
"""

import contextlib
import os
import re
from pathlib import Path

from gateway.access.audit_chain import Anchor
from gateway.journal.files import sync_folder

__all__ = ["AuditHeads"]

_MOST = 2_000
"""Lines: 12 weeks of hours in each of which somebody acted. The first of them stays."""
_LINE = re.compile(r"\d{1,19} (\d{1,18}):([0-9a-f]{64})")


class AuditHeads:
    """Of one data folder. One process writes, at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "audit-heads.txt"

    def read(self) -> list[Anchor]:
        """Oldest first; nothing where nothing was noted. What is no such line is passed over."""
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return []
        found = [_LINE.fullmatch(line) for line in lines]
        return [Anchor(int(each[1]), each[2]) for each in found if each is not None]

    def note(self, now: int, head: Anchor) -> None:
        """Add one, on disk when it returns. `now`: UTC ns. Raises OSError."""
        line = f"{now} {head.seq}:{head.hash}\n"
        there = self._path.read_text("utf-8", "replace").splitlines(keepends=True) if self._path.exists() else []
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines([*there[:1], *there[1:][-(_MOST - 2) :], line])
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):
            temporary.chmod(0o600)
        temporary.replace(self._path)
        sync_folder(self._path.parent)
