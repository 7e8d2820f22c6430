"""Records of devices over time: each change once, whatever is said again."""

from pathlib import Path

import msgspec

from gateway.engine.results import DeviceRecord
from gateway.stores.records import RecordsConfig, RecordsStore
from gateway.stores.records_tables import add_devices
from tests.support.blocks import Journal

FIRST = DeviceRecord("d1", "loop", "tianhe", ("k1",), None, None, "", "road-1", "pending", 5)
MOVED = msgspec.structs.replace(FIRST, zone="panyu", state="known", since=9)
OTHER = msgspec.structs.replace(MOVED, keys=("k2",), since=12)


async def _store(path: Path) -> tuple[RecordsStore, Journal]:
    store = RecordsStore(RecordsConfig(path / "records.db"))
    await store.open()
    return store, Journal()


async def test_each_record_is_kept_and_one_that_is_said_again_is_not(tmp_path: Path) -> None:
    store, journal = await _store(tmp_path)
    for record in (FIRST, FIRST, MOVED, msgspec.structs.replace(MOVED, since=11), OTHER):
        await store.write(journal.block(store, devices=[record]))
    assert await store.device_history("d1") == [FIRST, MOVED, OTHER]
    assert await store.device_history("d2") == []
    assert await store.devices() == [OTHER]
    await store.close()


async def test_what_a_version_before_had_noted_comes_first(tmp_path: Path) -> None:
    store, journal = await _store(tmp_path)
    await store.transact(lambda db: add_devices(db, [FIRST]))
    await store.write(journal.block(store, devices=[MOVED]))
    assert await store.device_history("d1") == [FIRST, MOVED]
    await store.close()


async def test_of_very_many_changes_the_newest_stay(tmp_path: Path) -> None:
    store, journal = await _store(tmp_path)
    records = [msgspec.structs.replace(FIRST, asset=f"road-{k}", since=k) for k in range(150)]
    for record in records:
        await store.write(journal.block(store, devices=[record]))
    assert await store.device_history("d1") == records[-100:]
    await store.close()
