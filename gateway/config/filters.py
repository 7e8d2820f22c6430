"""MQTT topic filters: whether one is valid, whether two overlap, and which ones the profiles and sources ask for."""

from collections.abc import Mapping, Sequence

from gateway.config.profiles import Profile
from gateway.config.sections import SourceSettings
from gateway.config.topic_template import TopicTemplate, filter_covers

__all__ = ["filter_problem", "filters_of", "filters_overlap", "source_filters", "unheard"]


def filter_problem(text: str) -> str:
    """What makes `text` no MQTT filter (MQTT 5, 4.7 and 4.8.2); "" where nothing does."""
    if text.startswith("$share/"):
        group, slash, rest = text.removeprefix("$share/").partition("/")
        if not group or not slash or "+" in group or "#" in group:
            return "is no shared subscription: $share/<group>/<filter>"
        return filter_problem(rest)
    if not text:
        return "is empty"
    if "\0" in text or len(text.encode()) > 65535:
        return "holds a null character or is longer than 65535 bytes"
    levels = text.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return "has a # that is not the last level by itself"
    if any("+" in level and level != "+" for level in levels):
        return "has a + that is not a level by itself"
    return ""


def filters_overlap(a: str, b: str) -> bool:
    """Whether a message could come through both. Members of one shared group share, so they don't overlap."""
    if a.startswith("$share/") and b.startswith("$share/") and a.split("/")[1] == b.split("/")[1]:
        return False
    ours, theirs = _plain(a).split("/"), _plain(b).split("/")
    if (ours[0] in ("+", "#")) != (theirs[0] in ("+", "#")) and (ours[0] + theirs[0]).lstrip("+#").startswith("$"):
        return False
    for place in range(max(len(ours), len(theirs))):
        one = ours[place] if place < len(ours) else None
        other = theirs[place] if place < len(theirs) else None
        if "#" in (one, other):
            # nothing but an empty first level is no topic: + and /# have none in common
            return not (place == 1 and None in (one, other) and "" in (ours[0], theirs[0]))
        if one is None or other is None or (one != other and "+" not in (one, other)):
            return False
    return True


def filters_of(profiles: Sequence[Profile]) -> tuple[str, ...]:
    """The fewest filters that take in every topic of `profiles`, sorted.

    All that a Sparkplug edge node says comes through one: a broker keeps the order within a subscription, not across
    them (MQTT 5, 4.6), and data that overtakes its birth can't be read. Commands to the node come with it.
    """
    every = sorted({_filter_of(profile, template) for profile in profiles for template in profile.templates})
    return tuple(one for one in every if not any(other != one and filter_covers(other, one) for other in every))


def source_filters(sources: Sequence[SourceSettings], profiles: Sequence[Profile]) -> dict[str, tuple[str, ...]]:
    """What each source subscribes to, by its name: its own filters, or else those of the profiles."""
    derived = filters_of(profiles)
    return {source.name: source.filters or derived for source in sources}


def unheard(filters: Mapping[str, Sequence[str]], profiles: Sequence[Profile]) -> list[tuple[Profile, str]]:
    """Profiles and those of their topics that no source subscribes to."""
    every = [one for several in filters.values() for one in several]
    return [
        (profile, template.text) for profile in profiles for template in profile.templates
        if not any(filters_overlap(template.mqtt_filter, one) for one in every)
    ]  # fmt: skip


def _filter_of(profile: Profile, template: TopicTemplate) -> str:
    if profile.codec != "sparkplug":
        return template.mqtt_filter
    namespace, group, _, node, *device = template.mqtt_filter.split("/")
    return "/".join((namespace, group, "+", node, *("#" for _ in device)))


def _plain(text: str) -> str:
    return text.split("/", 2)[2] if text.startswith("$share/") else text
