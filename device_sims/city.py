"""The simulators' own reading of the seeds: which devices there are and how often they speak."""

import csv
import io
import tomllib
from dataclasses import dataclass

from device_sims.local_time import SECOND, LocalTime
from seeds import city_text, devices_text, profile_texts

__all__ = ["City", "Device", "load_city"]


@dataclass(frozen=True, slots=True)
class Device:
    """One line of devices.csv."""

    id: str
    profile: str
    key: str
    zone: str
    extra: dict[str, str]
    asset: str = ""


@dataclass(frozen=True, slots=True)
class City:
    """What the fleet needs to know."""

    timezone: str
    devices: tuple[Device, ...]
    intervals: dict[str, int]
    """Nanoseconds between two messages of a device, by profile."""

    @property
    def local(self) -> LocalTime:
        """Local time of the city."""
        return LocalTime(self.timezone)


def load_city(devices: int | None = None, *, recordings: bool = True) -> City:
    """The city with all of its devices, or `devices` of them spread evenly over the file.

    Without `recordings` those that play a recorded day are simulated too: a day of which everything is known.

    Raises:
        ValueError: more devices are wanted than there are, or none.
    """
    lines = csv.DictReader(io.StringIO(devices_text()))
    city = tomllib.loads(city_text())
    limits = {segment["id"]: f"{segment['free_flow_kmh']}" for segment in city["segments"]}
    every = [
        Device(
            id=line["id"],
            profile=line["profile"],
            key=line["keys"].split()[0],
            zone=line["zone"],
            extra={"free_flow_kmh": limits.get(line["asset"], "60")}
            | {
                name: value
                for name, value in (pair.split("=", 1) for pair in line["extra"].split())
                if recordings or name != "recording"
            },
            asset=line["asset"],
        )
        for line in lines
    ]
    wanted = len(every) if devices is None else devices
    if not 0 < wanted <= len(every):
        raise ValueError(f"the city has {len(every)} devices; {wanted} can't be simulated")
    chosen = tuple(every[place * len(every) // wanted] for place in range(wanted))
    profiles = {name: tomllib.loads(text) for name, text in profile_texts().items()}
    intervals = {name: int(profile["interval_secs"] * SECOND) for name, profile in profiles.items()}
    return City(city["city"]["timezone"], chosen, intervals)
