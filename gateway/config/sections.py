"""The sections of the configuration file but for the stores'. The sentence under a field is its text in sample.toml.

Rules that join several options are in rules.py; what must be on disk is looked at by onfile.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.clock import Clock, ScaledClock, SystemClock
from gateway.config.bounds import Bounds
from gateway.config.section import (
    Bytes,
    OptionalPath,
    OptionalSecret,
    OptionalSecretFile,
    OptionalText,
    OptionalTime,
    Port,
    Quota,
    Seconds,
    Section,
    Switch,
)  # fmt: skip

__all__ = [
    "BoundsSettings", "ClockSettings", "EngineSettings", "HttpSettings", "InboxSettings", "LedgerSettings",
    "LogSettings", "MqttSettings", "OutboxSettings", "RecordsSettings", "ReviserSettings", "SnapshotSettings",
    "SourceSettings",
]  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MqttSettings(Section):
    """How to reach the broker."""

    SECRETS: ClassVar[tuple[str, ...]] = ("password",)

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Name or address of the MQTT 5 broker."""
    port: Port = 1883
    """Its port; brokers usually have 8883 for TLS."""
    client_id: Annotated[str, Field(min_length=1, max_length=65535)] = "cityloom"
    """Names our session at the broker: it must stay the same over restarts, and no other client may use it."""
    username: OptionalText = None
    """User name, where the broker asks for one."""
    password: OptionalSecret = None
    """Password; better in a file or in the environment (CITYLOOM_MQTT__PASSWORD) than here."""
    password_file: OptionalSecretFile = None
    """File that holds the password, instead of `password`."""
    tls: Switch = "off"
    """Whether the connection is encrypted: "on" or "off"."""
    ca_file: OptionalPath = None
    """Certificates of the authorities that we trust (PEM); those of the system where empty."""
    cert_file: OptionalPath = None
    """Our own certificate for mutual TLS (PEM)."""
    key_file: OptionalPath = None
    """The private key of `cert_file` (PEM, without a passphrase)."""
    server_name: OptionalText = None
    """Name to expect in the broker's certificate, where it is not `host`."""
    qos: Annotated[int, Field(ge=0, le=1)] = 1
    """Quality of service to subscribe at: 1 (nothing is lost) or 0 (shed when the inbox is full)."""
    filters: tuple[str, ...] = ()
    """Topic filters to subscribe to; derived from the topics of the profiles where empty."""
    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 2000
    """How many messages the broker may have in flight to us before one is acknowledged."""
    keep_alive_secs: Annotated[int, Field(ge=0, le=65535)] = 30
    """The broker hears from us at least this often; more than 5."""
    session_expiry_secs: Annotated[int, Field(ge=0, le=4294967295)] = 86400
    """How long the broker keeps our session and its messages while we are away."""
    read_coalescing_ms: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 2.0
    """Pause after a read, so that the system collects packets that a broker sends one by one; 0 = none."""
    watch_sys: Switch = "on"
    """Whether to watch the broker's own counters ($SYS) for messages that it dropped: "on" or "off"."""
    connections: Annotated[int, Field(ge=1, le=32)] = 1
    """Connections that share the filters by a shared subscription; gateway/mqtt/README.md says what that costs."""
    share_name: OptionalText = None
    """Name of the shared subscriptions ($share/<share_name>.<checksum>/<filter>); `client_id` where it is empty."""
    canary: Switch = "on"
    """Whether to watch that the broker passes on what is published, by small messages to ourselves: "on" or "off"."""
    canary_topic: Annotated[str, Field(min_length=1)] = "cityloom/canary"
    """The levels in front of <client_id> in their topic, which the broker must let us write and read."""
    canary_secs: Annotated[float, Field(ge=1, le=3600)] = 10.0
    """Seconds between two of them."""
    canary_timeout_secs: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """How long one may take, beyond an answered ping, until the broker counts as silent and is connected to anew."""


