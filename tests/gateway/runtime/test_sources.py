"""What the connections of a source are told."""

from pathlib import Path

from tests.support.running import running_gateway, settings_of


async def test_one_of_several_connections_watches_what_the_broker_drops_for_all_its_clients(data_folder: Path) -> None:
    settings = settings_of(data_folder, 9, mqtt={"connections": 3, "watch_sys": "on"})
    async with running_gateway(settings, connected=False) as gateway:
        assert [source.options.watch_sys for source in gateway.sources] == [True, False, False]
