"""A small city for tests that only look, and one of its own for each module that changes it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.api_city import api_city
from tests.support.api_server import ApiServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A gateway with data, and the API on a port. Alarms and reports may change: others try acts here."""
    with api_city(tmp_path_factory.mktemp("api")) as made:
        yield made


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The same for one module alone."""
    with api_city(tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture
def own(own_server: ApiServer) -> Iterator[httpx.Client]:
    """An administrator there."""
    with own_server.client() as made:
        yield made


@pytest.fixture
def client(server: ApiServer) -> Iterator[httpx.Client]:
    """An administrator of the whole city."""
    with server.client() as made:
        yield made
