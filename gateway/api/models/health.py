"""How the gateway is: readiness, figures of the moment, the books."""

from typing import Any

from gateway.api.models.base import Document, example

__all__ = ["Balance", "Ledger", "Ready", "Status"]


class Ready(Document):
    """Whether data flows and can be kept safely."""

    model_config = example({"ready": False, "reasons": ["broker main: connection refused"]})

    ready: bool
    reasons: list[str]


class Status(Document):
    """The figures of the moment; those of parts are as `cityloom status --json` has them."""

    version: str
    running: bool
    live: bool
    """The source is live, not catching up."""
    stopping: str
    uptime_secs: float
    clock: dict[str, float]
    """`now`, UTC ns of the city's clock, and its speed."""
    sources: list[dict[str, Any]]
    rates: dict[str, float]
    """messages_per_s, readings_per_s."""
    latency_ms: dict[str, float | None]
    inbox: dict[str, Any]
    outbox: dict[str, Any]
    stores: dict[str, dict[str, Any]]
    ledger: dict[str, Any]
    dead_letters: dict[str, Any] | None
    notifications: dict[str, Any] | None


class Balance(Document):
    """Two figures that must agree."""

    name: str
    came: int
    accounted: int


class Ledger(Document):
    """The account of every message and reading: totals, then each source, profile and store."""

    balanced: bool
    messages: dict[str, int]
    readings: dict[str, int]
    reasons: dict[str, dict[str, int]]
    """By book and term, such as message.rejected."""
    beside: dict[str, int]
    stores: dict[str, dict[str, Any]]
    sources: dict[str, dict[str, Any]]
    profiles: dict[str, dict[str, int]]
    balances: list[Balance]
