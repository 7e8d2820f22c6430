"""Rules that join several options. Each broken one is a (key, problem, remedy); all of them are said at once."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from gateway.config.connections import MAX_CONNECTIONS, connections_of, share_name_of, shared_filters
from gateway.config.drafts import judge
from gateway.config.filters import filter_problem, filters_overlap
from gateway.config.notify_rules import NOTIFY_RULES
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings

__all__ = ["Broken", "broken_rules"]


class Broken(NamedTuple):
    """One rule that a configuration breaks."""

    key: str
    problem: str
    remedy: str


def broken_rules(settings: Settings, *, draft: bool = False) -> list[Broken]:
    """Every rule that `settings` breaks, in the order of the sample file; of a draft those that can be judged."""
    every = (*_of_connections(settings, draft), *judge(_RULES, settings, draft=draft), *_of_notify(settings, draft))
    return list(dict.fromkeys(every))


def _of_connections(settings: Settings, draft: bool) -> Iterator[Broken]:
    base = vars(settings).get("mqtt")
    for index, source in enumerate(vars(settings).get("sources", ())):
        for broken in judge(_CONNECTION_RULES, source, draft=draft):
            # what a source has from [mqtt] is said once, there
            inherited = base is not None and vars(source).get(broken.key) == vars(base).get(broken.key)
            yield broken._replace(key=f"{'mqtt' if inherited else f'sources[{index}]'}.{broken.key}")


def _of_notify(settings: Settings, draft: bool) -> Iterator[Broken]:
    notify = vars(settings).get("notify")
    if notify is not None:
        yield from (Broken(*problem) for problem in judge(NOTIFY_RULES, notify, draft=draft))


def _keep_alive(mqtt: SourceSettings) -> Iterator[Broken]:
    if mqtt.keep_alive_secs <= 5:
        yield Broken("keep_alive_secs", f"is {mqtt.keep_alive_secs}, and some brokers refuse less than 6", "Write 30.")


def _session(mqtt: SourceSettings) -> Iterator[Broken]:
    if mqtt.qos == 1 and mqtt.session_expiry_secs == 0:
        yield Broken(
            "session_expiry_secs", "is 0, so the broker forgets our messages whenever we are away",
            "Write 86400, or qos = 0 if losing them is meant.",
        )  # fmt: skip


def _certificate(mqtt: SourceSettings) -> Iterator[Broken]:
    if (mqtt.cert_file is None) != (mqtt.key_file is None):
        given, absent = ("cert_file", "key_file") if mqtt.key_file is None else ("key_file", "cert_file")
        yield Broken(absent, f"is missing beside {given}", f"Give both, or leave {given} out.")


def _tls(mqtt: SourceSettings) -> Iterator[Broken]:
    if mqtt.tls == "off":
        for name in ("ca_file", "cert_file", "key_file", "server_name"):
            if vars(mqtt).get(name) is not None:
                yield Broken(name, 'is given, but tls is "off"', 'Write tls = "on", or leave it out.')


def _filters(mqtt: SourceSettings) -> Iterator[Broken]:
    for topic_filter in mqtt.filters:
        problem = filter_problem(topic_filter)
        if problem:
            yield Broken("filters", f"{topic_filter!r} {problem}", "Write filters like city/+/traffic/#.")


def _share_name(mqtt: SourceSettings) -> Iterator[Broken]:
    name = share_name_of(mqtt)
    if name and set(name) & set("/+#\0"):
        given = "share_name" if mqtt.share_name else "client_id"
        yield Broken(given, f"{name!r} can't name a shared subscription: it holds one of / + #",
                     "Give a share_name of letters, digits and dashes.")  # fmt: skip


def _canary(mqtt: SourceSettings) -> Iterator[Broken]:
    if mqtt.canary == "on" and set(mqtt.canary_topic) & set("+#\0"):
        yield Broken("canary_topic", "holds a wildcard, and nothing can be published there", "Write cityloom/canary.")


def _number(settings: Settings) -> Iterator[Broken]:
    number = sum(source.connections for source in settings.sources)
    if number > MAX_CONNECTIONS:
        yield Broken("sources", f"has {number} connections", f"Use at most {MAX_CONNECTIONS}.")


def _connection_names(settings: Settings) -> Iterator[Broken]:
    given = {source.name for source in settings.sources}
    for connection in connections_of(settings.sources):
        source = connection.source
        if connection.name != source.name and connection.name in given:
            yield Broken("sources", f"{connection.name!r} would name a connection of {source.name!r} too",
                         f"Give another name than {source.name!r} or {connection.name!r}.")  # fmt: skip


def _pairs(settings: Settings) -> Iterator[tuple[int, SourceSettings, int, SourceSettings]]:
    if len(settings.sources) <= MAX_CONNECTIONS:
        for (i, a), (j, b) in combinations(enumerate(settings.sources), 2):
            yield i, a, j, b


def _names(settings: Settings) -> Iterator[Broken]:
    for i, a, j, b in _pairs(settings):
        if a.name == b.name:
            yield Broken(f"sources[{j}].name", f"{b.name!r} is the name of sources[{i}] too", "Give each its own name.")


def _at_one_broker(settings: Settings) -> Iterator[Broken]:
    for i, a, j, b in _pairs(settings):
        if (a.host, a.port) != (b.host, b.port):
            continue
        if a.client_id == b.client_id:
            yield Broken(
                f"sources[{j}].client_id", f"{b.client_id!r} is that of sources[{i}] too, at the same broker",
                "Give each its own, or leave it out: then it is made from the name.",
            )  # fmt: skip
        if not a.filters or not b.filters:
            yield Broken(
                f"sources[{i if not a.filters else j}].filters", "is empty, but another source uses the same broker",
                "Give each source its own filters, so that no message comes twice.",
            )  # fmt: skip
        for one in shared_filters(a.filters, share_name_of(a)):
            for other in shared_filters(b.filters, share_name_of(b)):
                if filters_overlap(one, other):
                    yield Broken(
                        f"sources[{j}].filters", f"{other!r} overlaps with {one!r} of sources[{i}]",
                        "Part them, or put both into one shared subscription ($share/<group>/<filter>).",
                    )  # fmt: skip


def _clock_times(settings: Settings) -> Iterator[Broken]:
    clock = settings.clock
    for name in ("origin", "start"):
        given = getattr(clock, name) is not None
        if clock.kind == "scaled" and not given:
            yield Broken(f"clock.{name}", 'is missing, but kind is "scaled"', "Write a time like 2026-03-02T06:00:00Z.")
        if clock.kind == "system" and given:
            yield Broken(f"clock.{name}", 'is given, but kind is "system"', 'Write kind = "scaled", or leave it out.')


def _clock_speed(settings: Settings) -> Iterator[Broken]:
    clock = settings.clock
    if clock.kind == "system" and clock.speed != 1:
        yield Broken(
            "clock.speed", f'is {clock.speed:g}, but kind is "system"', 'Write kind = "scaled", or leave it out.'
        )


def _stores(settings: Settings) -> Iterator[Broken]:
    if not settings.enabled_stores:
        yield Broken("stores", "none is enabled", "Write enabled = true in [stores.duckdb] or [stores.influxdb].")


def _influx_token(settings: Settings) -> Iterator[Broken]:
    influx = settings.stores.influxdb
    given = (influx.token, influx.token_file, influx.read_token, influx.read_token_file)
    if influx.enabled and not any(given):  # `cityloom api` has enough with the one for reading
        yield Broken("stores.influxdb.token", "is missing", "Give token_file, or CITYLOOM_STORES__INFLUXDB__TOKEN.")


def _influx_buckets(settings: Settings) -> Iterator[Broken]:
    influx = settings.stores.influxdb
    buckets = (influx.raw_bucket, influx.fine_bucket, influx.coarse_bucket)
    if influx.enabled and len(set(buckets)) < len(buckets):
        yield Broken("stores.influxdb.raw_bucket", f"the buckets {', '.join(buckets)} are not three",
                     "Give each class its own: each has its own retention.")  # fmt: skip


def _decompressed(settings: Settings) -> Iterator[Broken]:
    if settings.bounds.max_decompressed_bytes < settings.bounds.max_payload_bytes:
        yield Broken("bounds.max_decompressed_bytes", "is below max_payload_bytes", "Write at least as much.")


def _inbox(settings: Settings) -> Iterator[Broken]:
    least = 16 * settings.bounds.max_payload_bytes
    if settings.inbox.quota_bytes < least:
        yield Broken("inbox.quota_bytes", "holds less than 16 of the largest messages", f"Write at least {least}.")


def _clock_bound(settings: Settings) -> Iterator[Broken]:
    if settings.engine.clock_bound_secs > settings.engine.max_ahead_secs:
        yield Broken("engine.clock_bound_secs", "is above max_ahead_secs, so no device could ever be found out",
                     "Write at most max_ahead_secs.")  # fmt: skip


def _reviser(settings: Settings) -> Iterator[Broken]:
    if settings.reviser.quiet_secs > settings.reviser.max_age_secs:
        yield Broken("reviser.quiet_secs", "is above max_age_secs", "Write at most max_age_secs.")


_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  compared with, not listened on


def _web_certificate(settings: Settings) -> Iterator[Broken]:
    web = settings.web
    if (web.cert_file is None) != (web.key_file is None):
        given, absent = ("cert_file", "key_file") if web.key_file is None else ("key_file", "cert_file")
        yield Broken(f"web.{absent}", f"is missing beside {given}", f"Give both, or leave {given} out.")


def _ports(settings: Settings) -> Iterator[Broken]:
    web, http = settings.web, settings.http
    one_host = web.host == http.host or not _EVERYWHERE.isdisjoint((web.host, http.host))
    if web.enabled and web.port and web.port == http.port and one_host:
        yield Broken("web.port", f"is {web.port}, the port of [http] too", "Give each its own.")


# each by itself, so that a draft loses only the rules that need what it lacks
_CONNECTION_RULES = (_keep_alive, _session, _certificate, _tls, _filters, _share_name, _canary)
_RULES = (
    _number, _names, _connection_names, _at_one_broker, _clock_times, _clock_speed, _stores, _influx_token,
    _influx_buckets, _decompressed, _inbox, _clock_bound, _reviser, _web_certificate,
    _ports,
)  # fmt: skip
