"""What an engine holds of each series, with everything that judges it: a million fit into 2 GB with the rest."""

import tracemalloc

import msgspec

from gateway.config.content import EngineContent
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind

T0 = 1_772_409_600_000_000_000
DEVICES = 4_000
A_CALL = 500
MOST_BYTES = 1_900


def _content() -> EngineContent:
    settings = load_settings(None)
    built = load_seed_files(settings).content(settings)
    options = msgspec.structs.replace(built.options, max_devices=10 * DEVICES)
    return EngineContent.build(
        built.profiles, built.devices, built.zones, built.timezone, options, conditions=built.conditions,
        assets=built.assets,
    )  # fmt: skip


def test_a_series_takes_less_than_two_kilobytes() -> None:
    content, engine = _content(), ZoneEngine()
    engine.step([Row(T0, RowKind.CONFIG, 0, 0, content.digest, content.encode())], T0, live=False)
    before = len(engine.registry.series)
    tracemalloc.start()
    try:
        for first in range(0, DEVICES, A_CALL):
            rows = [
                Row(
                    T0 + 1 + k, RowKind.MESSAGE, 0, QOS1, f"city/tianhe/traffic/loop/met-{k:05d}/reading",
                    b'{"ts":%d,"speed":45.5,"flow":20,"occ":0.12}' % (T0 // 1_000_000),
                )
                for k in range(first, first + A_CALL)
            ]  # fmt: skip
            engine.step(rows, T0 + first + A_CALL, live=True)
        del rows
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    series = len(engine.registry.series) - before
    assert series == 3 * DEVICES
    assert held / series < MOST_BYTES
