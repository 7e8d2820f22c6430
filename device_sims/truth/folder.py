"""The truth of a run: a folder of what was measured, sent and wrong, for whoever wants to check what was stored.

    run.json            seed, origin, start, speed, scenario, faults, counts, versions, whether it ended cleanly
    devices.parquet     which devices there are: profile, zone, asset
    measured-N.parquet, sent-N.parquet      see rows.py; a part for each process
    troubles.parquet    what went wrong in the city, and what is expected of it
    faults.parquet      what went wrong on the way: device, fault, first and last time that it hit
    expected.json       what a gateway ought to count; see expected.py

    begin --> part --> finish        in each of the processes that share a city; the last one to finish sums up

`begin` writes what is known before, with `ended_cleanly` false. Until it is true nothing is to be concluded from it.
"""

import json
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from device_sims.city.devices import City
from device_sims.faults import FaultSpan
from device_sims.scenarios.scenario import Scenario
from device_sims.troubles.trouble import Trouble
from device_sims.truth.expected import write_expected
from device_sims.truth.rows import TruthWriter

__all__ = ["FORMAT", "RunFolder", "RunStory", "write_troubles"]

FORMAT = 2
_COUNTS = ("messages", "sent", "readings", "resent")
_TROUBLES = pa.schema([
    ("kind", pa.string()), ("device", pa.string()), ("asset", pa.string()), ("place_zone", pa.string()),
    ("start", pa.int64()), ("end", pa.int64()), ("size", pa.float64()), ("expect", pa.string()), ("at", pa.string()),
    ("zone", pa.string()), ("within", pa.int64()), ("over", pa.int64()), ("sentence", pa.string()),
    ("also", pa.list_(pa.string())), ("zones", pa.list_(pa.string())),
])  # fmt: skip
"""`device`, `asset`, `place_zone`: where, one of them; `at`, `zone`: what the alarm ought to name. Times UTC ns."""


_SPANS = pa.schema([
    ("device", pa.string()), ("fault", pa.string()), ("start", pa.int64()), ("end", pa.int64()),
    ("size", pa.float64()),
])  # fmt: skip
"""Of the faults that last: [start, end) in UTC ns, size as `faults/catalogue.py` has it."""


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
    recordings: bool = True
    processes: int = 1
    """How many share the city."""


class RunFolder:
    """The truth of one run, as one of its processes sees it."""

    part: TruthWriter
    """What this process writes, from `begin` on."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        self.folder = folder
        self._number = number
        self._run: dict[str, Any] = {}

    def begin(self, story: RunStory, city: City, scenario: Scenario | None) -> None:
        """Make the folder.

        Raises:
            ValueError: it holds the truth of another run.
            OSError: it can't be made or written.
        """
        self.folder.mkdir(exist_ok=True)
        self._run = {
            "format": FORMAT, **asdict(story), "timezone": city.timezone,
            "scenario": {"name": scenario.name, "sentence": scenario.sentence} if scenario is not None else None,
            "devices": len(city.devices), "counts": dict.fromkeys(_COUNTS, 0), "versions": _versions(),
            "began_at": time.time_ns(), "ended_at": None, "ended_cleanly": False,
        }  # fmt: skip
        try:
            with (self.folder / "run.json").open("x", encoding="utf-8") as file:
                file.write(_json(self._run))
        except FileExistsError:
            self._join(story)
        else:
            _write_devices(self.folder / "devices.parquet", city)
            write_troubles(self.folder / "troubles.parquet", scenario.troubles if scenario is not None else ())
        self.part = TruthWriter(self.folder, self._number)

    def _join(self, story: RunStory) -> None:
        """Go on only where another process of the very same run has begun."""
        try:
            found = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
            same = all(found.get(name) == value for name, value in asdict(story).items()) and not found["ended_at"]
        except (json.JSONDecodeError, KeyError, AttributeError):  # it is being written, or it is no run's
            same = story.processes > 1
        if not same or (self.folder / f"sent-{self._number}.parquet").exists():
            raise ValueError(f"{self.folder} holds the truth of another run; name a new folder")

    def finish(
        self, counts: dict[str, int], spans: Iterable[FaultSpan], *, cleanly: bool,
        sessions: dict[str, list[int]] | None = None,
    ) -> None:  # fmt: skip
        """Note the end of this process's part; sum up if it is the last one.

        Args:
            counts: see `_COUNTS`.
            spans: when which fault was on.
            cleanly: everything was sent.
            sessions: of edge nodes, which one process runs: what a receiver ought to count of them, [least, most].
        """
        self.part.close()
        _write_spans(self.folder / f"spans-{self._number}.parquet", spans)
        mine = self.folder / f"ended-{self._number}.json"
        _replace(mine, {"counts": counts, "cleanly": cleanly})
        ended = sorted(self.folder.glob("ended-*.json"))
        if len(ended) < self._run["processes"]:
            return
        parts = [json.loads(each.read_text(encoding="utf-8")) for each in ended]
        self._run |= {
            "counts": {name: sum(part["counts"][name] for part in parts) for name in _COUNTS},
            "ended_at": time.time_ns(), "ended_cleanly": all(part["cleanly"] for part in parts),
        }  # fmt: skip
        if sessions is not None:
            self._run["sessions"] = sessions
        write_expected(self.folder, self._run)
        _replace(self.folder / "run.json", self._run)
        for each in (*ended, *self.folder.glob("spans-*.parquet")):
            each.unlink(missing_ok=True)


def _replace(path: Path, content: dict[str, Any]) -> None:
    """All of it or nothing: another process may look."""
    fresh = path.with_suffix(".new")
    fresh.write_text(_json(content), encoding="utf-8")
    fresh.replace(path)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_troubles(path: Path, troubles: Sequence[Trouble]) -> None:
    """Write what goes wrong in the city and what is expected of it; times are UTC ns."""
    rows = [
        {
            "kind": each.kind, "device": each.place.device, "asset": each.place.asset, "place_zone": each.place.zone,
            "start": each.start, "end": each.end, "size": each.size, "expect": each.expect, "at": each.at,
            "zone": each.zone, "within": each.within, "over": each.over, "sentence": each.sentence,
            "also": list(each.also), "zones": list(each.zones),
        }
        for each in troubles
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, _TROUBLES), path, compression="zstd")


def _write_spans(path: Path, spans: Iterable[FaultSpan]) -> None:
    rows = [span._asdict() for span in spans]
    pq.write_table(pa.Table.from_pylist(rows, _SPANS), path, compression="zstd")


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
