"""Lists of very many devices: in order, by pages, and with turns for others between."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gateway.config.devices import COLUMNS, calibrated_days
from gateway.engine.registry import DEVICE_TERMS
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.runtime import device_desk
from gateway.runtime.device_desk import DeviceDesk
from gateway.runtime.office import Office

MANY = 10_000


class _Desk(DeviceDesk):
    def __init__(self, office: Office) -> None:
        self._office = office


@pytest.fixture(scope="module")
def desk() -> DeviceDesk:
    """Met in no order; every fifth in zone `b`."""
    records = [
        DeviceRecord(
            f"d-{k * 7919 % MANY:05d}", "loop", "b" if k % 5 == 0 else "a", (), None, None, "", f"s{k % 3}", "", 0
        )
        for k in range(MANY)
    ]  # fmt: skip
    numbers = {record.id: k for k, record in enumerate(records)}
    registry = SimpleNamespace(
        records=records, by_id=lambda device: numbers.get(device, -1), offset=np.full(MANY, 3), heard=np.arange(MANY),
        newest=np.arange(MANY), offline=np.zeros(MANY, np.int64), counts=np.zeros((MANY, len(DEVICE_TERMS)), np.int64),
    )  # fmt: skip

    async def engines() -> Any:
        return SimpleNamespace(zone=SimpleNamespace(registry=registry))

    return _Desk(cast(Office, SimpleNamespace(engines=engines)))


async def test_they_come_by_id_and_pages_have_each_once(desk: DeviceDesk) -> None:
    whole = await desk.devices(limit=MANY)
    assert [row["id"] for row in whole] == [f"d-{k:05d}" for k in range(MANY)]
    assert all(row["heard"] == row["newest"] for row in whole)
    pages, after = [], ""
    while page := await desk.devices(after=after, limit=1_300):
        pages += page
        after = page[-1]["id"]
    assert pages == whole
    some = await desk.devices(zones=("b",), asset="s1", limit=MANY)
    assert some == [row for row in whole if row["zone"] == "b" and row["asset"] == "s1"]
    assert len(some) > 600
    assert await desk.device_records([*(row["id"] for row in some), "nobody"]) == some


async def test_calibrations_are_read_once_and_again_when_the_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = tmp_path / "devices.csv", list[str]()

    def counted(text: str, name: str) -> dict[str, str]:
        read.append(name)
        return calibrated_days(text, name)

    monkeypatch.setattr(device_desk, "calibrated_days", counted)
    desk = _Desk(cast(Office, SimpleNamespace(settings=SimpleNamespace(devices_file=file))))

    def calibrated(line: str) -> dict[str, str]:
        file.write_text(f"{','.join(COLUMNS)}\n{line}\n", encoding="utf-8")
        return desk._calibrated()

    assert desk._calibrated() == {}
    assert calibrated("a,p,a,z,,,,,calibrated=2025-11-03") == {"a": "2025-11-03"}
    assert desk._calibrated() == {"a": "2025-11-03"}
    assert len(read) == 1
    assert calibrated("a,p,a,z,,,,,calibrated=2025-11-03 lanes=4") == {"a": "2025-11-03"}
    assert calibrated("a,p,a,z,,,,,calibrated=soon, so to speak") == {}
    assert len(read) == 3


async def test_others_have_their_turn_meanwhile(desk: DeviceDesk) -> None:
    """No clock: what counts is how often the loop comes round."""
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    await desk.devices(limit=MANY)
    beating.cancel()
    assert turns >= 50


async def test_of_more_series_than_may_be_asked_for_one_more_tells_so(desk: DeviceDesk) -> None:
    """Whoever chooses series asks for one more than they take, and else took some for all."""
    names = [SeriesName(k, f"d-{k:05d}", "speed", "loop", "km/h") for k in range(MANY + 5)]
    office = SimpleNamespace(engines=desk._office.engines, outbox=SimpleNamespace(series_names=lambda _: names))
    found = await _Desk(cast(Office, office)).series_page(quantity="speed", limit=MANY + 1)
    assert [each["device"] for each in found] == [name.device for name in names[: MANY + 1]]
