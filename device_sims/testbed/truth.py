"""What the devices of a city under a test measured and sent, for a test to compare with."""

import json
from pathlib import Path
from typing import Any

from device_sims.testbed.errors import CityError

__all__ = ["CityTruth"]


class CityTruth:
    """The folder of truth that `device_sims` writes: its README says what is in which file.

    Tables are pyarrow's, times UTC ns, values in canonical units. Readings are there once the devices have ended.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def run(self) -> dict[str, Any]:
        """The run's story: seed, origin, speed, counts, whether it ended cleanly."""
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        return found

    def devices(self) -> Any:
        """Device, profile, zone, asset."""
        return _table([self.folder / "devices.parquet"])

    def troubles(self) -> Any:
        """What goes wrong in the city, and which alarm is expected of it."""
        return _table([self.folder / "troubles.parquet"])

    def sent(self) -> Any:
        """A row a reading as it was published: device, topic, quantity, ts, value, fault, due, ...

        Raises:
            CityError: the devices still send.
        """
        return self._parts("sent")

    def measured(self) -> Any:
        """A row a reading as it was measured.

        Raises:
            CityError: the devices still send.
        """
        return self._parts("measured")

    def _parts(self, name: str) -> Any:
        if not self.run["ended_at"]:
            raise CityError("The devices still send: call wait_until_stored() or stop() first.")
        return _table(sorted(self.folder.glob(f"{name}-*.parquet")))


def _table(parts: list[Path]) -> Any:
    # a test session that has no city imports none of this
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pa.concat_tables([pq.read_table(part) for part in parts])
