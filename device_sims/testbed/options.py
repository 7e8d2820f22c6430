"""Which city a test wants: the arguments of the marker `cityloom` and of `cityloom_city_factory`."""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from device_sims.testbed.errors import CityError

__all__ = ["CityOptions", "Times"]

_MORNING = "2026-03-04T08:00:00+08:00"
"""A Wednesday: values depend on the origin, so it is the same in every run."""
_DEVICES = 50
_NS = 1_000_000_000
_DAY = 86_400 * _NS


class Times(NamedTuple):
    """City time, UTC ns; `end` is None where the devices go on until they are asked to end."""

    origin: int
    end: int | None


@dataclass(frozen=True, slots=True)
class CityOptions:
    """A run of the simulated city; the same options give the same devices, values and times."""

    devices: int | None = None
    """The first so many of a sequence without end. None: 50; of a scenario, all of its part of the city."""
    scenario: str = ""
    """What goes wrong in the city: a built-in script such as burst-main, or a file."""
    speed: float = 60.0
    """City seconds a real second."""
    seed: int = 1
    faults: str = ""
    """What goes wrong on the way, such as duplicate=0.02,late=0.05:90."""
    for_secs: float | None = None
    """Real seconds that the devices send for. None: until the scenario is over; without one, until asked to end."""
    origin: str = ""
    """City time of the beginning, RFC 3339 with an offset. Empty: the scenario's, or eight o'clock, of a Wednesday."""
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

    @property
    def count(self) -> int | None:
        """How many devices; None: all of the scenario's part."""
        return self.devices if self.devices is not None or self.scenario else _DEVICES

    def times(self) -> Times:
        """When the run begins and ends, in the city's time.

        Raises:
            CityError: the origin is no time with an offset, or the scenario can't be played.
        """
        try:
            begin = datetime.fromisoformat(self.origin or _MORNING)
        except ValueError as error:
            raise CityError(f"origin: {error}") from error
        if begin.tzinfo is None:
            raise CityError(f"origin {self.origin!r} needs an offset such as +08:00 or Z")
        origin, end = round(begin.timestamp()) * _NS, None
        if self.scenario:
            script_begin, end = self._script_times(origin)
            origin = origin if self.origin else script_begin
        if self.for_secs is not None:
            end = origin + round(self.for_secs * self.speed * _NS)
        return Times(origin, end)

    def _script_times(self, origin: int) -> tuple[int, int]:
        """Of the scenario on its day: the origin's where one is given, else always the same working day."""
        # a test session that has no city imports none of this
        from device_sims.city.devices import load_city  # noqa: PLC0415
        from device_sims.scenarios.scenario import load_scenario  # noqa: PLC0415

        try:
            city = load_city(self.count, recordings=self.recordings)
            extent = load_scenario(self.script, city, origin).extent
        except (ValueError, OSError) as error:
            raise CityError(f"scenario {self.scenario}: {error}") from error
        begin, end = extent.times(city, origin + _DAY)
        return begin, end if not self.origin else origin + (end - begin)

    @property
    def script(self) -> str:
        """The scenario's name, or the file's whole path: processes of the city work elsewhere."""
        return str(Path(self.scenario).absolute()) if self.scenario.endswith(".toml") else self.scenario
