"""records.db in a folder of its own, and somebody with a shell there."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.database import AccessDatabase
from gateway.access.tokens import TokenStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def database(path: Path) -> Iterator[AccessDatabase]:
    with closing(AccessDatabase(path)) as made:
        yield made


@pytest.fixture
def tokens(database: AccessDatabase) -> TokenStore:
    return TokenStore(database)