class SourceSettings(MqttSettings):
    """One connection: a name, and what differs from [mqtt]."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = "main"
    """Name of the connection in ledger, logs and metrics: lower-case letters, digits and dashes."""


class BoundsSettings(Section):
    """What a message may be at most, before anything decodes it. Larger ones are kept as dead letters."""

    max_payload_bytes: Bytes = 256 * 1024
    """Bytes of a payload as it comes."""
    max_topic_bytes: Annotated[int, Field(ge=1, le=65535)] = 1024
    """Bytes of a topic."""
    max_depth: Annotated[int, Field(ge=1, le=256)] = 32
    """How deep objects and lists may be nested."""
    max_records: Annotated[int, Field(ge=1)] = 10_000
    """Records (readings with a time of their own) in one message."""
    max_decompressed_bytes: Bytes = 4 * 1024 * 1024
    """Bytes of a compressed payload once it is decompressed."""

    def bounds(self) -> Bounds:
        """As the decoders take it."""
        return Bounds(**self.model_dump())


class InboxSettings(Section):
    """The journal of what was received."""

    quota_bytes: Quota = 2 << 30
    """Bytes on disk; full = no more acknowledgements, so the broker holds."""


class OutboxSettings(Section):
    """The journal of results that wait for the stores."""

    quota_bytes: Quota = 4 << 30
    """Bytes on disk that blocks may take while a store is down; full = the engine waits, then the inbox fills."""


class SnapshotSettings(Section):
    """Pictures of the engine's state, from which a start goes on."""

    interval_secs: Annotated[float, Field(ge=1, le=86400)] = 60.0
    """Seconds between two; a start repeats at most what came after the last one."""


class EngineSettings(Section):
    """How messages become readings and windows."""

    gather_ms: Annotated[float, Field(ge=0, le=10_000)] = 50.0
    """How long the engine collects messages to work on them together, longer where that is long; 0: not at all."""
    gather_messages: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    """How many messages it collects at most."""
    tick_secs: Annotated[float, Field(gt=0, le=60)] = 1.0
    """How often the engine looks at its timers while no message comes."""
    idle_timeout_secs: Seconds = 30.0
    """A kind of device of a zone that is silent this long holds up no window."""
    max_ahead_secs: Seconds = 300.0
    """Readings whose time is further ahead of their receipt are quarantined."""
    clock_bound_secs: Seconds = 30.0
    """A device whose clock is further off moves no watermark."""
    max_devices: Annotated[int, Field(ge=1, le=10_000_000)] = 200_000
    """Devices at most, listed and met on the wire together; messages of further ones are dead letters."""
    sparkplug_reorder_secs: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """How long a missing Sparkplug message or birth may still come before the edge node is asked for its births."""
    sparkplug_rebirth_secs: Annotated[float, Field(ge=0, le=86400)] = 60.0
    """Between two such requests to one edge node at least, more where it doesn't answer; 0: nobody is asked."""


class ClockSettings(Section):
    """Where `now` comes from."""

    kind: Literal["system", "scaled"] = "system"
    """"system", or "scaled": a city clock for sped-up runs, which simulators must share."""
    origin: OptionalTime = None
    """City time at `start`, such as 2026-03-02T06:00:00+08:00 (scaled only)."""
    start: OptionalTime = None
    """Real time at which the city clock shows `origin` (scaled only)."""
    speed: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 1.0
    """City seconds a real second (scaled only)."""

    def build(self) -> Clock:
        """The clock that these figures describe."""
        if self.kind == "system" or self.origin is None or self.start is None:
            return SystemClock()
        return ScaledClock(_ns(self.origin), _ns(self.start), self.speed)


def _ns(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


class RecordsSettings(Section):
    """Device records and dead letters (records.db)."""

    dead_letters_max_count: Annotated[int, Field(ge=0)] = 100_000
    """Dead letters kept; the oldest go first."""
    dead_letters_max_bytes: Annotated[int, Field(ge=0)] = 256 << 20
    """Bytes of dead letters kept."""


class LedgerSettings(Section):
    """The account of every message and reading."""

    check_secs: Seconds = 5.0
    """How often it is checked that the ledger balances."""


class HttpSettings(Section):
    """Health and metrics: /health/live, /health/ready, /metrics."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on; the default is reachable from this machine only."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8480
    """Port to listen on; 0 = any free one."""


class ReviserSettings(Section):
    """Computes stored aggregates again after late readings."""

    quiet_secs: Annotated[float, Field(ge=0, le=86400)] = 30.0
    """Waits until no late reading came to a window for this long."""
    max_age_secs: Seconds = 600.0
    """But no longer than this."""


class LogSettings(Section):
    """Structured logs on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """"debug", "info", "warning" (nothing lost) or "error" (data lost or an operator is needed)."""
    format: Literal["console", "json"] = "console"
    """"console" for people, "json" for collectors."""
