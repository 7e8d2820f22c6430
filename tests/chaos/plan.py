"""What a trial tries: which city, where it runs, what must hold everything, what the fault may have said."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from device_sims.testbed.options import CityOptions
from tests.chaos.places import Broker, Link, embedded

__all__ = ["HOUR", "MINUTES", "Plan"]

HOUR = CityOptions(
    scenario=str(Path(__file__).with_name("hour.toml")), speed=40.0, faults="duplicate=0.01",
    origin="2026-03-04T20:00:00+08:00",
)  # fmt: skip
"""23,000 messages of 467 devices, four troubles; a minute and a half at this speed."""
MINUTES = replace(HOUR, scenario=str(Path(__file__).with_name("minutes.toml")), speed=60.0)
"""A part of the city and two troubles, for the short form: 21 seconds."""


@dataclass(frozen=True)
class Plan:
    """What is tried."""

    fault: str
    """Its name in the report."""
    city: CityOptions = HOUR
    broker: Broker = embedded
    link: Link | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Merged over those of every trial, table by table."""
    stores: tuple[str, ...] = ("duckdb",)
    """Those that must hold everything in the end; `settings` enable others than DuckDB."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of the gateway, beside the session's."""
    data: Callable[[Path], AbstractContextManager[Any]] = nullcontext
    """Entered with the data folder before anything starts, left when all is judged: a mount, say."""
    same_alarms: bool = True
    """By event time those of an undisturbed run. False where the fault lets devices' messages overtake each other, so
    that some come late and are judged no more: then by the script's own rules only."""
    in_time: bool = True
    """Alarms are told in time, too, by the gateway's clock. False where that one was wrong."""
    alone: bool = True
    """Nobody but the city sends. Else the others' messages are counted (`Trial.others`), and of alarms and the ledger's
    terms nothing is known beforehand."""
    recorded: bool = True
    """The city is recorded first, so that it is known what is due when. False: without a fault, nobody asks."""
    drain_secs: float = 90.0
    """Real time that devices may be late at the city's end, and again that what was sent may wait."""
    errors: tuple[str, ...] = ()
    """Beginnings of what the fault may have logged at level error; anything else there fails the trial."""
