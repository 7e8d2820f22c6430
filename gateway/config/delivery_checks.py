"""What live topics and notifications must agree with: the topics of devices, zones, conditions and profiles."""

from collections.abc import Collection, Iterator, Sequence

from gateway.config.filters import filters_overlap, source_filters
from gateway.config.notify_sections import NotifySettings
from gateway.config.profiles import Profile
from gateway.config.settings import Settings

__all__ = ["delivery_problems"]

Problem = tuple[str, str, str]
_CANARY = "mqtt.canary_topic"


def delivery_problems(
    settings: Settings, profiles: Sequence[Profile], zones: Collection[str], conditions: Collection[str]
) -> Iterator[Problem]:
    """(key, problem, remedy) of each."""
    yield from _heard(settings, profiles)
    yield from _unknown(settings.notify, zones, conditions, {profile.name for profile in profiles})


def _heard(settings: Settings, profiles: Sequence[Profile]) -> Iterator[Problem]:
    """What we publish must not come back as messages of devices."""
    ours = [(f"notify.topics[{k}].topic", each.topic) for k, each in enumerate(settings.notify.topics)]
    if settings.live.mqtt.enabled:
        ours.append(("live.mqtt.topic", settings.live.mqtt.topic))
    canaries = {source.canary_topic for source in settings.sources if source.canary == "on"}
    ours += [(_CANARY, topic) for topic in sorted(canaries)]
    for name, filters in source_filters(settings.sources, profiles).items():
        for key, topic in ours:
            for heard in filters:
                if filters_overlap(heard, topic) or filters_overlap(heard, f"{topic}/#"):
                    problem = f"{topic!r} lies within {heard!r} of source {name}: we would hear ourselves"
                    no_canary = ', or write canary = "off"' if key == _CANARY else ""
                    yield key, problem, f"Publish under another topic, or narrow the filter{no_canary}."


def _unknown(
    notify: NotifySettings, zones: Collection[str], conditions: Collection[str], profiles: Collection[str]
) -> Iterator[Problem]:
    """Names in routes that nothing bears: nobody would ever be told."""
    for k, route in enumerate(notify.routes):
        for zone in route.zones:
            if zone not in zones:
                yield f"notify.routes[{k}].zones", f"{zone!r} is no zone of the city", "Name one of [[zones]]."
        for condition in route.conditions:
            if condition not in conditions:
                remedy = "Name one of conditions.toml, such as gas.lel."
                yield f"notify.routes[{k}].conditions", f"{condition!r} is no condition", remedy
    for k, each in enumerate(notify.calibrations):
        if each.profile not in profiles:
            remedy = f"There are {', '.join(sorted(profiles))}."
            yield f"notify.calibrations[{k}].profile", f"{each.profile!r} is no profile", remedy
