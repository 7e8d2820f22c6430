"""The MQTT sources of a configuration: what each connection is told, and what it resumes from."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.config.connections import Connection, canary_topic_of, connections_of, share_name_of, shared_filters
from gateway.config.content import EngineContent
from gateway.config.filters import source_filters
from gateway.config.profiles import load_profiles
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings
from gateway.journal.inbox import Inbox, SourceTotals
from gateway.mqtt.changeable import ChangeableSource
from gateway.mqtt.options import MqttOptions, TlsOptions
from gateway.runtime.intake import Intake, Stamps
from gateway.runtime.session_notes import SessionNotes
from gateway.runtime.source_reports import SourceReports

__all__ = ["make_source", "make_sources", "options_of", "wanted_of"]

_KEPT = 65_535
"""Messages in flight at most, by the protocol."""


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
        watch_sys=source.watch_sys == "on", canary_secs=source.canary_secs,
        canary_timeout_secs=source.canary_timeout_secs,
    )  # fmt: skip


def make_sources(
    settings: Settings, content: EngineContent, inbox: Inbox, intake: Intake, stamps: Stamps, reports: SourceReports,
    notes: SessionNotes, *, new_session: bool,
) -> list[ChangeableSource]:  # fmt: skip
    """One source a connection, also for those that are retired. `new_session`: the broker can't know us."""
    filters = source_filters(settings.sources, load_profiles(content.profiles))
    before = notes.read()
    noted = [name for name, held in before.filters.items() if held]
    sources = [
        make_source(
            settings, connection, filters[connection.source.name], inbox, intake, stamps, reports, notes,
            new_session=new_session,
        )
        for connection in connections_of(settings.sources, noted, before.numbers)
    ]  # fmt: skip
    if sources:
        notes.take(sources)
    return sources


def make_source(
    settings: Settings, connection: Connection, filters: Sequence[str], inbox: Inbox, intake: Intake, stamps: Stamps,
    reports: SourceReports, notes: SessionNotes, *, new_session: bool,
) -> ChangeableSource:  # fmt: skip
    """The source of one connection; `filters` are those of the source that it belongs to."""
    number, name, source = connection.number, connection.name, connection.source
    before, known = inbox.totals().get(number, SourceTotals()), notes.read()
    options = replace(
        options_of(settings, source, wanted_of(connection, filters)), client_id=connection.client_id,
        canary_topic=canary_topic_of(connection),
        # one of several counts for all: the broker's figure is of all its clients
        watch_sys=source.watch_sys == "on" and name == source.name,
    )  # fmt: skip
    # more than our window: a broker may exceed it, and what comes again must be known
    unconfirmed = [] if new_session else inbox.unconfirmed(number, _KEPT)
    return ChangeableSource(
        options, number, intake, stamps, name=name, unconfirmed=unconfirmed,
        confirmed=before.qos1 - len(unconfirmed), had_session=before.journaled > 0 and not new_session,
        known_filters=known.filters.get(name, ()), canary_proven=name in known.canaries, events=reports,
    )  # fmt: skip


def wanted_of(connection: Connection, filters: Sequence[str]) -> tuple[str, ...]:
    """What a connection subscribes to; nothing where it is retired."""
    return () if connection.retired else shared_filters(filters, share_name_of(connection.source))
