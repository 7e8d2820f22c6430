"""Where an InfluxDB is and which bucket holds what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import SecretStr

from gateway.config.store_sections import COARSE_STEPS, FINE_STEPS, InfluxDbSettings

__all__ = ["Bucket", "InfluxConfig"]

_DAY_SECS = 86_400


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and how long it keeps its points; 0 seconds: for good."""

    name: str
    retention_secs: int


@dataclass(frozen=True, slots=True)
class InfluxConfig:
    """What an `InfluxStore` needs."""

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
    max_batch_lines: int = 20_000
    """Lines a request."""
    max_refusal_requests: int = 2000
    """Requests a block may cost to find refused points."""

    @classmethod
    def of(cls, influx: InfluxDbSettings, token: SecretStr | None) -> Self:
        """As it is configured, with one of its tokens."""
        fine = Bucket(influx.fine_bucket, influx.fine_retention_days * _DAY_SECS)
        coarse = Bucket(influx.coarse_bucket, influx.coarse_retention_days * _DAY_SECS)
        return cls(
            url=influx.url, org=influx.org, token="" if token is None else token.get_secret_value(),
            raw=Bucket(influx.raw_bucket, influx.retention_days * _DAY_SECS),
            aggregates=dict.fromkeys(FINE_STEPS, fine) | dict.fromkeys(COARSE_STEPS, coarse),
            timeout_secs=influx.timeout_secs, ca_file=None if influx.ca_file is None else str(influx.ca_file),
            max_batch_lines=influx.max_batch_lines,
        )  # fmt: skip

    @property
    def buckets(self) -> list[Bucket]:
        """All buckets, the raw one first, each once."""
        return list(dict.fromkeys([self.raw, *self.aggregates.values()]))

    @property
    def figures(self) -> Bucket:
        """The bucket of conditions' figures: that of the coarsest aggregates."""
        return self.aggregates[max(self.aggregates)]

    @property
    def lasting(self) -> Bucket:
        """The bucket that keeps its points longest, an aggregates' one if it can be: the journal's mark is there."""
        return max(reversed(self.buckets), key=lambda bucket: bucket.retention_secs or float("inf"))
