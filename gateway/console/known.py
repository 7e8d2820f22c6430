"""What the configuration's files say of the city, in the form in which pages need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

from gateway.config.conditions.model import ConditionModel
from gateway.config.incidents import IncidentRules
from gateway.config.profiles import Profile
from gateway.config.seed_files import SeedFiles
from gateway.console.city_plan import CityPlan
from gateway.console.feed import Feed
from gateway.console.view.places import Places, places_of

__all__ = ["Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """Of one state of the files; after a reload of the gateway there is another."""

    files: SeedFiles
    places: Places
    plan: CityPlan
    zone: ZoneInfo
    conditions: Mapping[str, ConditionModel]
    titles: Mapping[str, str]
    """Of conditions, as their file has it."""
    profiles: Mapping[str, Profile]
    rules: IncidentRules

    @classmethod
    def of(cls, files: SeedFiles, feed: Feed) -> Self:
        """`feed`: has the devices, which the map's cells are made of."""
        places = places_of(files.city)
        return cls(
            files, places, CityPlan(places, feed), ZoneInfo(files.city.timezone),
            {each.name: each for each in files.conditions}, {each.name: each.title for each in files.conditions},
            {each.name: each for each in files.profiles}, files.incidents,
        )  # fmt: skip
