"""Conditions of roads."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import (
    ConditionModel,
    Input,
    NotNegative,
    Positive,
    Problem,
    Secs,
    Steps,
    Surroundings,
    Window,
    rising,
)

__all__ = [
    "KINDS", "CongestionCondition", "IncidentCondition", "QueueCondition", "ServiceCondition", "TravelTimeCondition",
    "ZoneIndexCondition",
]  # fmt: skip

Share = Annotated[float, Field(gt=0, lt=1)]
Least = Annotated[int, Field(ge=1, le=100_000)]
HalfLife = Annotated[float, Field(ge=0.01, le=3650)]
Letter = Literal["B", "C", "D", "E", "F"]


class CongestionCondition(ConditionModel):
    """Speed of a road segment against its learned free flow."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"delay", "deadband"}

    kind: Literal["congestion"]
    profile: str
    quantity: str
    window_secs: Window | None = None
    """The mean of so long; absent: every reading, which is a mean already."""
    delay: Steps = (0.5, 0.6, 0.7)
    """Delay time proportions, ascending, above 0 and below 1."""
    deadband: NotNegative = 0.05
    least: Least = 144
    """Readings until a segment's own free flow is believed rather than its limit."""
    half_life_days: HalfLife = 15.0
    """How long what was learned counts half."""
    event_start: Annotated[int, Field(ge=2, le=5)] = 4
    """Level of GB/T 33171 from which on a congestion event is on ..."""
    event_end: Annotated[int, Field(ge=1, le=4)] = 2
    """... and down to which it ends."""

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.delay)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", (self.quantity,), self.window_secs),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("delay", self.delay)
        if not self.delay or not all(0 < step < 1 for step in self.delay):
            yield "delay", "needs steps between 0 and 1", "Write such as [0.5, 0.6, 0.7]."
        if self.event_end >= self.event_start:
            yield "event_end", "is not below event_start", "Give a lower one, so that an event is not cut by each dip."


class ZoneIndexCondition(ConditionModel):
    """Performance index of a zone: that of its segments, weighted by flow and length."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"high", "deadband", "least_share"}

    kind: Literal["zone-index"]
    speed_profile: str
    speed: str
    flow_profile: str
    flow: str
    window_secs: Window
    high: Steps = (6.0, 8.0)
    """Ascending, of the index 0 to 10."""
    deadband: NotNegative = 0.5
    least_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of a zone's segments; with fewer there is no index."""
    least: Least = 48
    half_life_days: HalfLife = 15.0

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.high)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (
            Input("speed_profile", self.speed_profile, "speed", (self.speed,), self.window_secs),
            Input("flow_profile", self.flow_profile, "flow", (self.flow,), self.window_secs, optional=True),
        )

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("high", self.high)
        if not self.high or not all(0 < step <= 10 for step in self.high):
            yield "high", "needs steps above 0 and up to 10", "Write such as [6, 8]."


class _OnDetectors(ConditionModel):
    """What judges speed and occupancy of detectors along a road."""

    profile: str
    speed: str
    occupancy: str
    window_secs: Window
    most_apart_m: Positive = 3000.0
    """Detectors further apart are no neighbours."""

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (
            Input("profile", self.profile, "speed", (self.speed,), self.window_secs),
            Input("profile", self.profile, "occupancy", (self.occupancy,), self.window_secs),
        )


class QueueCondition(_OnDetectors):
    """Neighbouring detectors that all stand in slow, dense traffic."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "least_occupancy",
        "most_speed",
        "least_detectors",
        "high",
    }

    kind: Literal["queue"]
    least_occupancy: Share = 0.35
    most_speed: Positive = 15.0
    """km/h"""
    least_detectors: Annotated[int, Field(ge=1, le=100)] = 2
    """A shorter run is no queue."""
    high: Steps = (0.0,)
    """Lengths in km, ascending; 0: a queue of any length."""

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.high)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("high", self.high)
        if not self.high or self.high[0] < 0:
            yield "high", "needs lengths from 0 on", "Write such as [0, 2]."


class IncidentCondition(_OnDetectors):
    """Speed falls and occupancy rises at a detector, while the next one downstream stays free."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "fall",
        "rise",
        "difference",
        "relative",
        "most_downstream",
    }

    kind: Literal["incident"]
    fall: Share = 0.5
    """Of the detector's usual speed, so much is lost ..."""
    rise: Share = 0.15
    """... and its occupancy so much above the usual one."""
    difference: Share = 0.15
    """Occupancy less that of the next detector ..."""
    relative: Share = 0.5
    """... also as share of its own."""
    most_downstream: Share = 0.25
    """Occupancy up to which the next detector counts as free."""
    persistence: Annotated[int, Field(ge=1, le=60)] = 2
    """Windows more in which it must hold."""
    warm_up: Annotated[int, Field(ge=1, le=1000)] = 10
    """Windows until a detector has a usual state."""
    memory: Annotated[int, Field(ge=2, le=1000)] = 12
    """Windows over which the usual state is smoothed."""
    longest_secs: Annotated[Secs, Field(gt=0)] = 7200.0
    """What lasts longer is the usual state."""


class ServiceCondition(ConditionModel):
    """Density at detectors, and the level of service that follows."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"worst"}

    kind: Literal["service-level"]
    profile: str
    speed: str
    flow: str
    occupancy: str
    window_secs: Window
    flow_lanes: Positive = 1.0
    """Lanes of which a detector counts the flow."""
    effective_length_m: Positive = 6.5
    """A vehicle and what the detector adds to it."""
    car_equivalent: Positive = 1.0
    """Passenger cars that a vehicle stands for."""
    worst: Annotated[tuple[Letter, ...], Field(max_length=5)] = ()
    """Letters that make levels, from the best on; none: no alarm."""
    least: Least = 48
    half_life_days: HalfLife = 15.0

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.worst)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        names = (("speed", self.speed), ("flow", self.flow), ("occupancy", self.occupancy))
        return tuple(Input("profile", self.profile, key, (name,), self.window_secs) for key, name in names)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("worst", [ord(letter) for letter in self.worst])


class TravelTimeCondition(ConditionModel):
    """How reliable the travel time of a segment was, by day or week. It has no alarm."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"least_windows"}

    kind: Literal["travel-time"]
    profile: str
    quantity: str
    window_secs: Window
    period: Literal["day", "week"] = "day"
    """Local; a week begins on Monday."""
    least_windows: Annotated[int, Field(ge=2, le=10_000)] = 48
    """With fewer windows a period has no figures."""
    least: Least = 48
    half_life_days: HalfLife = 15.0

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return 0

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", (self.quantity,), self.window_secs),)


KINDS: tuple[type[ConditionModel], ...] = (
    CongestionCondition, ZoneIndexCondition, QueueCondition, IncidentCondition, ServiceCondition, TravelTimeCondition,
)  # fmt: skip
