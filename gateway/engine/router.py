"""From a topic to its profile, and from profiles to the MQTT filters that bring their topics."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config.bounds import MAX_KEY_CHARS, Bounds
from gateway.config.profile_model import Profile
from gateway.config.profile_topics import by_specificity
from gateway.config.topic_template import fill, filter_covers
from gateway.reasons import Rejected

__all__ = ["Match", "Router", "subscription_filters"]

_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Match:
    """Which profile a topic belongs to."""

    profile: int
    """Index in the profiles that the router was given."""
    key: str | None
    """The device's key, where the topic holds it; None: it is in the payload."""
    variables: dict[str, str]


class Router:
    """Pure and without a cache: who routes the same topics again and again keeps the answers."""

    def __init__(self, profiles: Sequence[Profile], max_topic_bytes: int = _BOUNDS.max_topic_bytes) -> None:
        self._max_topic_bytes = max_topic_bytes
        templates = [profile.template for profile in profiles]
        self._order = [(k, templates[k], profiles[k].identity.topic) for k in by_specificity(templates)]

    def match(self, topic: str) -> Match | Rejected:
        """The most specific profile of a topic, or why there is none."""
        if len(topic) > self._max_topic_bytes or len(topic.encode("utf-8", "replace")) > self._max_topic_bytes:
            return Rejected.TOPIC_TOO_LONG
        if not topic or any(sign in topic for sign in "+#\0"):
            return Rejected.TOPIC_INVALID
        for index, template, identity in self._order:
            variables = template.match(topic)
            if variables is None:
                continue
            key = None if identity is None else fill(identity, variables)
            if key is not None and (len(key) > MAX_KEY_CHARS or not key.isprintable()):
                return Rejected.IDENTITY_INVALID
            return Match(index, key, variables)
        return Rejected.TOPIC_UNKNOWN


def subscription_filters(profiles: Sequence[Profile]) -> tuple[str, ...]:
    """The fewest MQTT filters that take in every topic of the profiles, sorted; none covers another."""
    filters = sorted({profile.template.mqtt_filter for profile in profiles})
    return tuple(one for one in filters if not any(filter_covers(other, one) for other in filters if other != one))
