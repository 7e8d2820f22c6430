"""Tests of a file that is marked `xdist_group` go to one worker, so that a costly fixture is made once.

pytest-xdist 3.8 does this by a name that pytest 9.2 no longer looks at, and spreads such tests over all workers.
"""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

__all__ = ["FileGroups"]


class FileGroups(LoadScopeScheduling):  # type: ignore[misc]
    """A work unit is a file where it says `xdist_group`, a test elsewhere."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._root = config.rootpath

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _together(self._root / file) else nodeid


@cache
def _together(file: Path) -> bool:
    return "xdist_group(" in file.read_text(encoding="utf-8")
