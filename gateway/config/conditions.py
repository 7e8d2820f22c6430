"""What is judged: conditions.toml as frozen models. seeds/README.md describes the format.

`parse_conditions` is pure: text in, models out, or ConfigErrors with everything that is wrong.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from gateway.config.city import City
from gateway.config.problems import problems_of
from gateway.config.profiles import Profile
from gateway.errors import ConfigError, ConfigErrors

__all__ = [
    "BurstCondition", "Condition", "CongestionCondition", "SilenceCondition", "StepsCondition", "Where",
    "built_in_conditions", "load_conditions", "parse_conditions",
]  # fmt: skip

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Secs = Annotated[float, Field(ge=0, le=7 * 86_400)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Steps = tuple[Annotated[float, Field(allow_inf_nan=False)], ...]
Window = Literal[60, 600, 900, 3600]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Condition(_Table):
    name: Name
    """domain.what, in lower case with hyphens."""
    title: Annotated[str, Field(min_length=1, max_length=80)]
    priorities: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1, max_length=5)]
    """One a level, 1 critical to 4 low; the last one goes for all above."""
    on_delay_secs: Secs = 0.0
    off_delay_secs: Secs = 0.0
    latching: bool = False

    @property
    def domain(self) -> str:
        """traffic, grid, water, gas, drainage, device."""
        return self.name.partition(".")[0]


class Where(_Table):
    """Other steps somewhere."""

    zone: str | None = None
    asset: str | None = None
    device: str | None = None
    high: Steps | None = None
    low: Steps | None = None

    @model_validator(mode="after")
    def _placed(self) -> "Where":
        if (self.zone is None) + (self.asset is None) + (self.device is None) != 2:
            raise ValueError("needs one of zone, asset and device")
        if self.high is None and self.low is None:
            raise ValueError("needs high or low: the steps that go there")
        return self


class StepsCondition(_Condition):
    """Readings, or means of windows, against steps."""

    kind: Literal["steps"]
    profile: str
    quantity: str | tuple[str, ...]
    window_secs: Window | None = None
    """The mean of so long; absent: every reading."""
    high: Steps = ()
    """Ascending; a level is reached at its step or above it."""
    low: Steps = ()
    """Descending; reached at its step or below it."""
    deadband: NotNegative = 0.0
    where: tuple[Where, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """Each is judged for itself; the worst one counts."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity

    @model_validator(mode="after")
    def _ordered(self) -> "StepsCondition":
        if not self.high and not self.low:
            raise ValueError("needs high or low: the steps that make levels")
        for high, low in [(self.high, self.low), *((where.high or (), where.low or ()) for where in self.where)]:
            if list(high) != sorted(high):
                raise ValueError("high must ascend")
            if list(low) != sorted(low, reverse=True):
                raise ValueError("low must descend")
        return self


class CongestionCondition(_Condition):
    """Speed of a road segment against its learned free flow."""

    kind: Literal["congestion"]
    profile: str
    quantity: str
    window_secs: Window | None = None
    """The mean of so long; absent: every reading, which is a mean already."""
    delay: Steps = (0.5, 0.6, 0.7)
    """Delay time proportions, ascending."""
    deadband: NotNegative = 0.05
    least: Annotated[int, Field(ge=1, le=100_000)] = 144
    half_life_days: Positive = 15.0


class BurstCondition(_Condition):
    """A step of an area's inflow together with a fall of its pressure."""

    kind: Literal["burst"]
    flow_profile: str
    flow: str
    pressure_profile: str
    pressure: str
    window_secs: Window
    size: Annotated[int, Field(ge=4, le=96)] = 12
    within_secs: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    times: Positive = 6.0
    least_flow: Positive = 20.0
    least_pressure: Positive = 25.0


class SilenceCondition(_Condition):
    """A device of which nothing comes."""

    kind: Literal["silence"]
    intervals: Annotated[float, Field(gt=1, le=1000)] = 5.0
    least_secs: Annotated[float, Field(ge=1, le=7 * 86_400)] = 300.0


Condition = Annotated[
    StepsCondition | CongestionCondition | BurstCondition | SilenceCondition, Field(discriminator="kind")
]
_ADAPTER: TypeAdapter[tuple[Condition, ...]] = TypeAdapter(tuple[Condition, ...])


class _File(_Table):
    schema_: Annotated[Literal[1], Field(alias="schema")]
    conditions: tuple[Condition, ...] = ()


def load_conditions(tables: Sequence[dict[str, Any]]) -> tuple[Condition, ...]:
    """Conditions that were checked before, from plain tables."""
    return _ADAPTER.validate_python(tables)


def parse_conditions(text: str, file: str, city: City, profiles: Sequence[Profile]) -> tuple[Condition, ...]:
    """Read conditions. Raises ConfigErrors."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors(
            [ConfigError(file, "", f"is not TOML: {error}", "Correct the line that it names.")]
        ) from error
    try:
        parsed = _File.model_validate(table)
    except ValidationError as error:
        raise ConfigErrors(problems_of(error, _File, lambda _: file, "seeds/README.md")) from None
    problems = [ConfigError(file, *problem) for problem in _contradictions(parsed.conditions, city, profiles)]
    if problems:
        raise ConfigErrors(problems)
    return parsed.conditions


def built_in_conditions(text: str, city: City, profiles: Sequence[Profile]) -> tuple[Condition, ...]:
    """Those of the built-in conditions whose profiles and quantities there are: a city may have others."""
    parsed = _File.model_validate(tomllib.loads(text)).conditions
    return tuple(condition for condition in parsed if not any(_contradictions((condition,), city, profiles)))


def _contradictions(
    conditions: Sequence[Condition], city: City, profiles: Sequence[Profile]
) -> Iterator[tuple[str, str, str]]:
    known = {profile.name: profile for profile in profiles}
    times = Counter(condition.name for condition in conditions)
    zones, assets = {zone.id for zone in city.zones}, {asset.id for asset in city.assets()}
    for k, condition in enumerate(conditions):
        at = f"conditions[{k}]"
        if times[condition.name] > 1:
            yield f"{at}.name", f"{condition.name!r} is there {times[condition.name]} times", "Names are for one each."
        match condition:
            case StepsCondition():
                yield from _inputs(at, "profile", condition.profile, "quantity", condition.quantities, known)
                for n, where in enumerate(condition.where):
                    for key, value, there in (("zone", where.zone, zones), ("asset", where.asset, assets)):
                        if value is not None and value not in there:
                            yield f"{at}.where[{n}].{key}", f"{value!r} is no {key}", "Name one of city.toml."
            case CongestionCondition():
                yield from _inputs(at, "profile", condition.profile, "quantity", (condition.quantity,), known)
            case BurstCondition():
                yield from _inputs(at, "flow_profile", condition.flow_profile, "flow", (condition.flow,), known)
                pressure = (condition.pressure,)
                yield from _inputs(at, "pressure_profile", condition.pressure_profile, "pressure", pressure, known)


def _inputs(
    at: str, profile_key: str, profile: str, key: str, quantities: Sequence[str], known: dict[str, Profile]
) -> Iterator[tuple[str, str, str]]:
    found = known.get(profile)
    if found is None:
        yield f"{at}.{profile_key}", f"{profile!r} is no profile", f"Name one of {', '.join(sorted(known))}."
        return
    for quantity in quantities:
        if quantity not in found.fields:
            names = ", ".join(found.fields)
            yield f"{at}.{key}", f"{quantity!r} is no quantity of {profile}", f"Name one of {names}."
