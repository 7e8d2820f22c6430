"""Both time-series stores behind one fixture."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.stores.base import Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.influxdb import InfluxStore
from tests.support.blocks import Journal
from tests.support.influxd import influxd

__all__ = ["influxd"]

_YEAR = 366 * 86_400_000_000_000


@pytest.fixture(params=["duckdb", "influxdb"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes a store object, not yet open; every call makes one over the same data."""
    if request.param == "duckdb":
        config = DuckDbConfig(tmp_path / "data" / "readings.duckdb", _YEAR)
        return lambda: DuckDbStore(config)
    server = request.getfixturevalue("influxd")
    buckets = server.config()
    return lambda: InfluxStore(buckets)


@pytest_asyncio.fixture
async def store(new_store: Callable[[], Store]) -> AsyncIterator[Store]:
    """An open, empty store."""
    made = new_store()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def journal() -> Journal:
    """The outbox whose blocks go to the store."""
    return Journal()
