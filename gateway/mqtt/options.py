"""What a source is told: where the broker is, who we are, what we want. Plain values, checked here.

TLS always verifies the broker: there is no switch to turn that off. A private authority goes into `ca_file`.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import GatewayError

__all__ = ["MAX_WINDOW", "MqttOptions", "TlsOptions", "build_context"]

MAX_WINDOW = 65_535
"""Packet ids are 16 bits: no more can be in flight."""
_MIN_KEEP_ALIVE = 6
"""Seconds; rumqttd drops connections that ask for 5 or less."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """PEM files. ca_file None: the system's authorities. cert_file with key_file: our own certificate (mutual TLS)."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    """Name to expect in the broker's certificate where it is not the host that we connect to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions:
    """One connection. Raises ValueError on values that can't work."""

    host: str
    port: int = 1883
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsOptions | None = None
    filters: tuple[str, ...] = ()
    qos: int = 1
    """QoS to subscribe at, 0 or 1."""
    receive_maximum: int = 2000
    """QoS 1 messages in flight: what we hold at most before they are durable."""
    keep_alive_secs: int = 30
    session_expiry_secs: int = 86_400
    """How long the broker keeps our session and queues for it while we are away."""
    connect_timeout_secs: float = 30.0
    """For TCP and TLS, and again for CONNACK: with 5 s of latency each takes 10 s and more."""
    max_payload_bytes: int = 1 << 20
    """A longer payload is cut to one byte more, for the decoder to refuse it: memory stays bounded."""
    read_coalescing_ms: float = 2.0
    """Longest pause after a read under load; 0: never."""
    backoff_min_secs: float = 0.5
    backoff_max_secs: float = 30.0
    backoff_refused_secs: float = 300.0
    """Instead of backoff_max_secs where somebody has to do something before it can work."""
    quiet_secs: float = 2.0
    """Messages that may be redelivered ones are held this long at most for the rest to come."""
    watch_sys: bool = False
    """Subscribe the broker's count of dropped messages too (mosquitto's `$SYS`)."""
    canary_topic: str = ""
    """Topic of the message to ourselves that shows whether the broker passes on what is published; empty: none."""
    canary_secs: float = 10.0
    """Between two of them."""
    canary_timeout_secs: float = 30.0
    """One that does not come back within this, though pings are answered, makes the connection anew."""

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("client_id must not be empty: the session at the broker belongs to it")
        if self.qos not in (0, 1):
            raise ValueError("qos must be 0 or 1")
        if not 1 <= self.receive_maximum <= MAX_WINDOW:
            raise ValueError(f"receive_maximum must be 1 to {MAX_WINDOW}")
        if not _MIN_KEEP_ALIVE <= self.keep_alive_secs <= 65_535:
            raise ValueError(f"keep_alive_secs must be {_MIN_KEEP_ALIVE} to 65535")


def build_context(tls: TlsOptions) -> ssl.SSLContext:
    """Raises GatewayError where a file can't be read or is no certificate or key."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(str(file) for file in (tls.ca_file, tls.cert_file, tls.key_file) if file is not None)
        raise GatewayError(
            f"TLS to the broker can't be set up from {names or 'the system'}: {error}.",
            "Give PEM files that this user can read, and the key that belongs to the certificate.",
        ) from error
    return context
