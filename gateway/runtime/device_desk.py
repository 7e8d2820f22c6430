"""The devices' part of the desk: which there are, how each is doing, and its record on the time and the place axis.

registry (record, counts, clock, last heard) + devices.csv (installed) + alarms about it ---> one device's record
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import seeds
from gateway.config.devices import calibrated_days
from gateway.config.profiles import Profile, load_profiles
from gateway.config.units import conversion
from gateway.engine.registry import DEVICE_TERMS, Registry
from gateway.errors import ConfigError, Missing
from gateway.runtime.office import Office
from gateway.stores.alarm_tables import AlarmFilter

__all__ = ["DEVICE_METHODS", "DeviceDesk"]

DEVICE_METHODS = frozenset({"clock", "devices", "device", "device_records", "conditions", "profiles", "series_page"})
_MOST = 10_000
_MOST_CHANGES = 500
_LOOKED_AT, _ROWS = 1_000, 200
"""Devices, and rows of them, a turn of the event loop: a millisecond each."""
_UNKNOWN = np.iinfo(np.int64).min


class DeviceDesk:
    """Made by Desk."""

    _office: Office

    async def devices(
        self, pattern: str = "", zone: str = "", profile: str = "", asset: str = "", cell: str = "", state: str = "",
        after: str = "", limit: int = 1_000, zones: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Devices by id, beginning behind `after`: record, when last heard (UTC ns; 0: never), clock offset (ns; null:
        not known), whether it is offline by its own word (UTC ns; 0: no), and what was counted of it.

        `pattern` is a part of the id; the other arguments narrow where they are given.
        """
        registry = (await self._office.engines()).zone.registry
        wanted = {"zone": zone, "profile": profile, "asset": asset, "cell": cell, "state": state}
        wanted = {name: value for name, value in wanted.items() if value}
        records, most = registry.records, max(1, min(limit, _MOST))
        found: list[tuple[str, int]] = []
        for first in range(0, len(records), _LOOKED_AT):
            some = [
                (record.id, first + place) for place, record in enumerate(records[first : first + _LOOKED_AT])
                if record.id > after and pattern in record.id
                and (not zones or record.zone in zones)
                and all(getattr(record, name) == value for name, value in wanted.items())
            ]  # fmt: skip
            if some:
                found = sorted([*found, *sorted(some)])[:most]
            await asyncio.sleep(0)
        return await _rows(registry, [index for _, index in found])

    async def clock(self) -> dict[str, Any]:
        """What time it is in the city: UTC ns, and how many of its seconds a real one has."""
        return {"now": self._office.clock.now(), "speed": self._office.clock.speed}

    async def device_records(self, devices: Sequence[str]) -> list[dict[str, Any]]:
        """As in `devices`, of those that are named; who is not known is left out."""
        registry = (await self._office.engines()).zone.registry
        found = (registry.by_id(device) for device in devices[:_MOST])
        return await _rows(registry, [index for index in found if index >= 0])

    async def device(self, device: str) -> dict[str, Any]:
        """One device: as in `devices`, its series, when it was installed and last calibrated, what its profile says of
        its interval, the records that it has had, and what happened to it: changes of alarms about it, the newest
        first (among them its silences).

        Raises:
            CommandError: there is no such device.
        """
        engines, content = await self._office.engines(), await self._office.content()
        registry = engines.zone.registry
        index = registry.by_id(device)
        if index < 0:
            raise Missing(f"No device {device!r} is known.", "The list of devices tells which there are.", 1)
        record = registry.records[index]
        listed = next((each for each in content.devices if each.id == device), None)
        series = [registry.series[number] for number in registry.series_of_device(index).tolist()]
        changes = await self._office.records.alarm_history(AlarmFilter(asset=device, limit=_MOST_CHANGES))
        return {
            **_row(registry, index),
            "installed": None if listed is None or not listed.installed else listed.installed,
            "calibrated": (await asyncio.to_thread(self._calibrated)).get(device),
            "interval_secs": content.profiles.get(record.profile, {}).get("interval_secs"),
            "series": [{"quantity": name.quantity, "unit": name.unit, "profile": name.profile} for name in series],
            "records": [msgspec.structs.asdict(each) for each in await self._office.records.device_history(device)],
            "history": [msgspec.structs.asdict(change) for change in changes],
        }

    async def series_page(
        self, pattern: str = "", zones: Sequence[str] = (), devices: Sequence[str] = (), profile: str = "",
        quantity: str = "", after: Sequence[str] = (), limit: int = 1_000,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Series by device and quantity, behind the pair `after`, with zone, asset and cell of the device.

        `pattern` is a part of a device's, a quantity's or a profile's name. Of 10,000 that are taken at once one more
        tells that there are more.
        """
        registry = (await self._office.engines()).zone.registry
        return await asyncio.to_thread(
            self._series_page, registry, pattern, zones, devices, profile, quantity, after, limit
        )

    def _series_page(
        self, registry: Registry, pattern: str, zones: Sequence[str], devices: Sequence[str], profile: str,
        quantity: str, after: Sequence[str], limit: int,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """On a thread: a city has tens of thousands."""
        names = self._office.outbox.series_names(0)
        wanted, last = frozenset(devices), tuple(after)
        found = []
        for name in names:
            if (profile and name.profile != profile) or (quantity and name.quantity != quantity):
                continue
            if (wanted and name.device not in wanted) or (last and (name.device, name.quantity) <= last):
                continue
            if pattern and not (pattern in name.device or pattern in name.quantity or pattern in name.profile):
                continue
            index = registry.by_id(name.device)
            record = registry.records[index] if index >= 0 else None
            if not zones or (record is not None and record.zone in zones):
                place = {each: "" if record is None else getattr(record, each) for each in ("zone", "asset", "cell")}
                found.append({
                    "device": name.device, "quantity": name.quantity, "profile": name.profile, "unit": name.unit,
                    **place,
                })  # fmt: skip
        found.sort(key=lambda each: (each["device"], each["quantity"]))
        return found[: max(1, min(limit, _MOST + 1))]

    async def profiles(self) -> list[dict[str, Any]]:
        """What kinds of devices there are: of each its interval and its quantities in canonical units, by name."""
        content = await self._office.content()
        return [_profile(each) for each in await asyncio.to_thread(load_profiles, content.profiles)]

    def _calibrated(self) -> dict[str, str]:
        """Day of the last calibration, of devices whose line says one; what can't be read says none."""
        file = self._office.settings.devices_file
        try:
            if file is None:
                return calibrated_days(seeds.devices_text(), "built-in devices.csv")
            seen = file.stat()
            return _calibrated(file, seen.st_mtime_ns, seen.st_size)
        except (OSError, UnicodeDecodeError, ConfigError):
            return {}

    async def conditions(self) -> list[dict[str, Any]]:
        """What is judged, and when it is an alarm: every condition with its thresholds, in the order of its file."""
        return [_plain(condition) for condition in (await self._office.content()).conditions]


@lru_cache(maxsize=1)
def _calibrated(file: Path, modified: int, size: int) -> dict[str, str]:
    """Read again when the file is another one: of 100,000 devices that takes 0.3 s, and a page asks of each."""
    return calibrated_days(file.read_text(encoding="utf-8"), str(file))


async def _rows(registry: Registry, indices: Sequence[int]) -> list[dict[str, Any]]:
    """Some at a time: what acknowledges messages has its turn between them."""
    rows: list[dict[str, Any]] = []
    for first in range(0, len(indices), _ROWS):
        rows += [_row(registry, index) for index in indices[first : first + _ROWS]]
        await asyncio.sleep(0)
    return rows


def _row(registry: Registry, index: int) -> dict[str, Any]:
    offset = int(registry.offset[index])
    return {
        **msgspec.structs.asdict(registry.records[index]),
        "heard": int(registry.heard[index]), "newest": int(registry.newest[index]),
        "offset": None if offset == _UNKNOWN else offset, "offline": int(registry.offline[index]),
        "counts": dict(zip(DEVICE_TERMS, registry.counts[index].tolist(), strict=True)),
    }  # fmt: skip


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name, "description": profile.description, "codec": profile.codec,
        "topics": list(profile.topic_texts), "interval_secs": profile.interval_secs,
        "quantities": [
            {"quantity": name, "unit": conversion(spec.unit, senml=profile.is_senml).canonical if spec.unit else ""}
            for name, spec in profile.fields.items()
        ],
    }  # fmt: skip


def _plain(condition: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(condition)
    return found
