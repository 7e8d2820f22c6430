"""Where an InfluxDB is and which bucket holds what."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Bucket", "InfluxConfig"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and how long it keeps its points; 0 seconds: for good."""

    name: str
    retention_secs: int


@dataclass(frozen=True, slots=True)
class InfluxConfig:
    """Raises ValueError where no bucket keeps its points for good: the journal's mark must outlive them all."""

    url: str
    org: str
    token: str = field(repr=False)
    raw: Bucket
    aggregates: Mapping[int, Bucket]
    """Step in seconds -> the bucket of its retention class."""
    timeout_secs: float = 30.0
    """How long an answer may take before the connection counts as hanging."""
    ca_file: str | None = None
    mark_secs: float = 5.0
    """How often the journal's mark is moved, at most."""
    max_body_bytes: int = 4 << 20
    """Lines a request, before compression."""
    max_refusal_requests: int = 2000
    """Requests a block may cost to find refused points."""

    def __post_init__(self) -> None:
        if all(bucket.retention_secs for bucket in self.buckets):
            raise ValueError("one bucket (that of the days, say) must keep its points for good: retention 0")

    @property
    def buckets(self) -> list[Bucket]:
        """All buckets, the raw one first, each once."""
        return list(dict.fromkeys([self.raw, *self.aggregates.values()]))

    @property
    def lasting(self) -> Bucket:
        """The bucket of the journal's mark."""
        return [bucket for bucket in self.buckets if not bucket.retention_secs][-1]
