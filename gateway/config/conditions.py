"""What is judged: conditions.toml as frozen models. seeds/README.md describes the format.

`read_conditions` is pure: text in, models out, or ConfigErrors with all that is wrong with each condition by itself;
condition_checks.py looks at what they say of profiles, places and each other.
"""

import tomllib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.config.problems import problems_of
from gateway.errors import ConfigError, ConfigErrors

__all__ = [
    "BurstCondition", "Condition", "CongestionCondition", "SilenceCondition", "StepsCondition", "Where",
    "load_conditions", "read_conditions",
]  # fmt: skip

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Secs = Annotated[float, Field(ge=0, le=7 * 86_400)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Steps = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(max_length=9)]
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
    """Other steps somewhere. The narrowest place counts, for each side: device, then asset, then zone."""

    zone: str | None = None
    asset: str | None = None
    device: str | None = None
    high: Steps | None = None
    """Empty: none there."""
    low: Steps | None = None

    @property
    def kind(self) -> str:
        """zone, asset or device."""
        return next((kind for kind in ("zone", "asset", "device") if getattr(self, kind) is not None), "")

    @property
    def place(self) -> str:
        """Its id."""
        return getattr(self, self.kind) if self.kind else ""


class StepsCondition(_Condition):
    """Readings, or means of windows, against steps."""

    kind: Literal["steps"]
    profile: str
    quantity: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """One, or several that are judged each for itself: the worst one counts."""
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
        """All of them."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity


class CongestionCondition(_Condition):
    """Speed of a road segment against its learned free flow."""

    kind: Literal["congestion"]
    profile: str
    quantity: str
    window_secs: Window | None = None
    """The mean of so long; absent: every reading, which is a mean already."""
    delay: Steps = (0.5, 0.6, 0.7)
    """Delay time proportions, ascending, above 0 and below 1."""
    deadband: NotNegative = 0.05
    least: Annotated[int, Field(ge=1, le=100_000)] = 144
    """Readings until a segment's own free flow is believed rather than its limit."""
    half_life_days: Annotated[float, Field(ge=0.01, le=3650)] = 15.0
    """How long what was learned counts half."""


class BurstCondition(_Condition):
    """A step of an area's inflow together with a fall of its pressure."""

    kind: Literal["burst"]
    flow_profile: str
    flow: str
    pressure_profile: str
    pressure: str
    window_secs: Window
    """Means of so long."""
    size: Annotated[int, Field(ge=4, le=96)] = 12
    """Windows that make the base."""
    within_secs: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    """Flow and pressure must step within so long."""
    times: Positive = 6.0
    """Spreads that make a step."""
    least_flow: Positive = 20.0
    """A smaller step is none."""
    least_pressure: Positive = 25.0


class SilenceCondition(_Condition):
    """A device of which nothing comes."""

    kind: Literal["silence"]
    intervals: Annotated[float, Field(gt=1, le=1000)] = 5.0
    """Of its profile."""
    least_secs: Annotated[float, Field(ge=1, le=7 * 86_400)] = 300.0


MANUAL = "seeds/README.md"

Condition = Annotated[
    StepsCondition | CongestionCondition | BurstCondition | SilenceCondition, Field(discriminator="kind")
]
_ADAPTER: TypeAdapter[tuple[Condition, ...]] = TypeAdapter(tuple[Condition, ...])


KINDS: dict[str, type[_Condition]] = {
    "steps": StepsCondition, "congestion": CongestionCondition, "burst": BurstCondition, "silence": SilenceCondition,
}  # fmt: skip


def load_conditions(tables: Sequence[dict[str, Any]]) -> tuple[Condition, ...]:
    """Conditions that were checked before, from plain tables."""
    return _ADAPTER.validate_python(tables)


def read_conditions(text: str, file: str) -> tuple[Condition, ...]:
    """Read conditions, each by itself. Raises ConfigErrors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors(
            [ConfigError(file, "", f"is not TOML: {error}", "Correct the line that it names.")]
        ) from error
    problems = [ConfigError(file, *problem) for problem in _frame(document)]
    found: list[Any] = []
    tables = document.get("conditions", [])
    for k, table in enumerate(tables if isinstance(tables, list) else ()):
        at = f"conditions[{k}]"
        kind = table.get("kind") if isinstance(table, dict) else None
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            problem = "is missing" if kind is None else f"{kind!r} is no kind of condition"
            problems.append(ConfigError(file, f"{at}.kind", problem, f"Give one of {', '.join(KINDS)}."))
            continue
        try:
            found.append(model.model_validate(table))
        except ValidationError as error:
            wrong = problems_of(error, model, lambda _: file, MANUAL)
            # a list of wrong items is not wrong in its length as well
            items = {each.key.partition("[")[0] for each in wrong if each.key.endswith("]")}
            problems += [
                ConfigError(file, f"{at}.{each.key}", each.what, each.remedy) for each in wrong if each.key not in items
            ]
    if problems:
        raise ConfigErrors(problems)
    return tuple(found)


def _frame(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the file outside of its conditions."""
    if document.get("schema") != 1:
        given = "is missing" if "schema" not in document else f"must be 1, not {document['schema']!r}"
        yield "schema", given, "Write schema = 1 in the first line."
    for key in sorted(document.keys() - {"schema", "conditions"}):
        yield key, "is not known here", f"Remove it; {MANUAL} says what there is."
    if not isinstance(document.get("conditions", []), list):
        yield "conditions", "must be a list of tables", "Write [[conditions]] above each."
