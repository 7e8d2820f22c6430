"""What the journal calls a connection stays with its name, whatever becomes of the others."""

from typing import Any

import pytest

from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.reloadable import Files, body
from tests.support.running import eventually, running_gateway

_AT = 1_772_366_400_000_000_000


def _source(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "filters": [f"plant/tank/{name}"], **more}


@pytest.fixture
def broker(data_folder: Any) -> Any:
    with PlainMosquitto.running(data_folder) as mosquitto:
        yield mosquitto


async def test_sources_that_change_places_come_and_go_keep_their_books(
    broker: PlainMosquitto, data_folder: Any
) -> None:
    files = Files(data_folder, broker.port)
    one, two, three = _source("one"), _source("two", connections=2), _source("three")
    files.settings(sources={"tables": [one, two]})
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        before = {source.name: source.source for source in gateway.sources}
        assert before == {"one": 0, "two": 1, "two-2": 254}
        async with FastPublisher(broker.port) as publisher:
            await publisher.publish([("plant/tank/two", body(_AT + k * 10**9, 5.0)) for k in range(4)])

        async def counted() -> bool:
            found = (await gateway.desk.ledger())["sources"]
            return bool(sum(found.get(name, {}).get("received", 0) for name in ("two", "two-2")) == 4)

        await eventually(counted, "four messages in the books")
        was = (await gateway.desk.ledger())["sources"]

    files.settings(sources={"tables": [three, two]})
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        assert {source.name: source.source for source in gateway.sources} == {"three": 2, "two": 1, "two-2": 254}
        assert set(gateway.rebirth_parts._targets) == {1, 2, 254}
        books = (await gateway.desk.ledger())["sources"]
        for name in ("two", "two-2"):
            assert books.get(name) == was.get(name)
        files.settings(sources={"tables": [three, two, one]})  # it comes back, and is the same
        assert (await gateway.desk.reload())["applied"]
        assert {source.name: source.source for source in gateway.sources}["one"] == 0

    files.settings(sources={"tables": [three, _source("two", connections=1)]})
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        now = {source.name: source.source for source in gateway.sources}
        assert now.items() >= {"three": 2, "two": 1}.items()
        names = (await gateway.desk.ledger())["sources"]
        assert not any(name.startswith("removed source") for name in names)
