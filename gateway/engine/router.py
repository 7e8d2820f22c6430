"""From a topic to its profile, and from profiles to the MQTT filters that bring their topics."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.codecs.sparkplug import is_command
from gateway.config.bounds import MAX_KEY_CHARS, Bounds
from gateway.config.profile_model import Profile
from gateway.config.profile_topics import by_specificity
from gateway.config.topic_template import TopicTemplate, fill
from gateway.reasons import Ignored, Rejected

__all__ = ["Match", "NoMatch", "Router"]

_BOUNDS = Bounds()
_MOST_COMMON = 1_000


@dataclass(frozen=True, slots=True)
class Match:
    """Which profile a topic belongs to."""

    profile: int
    """Index in the profiles that the router was given."""
    key: str | None
    """The device's key, where the topic holds it; None: it is in the payload."""
    names: tuple[str, ...] = ()
    """Of the topic's variables; all topics of a template share them."""
    values: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """What the topic says."""
        return dict(zip(self.names, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why messages of a topic are not read."""

    reason: Rejected | Ignored
    """Ignored: they carry no reading by design."""
    profile: int = -1
    """The profile that the topic belongs to all the same, and whose secrets it may hold; -1: none."""


_Way = tuple[int, TopicTemplate, Ignored | None, str | None]
"""Profile, template, why its messages are not read, template of the device's key."""


class Router:
    """Pure and without a cache: who routes the same topics again and again keeps the answers."""

    def __init__(self, profiles: Sequence[Profile], max_topic_bytes: int = _BOUNDS.max_topic_bytes) -> None:
        self._max_topic_bytes = max_topic_bytes
        self._common: dict[str, str] = {}
        every: list[tuple[int, TopicTemplate, Ignored | None]] = []
        for k, profile in enumerate(profiles):
            every.extend((k, template, None) for template in profile.templates)
            every.extend((k, template, reason) for template, reason in profile.ignored_topics)
        order = by_specificity([template for _, template, _ in every])
        self._of_levels: dict[int, list[_Way]] = {}
        """The ways that a topic of so many levels may go: a stranger's isn't tried on all templates."""
        self._order: list[_Way] = [(*every[place], profiles[every[place][0]].identity.topic) for place in order]

    def _one(self, value: str) -> str:
        """The same string for what many topics have in common, such as a zone."""
        shared = self._common
        return shared.setdefault(value, value) if len(shared) < _MOST_COMMON else shared.get(value, value)

    def _ways(self, levels: int) -> "list[_Way]":
        ways = self._of_levels.get(levels)
        if ways is None:
            ways = self._of_levels[levels] = [way for way in self._order if way[1].takes_levels(levels)]
        return ways

    def match(self, topic: str) -> Match | NoMatch:
        """The most specific profile of a topic, or why its messages are not read."""
        if len(topic) > self._max_topic_bytes or len(topic.encode("utf-8", "replace")) > self._max_topic_bytes:
            return NoMatch(Rejected.TOPIC_TOO_LONG)
        if not topic or any(sign in topic for sign in "+#\0"):
            return NoMatch(Rejected.TOPIC_INVALID)
        for index, template, ignored, identity in self._ways(topic.count("/") + 1):
            variables = template.match(topic)
            if variables is None:
                continue
            if ignored is not None:
                return NoMatch(ignored, index)
            key = None if identity is None else fill(identity, variables)
            if key is not None and (len(key) > MAX_KEY_CHARS or not key.isprintable()):
                return NoMatch(Rejected.IDENTITY_INVALID, index)
            values = tuple(map(self._one, variables.values()))
            if key in values:
                key = values[values.index(key)]  # one string, not two: there is one for each device
            return Match(index, key, template.variables, values)
        # they come with what a Sparkplug edge node says, for that is one subscription (config/filters.py)
        return NoMatch(Ignored.NO_READING if is_command(topic) else Rejected.TOPIC_UNKNOWN)
