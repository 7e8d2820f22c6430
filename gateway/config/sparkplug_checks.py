"""What a Sparkplug profile must say, and what it can't: rules as in profile_checks.py."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from gateway.config.field_checks import Found, listed
from gateway.config.profile_model import Profile
from gateway.config.profile_topics import topic_keys
from gateway.config.topic_template import TopicTemplate, covers, parse_template
from gateway.errors import ConfigError

__all__ = ["SPARKPLUG_RULES", "nodeless"]

_NAMESPACE = "spBv1.0"
_OF_NODES = ("NBIRTH", "NDATA", "NDEATH")
_OF_DEVICES = ("DBIRTH", "DDATA", "DDEATH")
_LIKE = "Write spBv1.0/{group}/NBIRTH/{node} and, of devices, spBv1.0/{group}/DBIRTH/{node}/{device}."
_ELSEWHERE = ("time", "records", "sequence")


def _topics(profile: Profile) -> Iterator[Found]:
    """Every topic is one of a node or a device, and where one of them is, all of its kind are."""
    if profile.codec != "sparkplug":
        return
    of: dict[tuple[str, ...], set[str]] = {}
    for key, text in topic_keys(profile, ignored=False):
        try:
            template = parse_template(text)
        except ValueError:
            continue  # said of the topic itself
        kind = _type_of(template)
        if kind is None:
            yield key, f"{text!r} is no topic of a Sparkplug birth, data or death", _LIKE
            continue
        levels = text.split("/")
        of.setdefault((*levels[:2], *levels[3:]), set()).add(kind)
    for place, kinds in of.items():
        wanted: Sequence[str] = _OF_NODES if len(place) == len(_OF_NODES) else _OF_DEVICES
        lost = [kind for kind in wanted if kind not in kinds]
        if lost:
            example = "/".join((*place[:2], lost[0], *place[2:]))
            yield "topics", f"lacks {listed(lost)} of {'/'.join(place[1:])}", f"Add {example}."


def _type_of(template: TopicTemplate) -> str | None:
    levels = template.levels
    if len(levels) not in (4, 5) or levels[0].variable is not None or levels[0].prefix != _NAMESPACE:
        return None
    if levels[2].variable is not None or any(level.many for level in levels):
        return None
    kind = levels[2].prefix
    return kind if kind in (_OF_NODES if len(levels) == 4 else _OF_DEVICES) else None


def _identity(profile: Profile) -> Iterator[Found]:
    if profile.codec == "sparkplug" and not profile.identity.edge_node:
        yield "identity", "is another than Sparkplug's", "Write edge_node = true: the key is group/node[/device]."
    if profile.codec != "sparkplug" and profile.identity.edge_node:
        yield "identity.edge_node", "only Sparkplug has edge nodes", "Use topic, path or object_key."


def _elsewhere(profile: Profile) -> Iterator[Found]:
    if profile.codec != "sparkplug":
        return
    for key in _ELSEWHERE:
        if vars(profile).get(key) is not None:
            yield key, "does not belong to Sparkplug, which says this by itself", "Remove it."
    if profile.compression != "none":
        yield "compression", "does not belong to Sparkplug, whose packed bodies say so themselves", "Remove it."
    if profile.redact.paths:
        yield "redact.paths", "does not belong to Sparkplug, which has no such paths", "Use variables, or remove it."


def _fields(profile: Profile) -> Iterator[Found]:
    for name, field in profile.fields.items() if profile.codec == "sparkplug" else ():
        if not all(vars(field).get("path", ("",))):
            yield f"fields.{name}.path", "is empty", 'Write the name of the metric, such as "Flow/Rate".'
        if vars(field).get("required"):
            yield f"fields.{name}.required", "Sparkplug sends what has changed: any metric may be absent", "Remove it."
        if vars(field).get("default") is not None:
            yield f"fields.{name}.default", "Sparkplug has no zeros to leave out", "Remove it."


def nodeless(profiles: Sequence[tuple[str, Profile]]) -> Iterator[ConfigError]:
    """Device topics whose edge nodes' births no profile takes in: such a session would never begin.

    Takes (file, profile or draft).
    """
    every = [
        (file, key, template, _type_of(template))
        for file, profile in profiles if vars(profile).get("codec") == "sparkplug"
        for key, template in _parsed(profile)
    ]  # fmt: skip
    births = [template for _, _, template, kind in every if kind == "NBIRTH"]
    for file, key, template, kind in every:
        if kind == "DBIRTH":
            levels = template.text.split("/")
            wanted = parse_template("/".join((levels[0], levels[1], "NBIRTH", levels[3])))
            if not any(covers(one, wanted) for one in births):
                problem = f"{template.text!r} is of edge nodes whose own births no profile takes in"
                yield ConfigError(file, key, problem, f"Add {wanted.text}, with NDATA and NDEATH, to one of them.")


def _parsed(profile: Profile) -> Iterator[tuple[str, TopicTemplate]]:
    for key, text in topic_keys(profile, ignored=False):
        with suppress(ValueError):  # said of the topic itself
            yield key, parse_template(text)


SPARKPLUG_RULES = (_topics, _identity, _elsewhere, _fields)
