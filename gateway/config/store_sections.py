"""The sections [stores.*] of the configuration file. The sentence under a field is its text in sample.toml."""

from typing import Annotated, ClassVar

from pydantic import Field

from gateway.config.section import OptionalPath, OptionalSecret, OptionalSecretFile, Seconds, Section

__all__ = ["COARSE_STEPS", "FINE_STEPS", "DuckDbSettings", "InfluxDbSettings", "StoresSettings"]

FINE_STEPS = (10, 60)
COARSE_STEPS = (900, 3600, 86400)
_DAY = 86_400_000_000_000
Days = Annotated[int, Field(ge=2, le=36_500)]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class _StoreSection(Section):
    enabled: bool = False
    """Whether to write to it."""
    retention_days: Days = 400
    """Days that readings are kept; one that comes later than this, less a day, is not taken any more."""
    fine_retention_days: Days = 400
    """Days that aggregates of 10 s and 1 min are kept."""
    coarse_retention_days: Days = 3650
    """Days that aggregates of 15 min, 1 h, 1 day are kept; what is over of alarms, reports, incidents: 91 at least."""

    @property
    def retention_ns(self) -> int:
        """How long readings are kept."""
        return self.retention_days * _DAY

    @property
    def aggregate_retention_ns(self) -> dict[int, int]:
        """How long aggregates are kept, by step in seconds."""
        fine, coarse = self.fine_retention_days * _DAY, self.coarse_retention_days * _DAY
        return dict.fromkeys(FINE_STEPS, fine) | dict.fromkeys(COARSE_STEPS, coarse)


class DuckDbSettings(_StoreSection):
    """The embedded store: one file, no server."""

    enabled: bool = True
    """Whether to write to it."""
    path: OptionalPath = None
    """The file; readings.duckdb in `data_dir` where empty."""
    memory_mb: Annotated[int, Field(ge=64, le=1 << 20)] = 512
    """Memory that it may take."""
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    """Threads that it may use."""


class InfluxDbSettings(_StoreSection):
    """InfluxDB 2."""

    SECRETS: ClassVar[tuple[str, ...]] = ("token", "read_token")

    url: Annotated[str, Field(pattern=r"^https?://[^@\s]+$")] = "http://127.0.0.1:8086"
    """Where it answers, without user or token."""
    org: Name = "cityloom"
    """Its organisation."""
    token: OptionalSecret = None
    """Token that may write and read the buckets; better in a file or in the environment."""
    token_file: OptionalSecretFile = None
    """File that holds the token, instead of `token`."""
    read_token: OptionalSecret = None
    """Token that may only read the buckets: for the web process, which then has no other; `token` where empty."""
    read_token_file: OptionalSecretFile = None
    """File that holds it, instead of `read_token`."""
    ca_file: OptionalPath = None
    """Certificates of the authorities to trust for https (PEM); those of the system where empty."""
    raw_bucket: Name = "cityloom_raw"
    """Bucket of readings; made at start where the token allows it."""
    fine_bucket: Name = "cityloom_fine"
    """Bucket of aggregates of 10 s and 1 min."""
    coarse_bucket: Name = "cityloom_coarse"
    """Bucket of aggregates of 15 min, 1 h and 1 day."""
    timeout_secs: Seconds = 30.0
    """How long one request may take."""
    max_batch_lines: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    """Lines of line protocol in one request."""

    def bucket_of(self, step: int) -> str:
        """The bucket of aggregates of `step` seconds."""
        return self.fine_bucket if step in FINE_STEPS else self.coarse_bucket


class StoresSettings(Section):
    """Where time series go; at least one must be enabled."""

    duckdb: DuckDbSettings = DuckDbSettings()
    influxdb: InfluxDbSettings = InfluxDbSettings()

    @property
    def longest_retention_ns(self) -> int:
        """How long the coarsest aggregates are kept, by the store that keeps them longest."""
        enabled = [store for store in (self.duckdb, self.influxdb) if store.enabled]
        return max((store.coarse_retention_days for store in enabled), default=0) * _DAY
