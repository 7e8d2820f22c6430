"""The sections [live] and [live.mqtt]. The sentence under a field is its text in sample.toml."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Section

__all__ = ["LIVE_STEPS", "LiveMqttSettings", "LiveSettings", "Topic"]

LIVE_STEPS = {"10s": 10, "1m": 60, "15m": 900, "1h": 3600, "1d": 86400}


def _publishable(topic: str) -> str:
    if "+" in topic or "#" in topic or "\0" in topic:
        raise ValueError("must be a topic, without the wildcards + and #")
    if topic.startswith(("$", "/")) or topic.endswith("/") or "//" in topic:
        raise ValueError("must be levels joined by /, none of them empty, the first without $")
    return topic


Topic = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_publishable)]


class LiveMqttSettings(Section):
    """Latest values, windows and alarm states as retained messages, at the broker of [mqtt] under <client_id>-live."""

    enabled: bool = False
    """Whether to publish them; gateway/live/README.md describes topics and payloads."""
    topic: Topic = "cityloom/live"
    """The levels in front of latest/..., aggregate/... and alarm/...; nothing we subscribe to may match it."""


class LiveSettings(Section):
    """What goes on right now, for whoever listens; costs nothing while nobody does."""

    interval_ms: Annotated[int, Field(ge=50, le=60_000)] = 50
    """Latest values and windows are told at most this often; alarms at once."""
    most_per_second: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Devices told in a second at most: those that speak seldom first, the rest in turn, with their newest values."""
    aggregates: tuple[Literal["10s", "1m", "15m", "1h", "1d"], ...] = ("1m",)
    """Windows that are told, of "10s", "1m", "15m", "1h" and "1d"."""
    history: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Events kept for listeners that come back."""
    queue: Annotated[int, Field(ge=10, le=100_000)] = 1000
    """Events that wait for a listener; a slower one loses the oldest and is told so."""
    mqtt: LiveMqttSettings = LiveMqttSettings()

    @property
    def steps(self) -> tuple[int, ...]:
        """Lengths of `aggregates` in seconds, each once."""
        return tuple(dict.fromkeys(LIVE_STEPS[name] for name in self.aggregates))

    @property
    def most_events(self) -> int:
        """Devices told at once at most."""
        return max(round(self.most_per_second * self.interval_ms / 1000), 1)
