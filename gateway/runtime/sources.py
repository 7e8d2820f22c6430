"""The MQTT sources of a configuration, and what they report, as events of the catalogue."""

from collections.abc import Sequence

from gateway.config.profiles import load_profiles
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings
from gateway.engine.router import subscription_filters
from gateway.mqtt.options import MqttOptions, TlsOptions

__all__ = ["options_of", "wanted_filters"]


def wanted_filters(source: SourceSettings, profile_docs: object) -> tuple[str, ...]:
    """The source's own filters, or those that cover every profile's topics."""
    if source.filters:
        return source.filters
    return subscription_filters(load_profiles(profile_docs))  # type: ignore[arg-type]


def options_of(settings: Settings, source: SourceSettings, filters: Sequence[str]) -> MqttOptions:
    """What the connection is told."""
    tls = None
    if source.tls == "on":
        tls = TlsOptions(source.ca_file, source.cert_file, source.key_file)
    return MqttOptions(
        host=source.host, port=source.port, client_id=source.client_id, username=source.username,
        password=source.password.get_secret_value() if source.password is not None else None, tls=tls,
        filters=tuple(filters), qos=source.qos, receive_maximum=source.receive_maximum,
        keep_alive_secs=source.keep_alive_secs, session_expiry_secs=source.session_expiry_secs,
        read_coalescing_ms=source.read_coalescing_ms, max_payload_bytes=settings.bounds.max_payload_bytes,
        watch_sys=source.watch_sys == "on",
    )  # fmt: skip
