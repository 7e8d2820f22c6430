"""Which city a test wants: the arguments of the marker `cityloom` and of `cityloom_city_factory`."""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from device_sims.testbed.errors import CityError

__all__ = ["CityOptions"]

_MORNING = "2026-03-04T08:00:00+08:00"
"""A Wednesday: values depend on the origin, so it is the same in every run."""


@dataclass(frozen=True, slots=True)
class CityOptions:
    """A run of the simulated city; the same options give the same devices, values and times."""

    devices: int | None = 50
    """The first so many of a sequence without end; None: all of the built-in city."""
    scenario: str = ""
    """What goes wrong in the city: a built-in script such as burst-main, or a file; needs the devices that it names."""
    speed: float = 60.0
    """City seconds a real second."""
    seed: int = 1
    faults: str = ""
    """What goes wrong on the way, such as duplicate=0.02,late=0.05:90."""
    for_secs: float | None = None
    """Real seconds that the devices send for. None: until the scenario is over; without one, until asked to end."""
    origin: str = ""
    """City time of the beginning, RFC 3339 with an offset. Empty: the scenario's, or a Wednesday at eight."""
    recordings: bool = False
    """Some devices play recorded days, of which nobody knows every trouble."""

    @classmethod
    def of(cls, given: dict[str, Any]) -> Self:
        """From keywords.

        Raises:
            CityError: there is no such option, or its value makes no sense.
        """
        names = [each.name for each in fields(cls)]
        if unknown := given.keys() - set(names):
            raise CityError(f"a city has no option {min(unknown)!r}; there are {', '.join(names)}")
        made = cls(**given)
        for name in ("devices", "speed", "for_secs"):
            value = getattr(made, name)
            if value is not None and not value > 0:
                raise CityError(f"{name} must be above 0, not {value!r}")
        return made

    def extent(self) -> tuple[int, float | None]:
        """City time of the beginning (UTC ns), and how many real seconds it lasts (None: without an end).

        Raises:
            CityError: the origin is no time with an offset, or there is no such scenario.
        """
        try:
            begin = datetime.fromisoformat(self.origin or _MORNING)
        except ValueError as error:
            raise CityError(f"origin: {error}") from error
        if begin.tzinfo is None:
            raise CityError(f"origin {self.origin!r} needs an offset such as +08:00 or Z")
        origin = round(begin.timestamp()) * 1_000_000_000
        if not self.scenario:
            return origin, self.for_secs
        # a test session that has no city imports none of this
        from device_sims.city import load_city  # noqa: PLC0415
        from device_sims.scenario import load_scenario  # noqa: PLC0415

        try:
            city = load_city(self.devices, recordings=self.recordings)
            span = load_scenario(self.scenario, city, origin).extent
        except (ValueError, OSError) as error:
            raise CityError(f"scenario {self.scenario}: {error}") from error
        if not self.origin:
            midnight = datetime.fromisoformat(_MORNING).replace(hour=0)
            origin = round((midnight + span.start).timestamp()) * 1_000_000_000
        return origin, self.for_secs or span.hours * 3600 / self.speed

    @property
    def script(self) -> str:
        """The scenario's name, or the file's whole path: processes of the city work elsewhere."""
        return str(Path(self.scenario).absolute()) if self.scenario.endswith(".toml") else self.scenario
