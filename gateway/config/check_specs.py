"""What a quantity is checked for beside its spans: the table [fields.NAME.checks] of a profile.

Pairs are suspect and fail; 0 leaves that level out. Values are in the field's own unit. The checks and their sources:
processors/quality/README.md.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["ChecksSpec"]

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    suspect, fail = pair
    if not (suspect or fail):
        raise ValueError("both levels are 0: leave the check out")
    if suspect and fail and suspect > fail:
        raise ValueError("suspect must not be above fail")
    return pair


def _falling(pair: tuple[float, float]) -> tuple[float, float]:
    suspect, fail = pair
    if not (suspect or fail):
        raise ValueError("both levels are 0: leave the check out")
    if suspect and fail and suspect < fail:
        raise ValueError("suspect must not be below fail: less is worse here")
    return pair


Rising = Annotated[tuple[NotNegative, NotNegative], AfterValidator(_ordered)]
Falling = Annotated[tuple[NotNegative, NotNegative], AfterValidator(_falling)]


class ChecksSpec(BaseModel):
    """Checks of one quantity; what is absent is not checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_of_change: Rising | None = None
    """Units a second."""
    spike: Rising | None = None
    """Units away from the readings before and after."""
    spike_method: Literal["average", "differential"] = "average"
    """Away from their mean, or from the nearer of them."""
    flat_line_secs: Rising | None = None
    """Seconds without a change."""
    flat_line_tolerance: NotNegative = 0.0
    """What is no change, in units; 0: equal values only."""
    time_gap_secs: Rising | None = None
    """Seconds since the reading before."""
    attenuated: Falling | None = None
    """Units of spread below which a signal is too quiet."""
    attenuated_secs: NotNegative = 0.0
    """In so many seconds."""
    attenuated_statistic: Literal["std", "range"] = "std"
    """What the spread is: standard deviation, or greatest less smallest."""
    neighbour: Rising | None = None
    """Robust deviations from the median of the zone's devices of the same profile, pane by pane."""
    neighbour_floor: NotNegative = 0.0
    """The least deviation, in units."""
    neighbour_least: Annotated[int, Field(ge=3, le=1000)] = 5
    """Devices of a pane, its own included, without which nothing is judged."""
    climatology: Rising | None = None
    """Deviations from what is usual at that hour of the week."""
    climatology_floor: NotNegative = 0.0
    """The least deviation, in units."""
    climatology_weeks: Annotated[int, Field(ge=1, le=52)] = 4
    """Weeks to learn before it judges."""

    def limits(self, factor: float) -> dict[str, Any]:
        """Settings of QualityLimits; `factor` brings the field's unit to the canonical one. Without the neighbours."""
        out: dict[str, Any] = {}
        scale = abs(factor)
        for name, pair, by in (
            ("rate", self.rate_of_change, scale), ("spike", self.spike, scale), ("flat", self.flat_line_secs, 1.0),
            ("gap", self.time_gap_secs, 1.0), ("attenuated", self.attenuated, scale),
            ("climatology", self.climatology, 1.0),
        ):  # fmt: skip
            if pair is not None:
                out[f"{name}_suspect"], out[f"{name}_fail"] = pair[0] * by, pair[1] * by
        out["spike_differential"] = self.spike_method == "differential"
        out["flat_tolerance"] = self.flat_line_tolerance * scale
        out["attenuated_period"] = self.attenuated_secs
        out["attenuated_range"] = self.attenuated_statistic == "range"
        out["climatology_floor"] = self.climatology_floor * scale
        out["climatology_weeks"] = float(self.climatology_weeks)
        return out
