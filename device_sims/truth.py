"""The truth of a run: a folder of what was measured, sent and wrong, for whoever wants to check what was stored.

    run.json            seed, origin, start, speed, scenario, faults, counts, versions, whether it ended cleanly
    devices.parquet     which devices there are: profile, zone, asset
    measured-N.parquet, sent-N.parquet      see truth_rows.py; a part for each process
    troubles.parquet    what went wrong in the city, and what is expected of it
    faults.parquet      what went wrong on the way: device, fault, first and last time that it hit
    expected.json       what a gateway ought to count; see truth_expected.py

    begin --> parts, each in its own process --> finish

`begin` writes what is known before, with `ended_cleanly` false; `finish` what follows from complete parts.
"""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from device_sims.city import City
from device_sims.scenario import Scenario
from device_sims.troubles import Trouble
from device_sims.truth_expected import write_expected
from device_sims.truth_rows import TruthWriter

__all__ = ["FORMAT", "RunFolder", "RunStory", "write_troubles"]

FORMAT = 1
_TROUBLES = pa.schema([
    ("kind", pa.string()), ("device", pa.string()), ("asset", pa.string()), ("place_zone", pa.string()),
    ("start", pa.int64()), ("end", pa.int64()), ("size", pa.float64()), ("expect", pa.string()), ("at", pa.string()),
    ("zone", pa.string()), ("within", pa.int64()), ("over", pa.int64()), ("sentence", pa.string()),
    ("also", pa.list_(pa.string())),
])  # fmt: skip
"""`device`, `asset`, `place_zone`: where, one of them; `at`, `zone`: what the alarm ought to name. Times UTC ns."""


@dataclass(frozen=True, slots=True)
class RunStory:
    """What `run.json` says of a run before it begins. Times are UTC ns, the clock's three figures as everywhere."""

    seed: int
    origin: int
    start: int
    speed: float
    receipt: str
    """How a receiver's clock is known: `city` (it follows the same three figures), `recorded` (a message is received
    when it is due, and its system times are city times), `unknown` (the schedule was sent as fast as it went)."""
    faults: str = ""
    sizes: tuple[tuple[str, float], ...] = ()
    """Of the faults that have a length: name, seconds."""
    recordings: bool = True


class RunFolder:
    """The truth of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run: dict[str, Any] = {}
        self._profiles: dict[str, str] = {}
        self._sizes: dict[str, float] = {}

    def begin(self, story: RunStory, city: City, scenario: Scenario | None) -> None:
        """Make the folder.

        Raises:
            ValueError: it holds the truth of another run.
            OSError: it can't be made or written.
        """
        self.folder.mkdir(exist_ok=True)
        if (self.folder / "run.json").exists() or any(self.folder.glob("*.parquet")):
            raise ValueError(f"{self.folder} holds the truth of another run; name a new folder")
        told = asdict(story)
        self._sizes = dict(told.pop("sizes"))
        self._profiles = {device.id: device.profile for device in city.devices}
        self._run = {
            "format": FORMAT, **told, "timezone": city.timezone,
            "scenario": {"name": scenario.name, "sentence": scenario.sentence} if scenario is not None else None,
            "devices": len(city.devices), "counts": {"messages": 0, "sent": 0, "readings": 0, "resent": 0},
            "versions": _versions(), "began_at": time.time_ns(), "ended_at": None, "ended_cleanly": False,
        }  # fmt: skip
        self._write_run()
        _write_devices(self.folder / "devices.parquet", city)
        write_troubles(self.folder / "troubles.parquet", scenario.troubles if scenario is not None else ())

    def part(self, number: int = 0) -> TruthWriter:
        """A process's own part; enter it."""
        return TruthWriter(self.folder, number, self._profiles)

    def finish(self, counts: dict[str, int], *, cleanly: bool) -> None:
        """Note the end; all parts must be complete. counts: messages, sent, readings, resent."""
        self._run |= {"counts": counts, "ended_at": time.time_ns(), "ended_cleanly": cleanly}
        write_expected(self.folder, self._run, self._sizes)
        self._write_run()

    def _write_run(self) -> None:
        text = json.dumps(self._run, indent=1, ensure_ascii=False) + "\n"
        (self.folder / "run.json").write_text(text, encoding="utf-8")


def write_troubles(path: Path, troubles: Sequence[Trouble]) -> None:
    """Write what goes wrong in the city and what is expected of it; times are UTC ns."""
    rows = [
        {
            "kind": each.kind, "device": each.place.device, "asset": each.place.asset, "place_zone": each.place.zone,
            "start": each.start, "end": each.end, "size": each.size, "expect": each.expect, "at": each.at,
            "zone": each.zone, "within": each.within, "over": each.over, "sentence": each.sentence,
            "also": list(each.also),
        }
        for each in troubles
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, _TROUBLES), path, compression="zstd")


def _write_devices(path: Path, city: City) -> None:
    rows = [
        {"device": each.id, "profile": each.profile, "zone": each.zone, "asset": each.asset} for each in city.devices
    ]
    schema = pa.schema([(name, pa.string()) for name in ("device", "profile", "zone", "asset")])
    pq.write_table(pa.Table.from_pylist(rows, schema), path, compression="zstd")


def _versions() -> dict[str, str]:
    try:
        own = version("cityloom")
    except PackageNotFoundError:
        own = "not installed"
    return {"cityloom": own, "python": platform.python_version(), "pyarrow": pa.__version__}
