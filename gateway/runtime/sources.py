"""The MQTT sources of a configuration: what each is told, what it resumes from, and its reports as events."""

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.config.content import EngineContent
from gateway.config.filters import source_filters
from gateway.config.profiles import load_profiles
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings
from gateway.journal.inbox import Inbox, SourceTotals
from gateway.mqtt.connection import MqttSource
from gateway.mqtt.options import MqttOptions, TlsOptions
from gateway.runtime.intake import Intake, Stamps
from gateway.telemetry.broker_events import (
    BrokerConnected,
    BrokerConnectionLost,
    BrokerDroppedMessagesError,
    BrokerUnreachable,
    SessionLostError,
    SubscriptionRefusedError,
    SubscriptionWeakened,
)
from gateway.telemetry.telemetry import Telemetry

__all__ = ["SessionNotes", "SourceReports", "make_sources", "options_of"]

_KEPT = 65_535
"""Messages in flight at most, by the protocol."""


class SourceReports:
    """Reports of all sources, as events of the catalogue. Remembers which filters were refused, for readiness."""

    def __init__(
        self, telemetry: Telemetry, *, session_expected: bool, lost: Callable[[str, int], None] = lambda *_: None
    ) -> None:
        """`lost` is told how many messages a source's broker dropped, for the ledger."""
        self.refused: dict[str, set[str]] = {}
        self._lost = lost
        self._telemetry = telemetry
        self._session_expected = session_expected

    def connected(self, source: str, address: str, *, session_present: bool, after_secs: float) -> None:
        """Connected and subscribed."""
        self._telemetry.emit(BrokerConnected(source, address, session_present, after_secs))

    def unreachable(self, source: str, address: str, problem: str, retry_in: float) -> None:
        """No connection came about."""
        self._telemetry.emit(BrokerUnreachable(source, address, problem, retry_in))

    def connection_lost(self, source: str, problem: str, retry_in: float) -> None:
        """The connection ended; it is tried again."""
        self._telemetry.emit(BrokerConnectionLost(source, problem))

    def subscribe_refused(self, source: str, pattern: str, code: int) -> None:
        """What is published by this filter never comes."""
        self.refused.setdefault(source, set()).add(pattern)
        self._telemetry.emit(SubscriptionRefusedError(source, pattern, f"0x{code:02X}"))

    def qos_lowered(self, source: str, pattern: str) -> None:
        """QoS 0 was granted where 1 was asked."""
        self._telemetry.emit(SubscriptionWeakened(source, pattern, "granted at QoS 0 only: it can lose messages"))

    def session_lost(self, source: str, seconds: float | None) -> None:
        """The broker forgot our session."""
        if self._session_expected:
            self._telemetry.emit(SessionLostError(source, seconds if seconds is not None else -1.0))

    def session_shortened(self, source: str, seconds: int) -> None:
        """The broker keeps our session for less than asked."""
        self._telemetry.emit(SubscriptionWeakened(source, "", f"the broker keeps our session for {seconds} s only"))

    def window_exceeded(self, source: str, in_flight: int, receive_maximum: int) -> None:
        """The broker sends more than we asked for; it is held back by not reading."""
        problem = f"{in_flight} messages in flight, {receive_maximum} were asked for: held back by not reading"
        self._telemetry.emit(SubscriptionWeakened(source, "", problem))

    def dropped_at_broker(self, source: str, count: int) -> None:
        """The broker admits that it dropped messages."""
        self._telemetry.emit(BrokerDroppedMessagesError(source, count))
        self._lost(source, count)

    def watch_refused(self, source: str) -> None:
        """The broker does not say what it drops; nothing follows from that."""


class SessionNotes:
    """What our sessions at the brokers may hold, so that a later process can give up filters it no longer wants."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sessions.json"
        self._written: Mapping[str, list[str]] | None = None

    def read(self) -> dict[str, list[str]]:
        """Filters by source name; empty where nothing was noted or it can't be read: then all is subscribed anew."""
        try:
            noted = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def write(self, filters: Mapping[str, list[str]]) -> None:
        """Replace the notes where they changed; they need not be durable, only whole. A full disk lets them wait."""
        if filters == self._written:
            return
        temporary = self._path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(filters))
            temporary.replace(self._path)
            self._written = filters


def options_of(settings: Settings, source: SourceSettings, filters: tuple[str, ...]) -> MqttOptions:
    """What a connection is told."""
    tls = (
        TlsOptions(source.ca_file, source.cert_file, source.key_file, source.server_name)
        if source.tls == "on"
        else None
    )
    return MqttOptions(
        host=source.host, port=source.port, client_id=source.client_id, username=source.username,
        password=source.password.get_secret_value() if source.password is not None else None, tls=tls,
        filters=filters, qos=source.qos, receive_maximum=source.receive_maximum,
        keep_alive_secs=source.keep_alive_secs, session_expiry_secs=source.session_expiry_secs,
        read_coalescing_ms=source.read_coalescing_ms, max_payload_bytes=settings.bounds.max_payload_bytes,
        watch_sys=source.watch_sys == "on",
    )  # fmt: skip


def make_sources(
    settings: Settings, content: EngineContent, inbox: Inbox, intake: Intake, stamps: Stamps, reports: SourceReports,
    notes: SessionNotes, *, new_session: bool,
) -> list[MqttSource]:  # fmt: skip
    """One source a connection. `new_session`: the broker can't know us."""
    filters = source_filters(settings.sources, load_profiles(content.profiles))
    totals = inbox.totals()
    known = notes.read()
    out: list[MqttSource] = []
    for index, source in enumerate(settings.sources):
        before = totals.get(index, SourceTotals())
        options = options_of(settings, source, tuple(filters[source.name]))
        # more than our window: a broker may exceed it, and what comes again must be known
        unconfirmed = [] if new_session else inbox.unconfirmed(index, _KEPT)
        made = MqttSource(
            options, index, intake, stamps, name=source.name, unconfirmed=unconfirmed,
            confirmed=before.qos1 - len(unconfirmed),
            had_session=before.journaled > 0 and not new_session,
            known_filters=known.get(source.name, ()), events=reports,
        )  # fmt: skip
        out.append(made)
    return out
