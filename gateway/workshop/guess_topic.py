"""Topics folded into templates: levels that vary, or look like the name of one device, become variables.

    city/tianhe/noise/n-01/log   \
    city/tianhe/noise/n-02/log    >  city/{city}/noise/{device}/log
    city/yuexiu/noise/n-07/log   /
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.workshop.message import is_secret_name

__all__ = ["Family", "Shape", "fold", "is_id", "template_of"]

_MANY = 8
"""So many different words at one level are names of something."""
_MOST_FOLDS = 20
_WORD = re.compile(r"[A-Za-z]+")
_VERSION = re.compile(r"v\d{1,2}(?:\.\d+)?|[a-z]{1,12}[bv]v?\d\.\d|gen\d|[a-z]{2,}[24][a-z]{2,}", re.IGNORECASE)
"""Versions, and bridges such as zigbee2mqtt."""
_SECRET = re.compile(r"(?=.*[0-9])(?=.*[g-zG-Z])[A-Za-z0-9]{20,}")
_ROLES = frozenset({
    "reading", "readings", "up", "uplink", "state", "status", "telemetry", "data", "attrs", "attributes", "sensor",
    "sensors", "event", "events", "value", "values", "post", "report", "payload", "measurement", "measurements",
    "tele", "stat", "log", "lines", "pack", "rpc", "json", "raw", "out", "output", "update", "message", "messages",
    "info", "online", "lwt", "speed", "record", "level", "msg", "pub", "publish", "properties", "property",
})  # fmt: skip
Shape = tuple[str, frozenset[str]]
"""What a topic's payloads look like: their codec, and the places in them."""
_NOTHING: Shape = ("", frozenset())
_PLACES = frozenset({
    "zone", "site", "area", "city", "building", "room", "tenant", "application", "group", "line", "plant", "street",
    "district", "floor",
})  # fmt: skip
_DEVICES = frozenset({
    "device", "devices", "dev", "node", "nodes", "meter", "meters", "sensor", "sensors", "thing", "things",
    "station", "stations",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """Topics of one template."""

    levels: tuple[str | None, ...]
    """Each level, None where it varies."""
    topics: tuple[str, ...]

    @property
    def text(self) -> str:
        """The levels with {..} for those that vary, as a view shows them."""
        return "/".join("{..}" if level is None else level for level in self.levels)

    @property
    def filter(self) -> str:
        """The MQTT filter that takes in all of them."""
        return "/".join("+" if level is None else level for level in self.levels)


def is_id(level: str) -> bool:
    """Whether a level looks like the name of one thing among many: it has a figure, and is no version."""
    return any(sign.isdigit() for sign in level) and _VERSION.fullmatch(level) is None


def fold(topics: Sequence[str], shapes: Mapping[str, Shape] | None = None) -> list[Family]:
    """Families of topics, in order of their text. Topics of one codec and about the same places that differ in one
    level belong together; those of different codecs never do."""
    families: _Families = {}
    for topic in sorted(set(topics)):
        levels = tuple(None if level and (is_id(level) or _is_odd(level)) else level for level in topic.split("/"))
        codec, places = (shapes or {}).get(topic, _NOTHING)
        topics_so_far, places_so_far = families.get((codec, levels), ([], frozenset()))
        families[codec, levels] = ([*topics_so_far, topic], places_so_far | places)
    for _ in range(_MOST_FOLDS):
        families, merged = _merged(families)
        if not merged:
            break
    found = [Family(levels, tuple(sorted(members))) for (_, levels), (members, _) in families.items()]
    return sorted(found, key=lambda family: (family.text, family.topics))


_Key = tuple[str, tuple[str | None, ...]]
_Families = dict[_Key, tuple[list[str], frozenset[str]]]


def _merged(families: _Families) -> tuple[_Families, bool]:
    """Levels folded where they may be, each family once."""
    alike: dict[tuple[str, int, tuple[str | None, ...]], list[_Key]] = {}
    for codec, levels in families:
        for place, level in enumerate(levels):
            if level != "":
                alike.setdefault((codec, place, (*levels[:place], None, *levels[place + 1 :])), []).append(
                    (codec, levels)
                )
    # the level with most words first; of messages that tell something two are enough
    order = sorted(
        ((key, members) for key, members in alike.items() if len(members) > 1),
        key=lambda one: (-len(one[1]), one[0][1], str(one[0])),
    )
    out, changed = dict(families), False
    for (codec, place, levels), members in order:
        if not all(member in out and out[member] is families.get(member) for member in members):
            continue  # folded already at another level: looked at again in the next round
        words = {levels[place] for _, levels in members}
        role = any(word is not None and word.lower() in _ROLES for word in words)
        told = [families[member][1] for member in members]
        if len(words) > _MANY or None in words or (not role and all(_alike(told[0], other) for other in told[1:])):
            for member in members:
                del out[member]
            old = out.get((codec, levels), ([], frozenset()))
            topics = [*old[0], *(topic for member in members for topic in families[member][0])]
            out[codec, levels] = (topics, old[1].union(*told))
            changed = True
    return out, changed


def _alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two kinds of payload hold about the same places; of bare values nobody knows."""
    return len(a | b) > 0 and 2 * len(a & b) >= len(a | b) and a != {"$"}


def _is_odd(level: str) -> bool:
    """Whether a template can't have it as it stands."""
    return any(sign in level for sign in "{}+#") or not level.isprintable()


def template_of(family: Family) -> tuple[str, tuple[str, ...]]:
    """(template as profiles write it, with a variable `device`; variables that are secrets)."""
    levels = list(family.levels)
    columns = list(zip(*(topic.split("/") for topic in family.topics), strict=True))
    varying = [k for k, level in enumerate(levels) if level is None]
    if not varying:
        free = [
            k for k, level in enumerate(levels) if level and not level.startswith("$") and level.lower() not in _ROLES
        ]
        varying = free[-1:] or [len(levels) - 1]
    secrets = [k for k in varying if len(varying) > 1 and all(_SECRET.fullmatch(text) for text in columns[k])]
    left = [k for k in varying if k not in secrets] or varying
    after = [k for k in left if k and (levels[k - 1] or "").lower() in _DEVICES]
    most = max(len(set(columns[k])) for k in left)
    fits = [k for k in left if is_id(columns[k][0])] or left
    device = after[0] if after else max(fits, key=lambda k: (len(set(columns[k])) == most, k))
    names: dict[int, str] = {device: "device"}
    for number, k in enumerate(secrets):
        names[k] = "apikey" if not number else f"apikey_{number + 1}"
    for k in varying:
        if k not in names:
            names[k] = _name(levels[k - 1] if k else None, k, set(names.values()))
    text = "/".join(f"{{{names[k]}}}" if k in names else str(level) for k, level in enumerate(levels))
    return text, tuple(names[k] for k in secrets)


def _name(before: str | None, place: int, taken: set[str]) -> str:
    word = "_".join(_WORD.findall(before or "")).lower()
    word = word[:-1] if word.endswith("s") and len(word) > 4 else word if word in _PLACES else ""
    if not word or word in taken or word in _ROLES or is_secret_name(word):
        return f"level_{place + 1}"
    return word
