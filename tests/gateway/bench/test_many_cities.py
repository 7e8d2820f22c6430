"""The city many times over: the same sayings under other names, in zones of their own."""

from itertools import islice

from gateway.bench.many_cities import ManyCities
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row, RowKind

ORIGIN = 1_772_409_600_000_000_000


def test_each_copy_says_the_same_and_is_somebody_else() -> None:
    settings = load_settings(None)
    city = ManyCities(load_seed_files(settings).content(settings), 3, 0, ORIGIN)

    rows = list(islice(city.rows(), 300))

    assert [row.received_at for row in rows] == sorted({row.received_at for row in rows})
    for first, second, third in zip(*[iter(rows)] * 3, strict=True):
        assert first.payload == second.payload == third.payload
        assert len({first.topic, second.topic, third.topic}) == 3
    zones = {device.zone for device in city.content.devices}
    assert zones <= set(city.content.zones)
    places = {asset.id: asset.zone for asset in city.content.assets}
    assert all(asset in places for each in city.content.assets for asset in each.next)
    assert all(places[device.asset] == device.zone for device in city.content.devices if device.asset in places)


def test_the_engine_knows_every_device_that_speaks() -> None:
    settings = load_settings(None)
    city = ManyCities(load_seed_files(settings).content(settings), 2, 0, ORIGIN)
    engine = ZoneEngine()
    engine.step([Row(ORIGIN, RowKind.CONFIG, 0, 0, city.content.digest, city.content.encode())], ORIGIN, live=False)

    result = engine.step(list(islice(city.rows(), 2000)), ORIGIN + 600_000_000_000, live=True)

    assert result.rejects == []
    assert len(result.readings) > 2000
    assert len(engine.registry) == len(city.content.devices)
