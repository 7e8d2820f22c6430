"""A city many times over: the built-in one's zones, assets and devices copied until there are series enough.

Each copy has zones and assets of its own, so that conditions judge as many places; its devices say what those of the
simulated city say, at the same moments, under names of their own.
"""

from collections.abc import Iterator

import msgspec

from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Fleet
from gateway.config.content import AssetFacts, Device, EngineContent
from gateway.rows import QOS1, Row, RowKind

__all__ = ["ManyCities"]


class ManyCities:
    """`copies` of the devices of `content` that the topic names; those that only their payload names are left out."""

    def __init__(self, content: EngineContent, copies: int, seed: int, origin: int) -> None:
        self.copies = copies
        named = [name for name, profile in content.profiles.items() if "topic" in profile.get("identity", {})]
        self._base = [device for device in content.devices if device.profile in named]
        self._speakers = {device.id: device.keys[0] for device in self._base}
        self.content = self._copied(content)
        self._fleet = Fleet(load_city(), seed, origin)

    def _copied(self, content: EngineContent) -> EngineContent:
        devices: list[Device] = []
        assets: list[AssetFacts] = []
        zones: list[str] = []
        for n in range(self.copies):
            mark = f"-{n}"
            zones += [zone + mark for zone in content.zones]
            for each in content.assets:
                neighbours = tuple(asset + mark for asset in each.next)
                moved = {"id": each.id + mark, "zone": each.zone + mark, "next": neighbours}
                assets.append(msgspec.structs.replace(each, **moved))
            devices += [
                msgspec.structs.replace(
                    each, id=each.id + mark, keys=(each.keys[0] + mark,), zone=each.zone + mark,
                    asset=each.asset + mark if each.asset else "",
                )
                for each in self._base
            ]  # fmt: skip
        options = msgspec.structs.replace(content.options, max_devices=len(devices) + 1)
        return EngineContent.build(
            content.profiles, devices, zones, content.timezone, options, conditions=content.conditions, assets=assets
        )

    def rows(self) -> Iterator[Row]:
        """What they say, without end, in order of receipt; a nanosecond apart where all say it at once."""
        at = 0
        for message in self._fleet.messages():
            key = self._speakers.get(message.device)
            if key is None:
                continue
            head, tail = message.topic.split(key, 1)
            for n in range(self.copies):
                at = max(message.due, at + 1)
                yield Row(at, RowKind.MESSAGE, 0, QOS1, f"{head}{key}-{n}{tail}", message.payload)
