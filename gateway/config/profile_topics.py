"""Which of several profiles a topic belongs to: the more specific template wins, and a tie is an error."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from gateway.config.profile_model import Profile
from gateway.config.topic_template import TopicTemplate, covers, overlap, parse_template
from gateway.errors import ConfigError

__all__ = ["by_specificity", "ties", "topic_keys"]


def by_specificity(templates: Sequence[TopicTemplate]) -> list[int]:
    """Indices of templates, the more specific first. Overlapping ones are nested (`ties`)."""
    within = [sum(covers(b, a) for b in templates) for a in templates]
    return sorted(range(len(templates)), key=lambda k: (-within[k], k))


def topic_keys(profile: Profile, *, ignored: bool = True) -> Iterator[tuple[str, str]]:
    """(key, text) of every template of a profile or draft, with those of its ignore rules or without."""
    given = vars(profile)
    if given.get("topic") is not None:
        yield "topic", given["topic"]
    for k, text in enumerate(given.get("topics", ())):
        yield f"topics[{k}]", text
    for k, rule in enumerate(given.get("ignore", ()) if ignored else ()):
        for n, text in enumerate(vars(rule).get("topics", ())):
            yield f"ignore[{k}].topics[{n}]", text


def ties(profiles: Sequence[tuple[str, Profile]]) -> Iterator[ConfigError]:
    """Topics that fit two templates of which neither is the more specific. Takes (file, profile or draft).

    Two that one profile ignores may: it is all the same which of them is meant.
    """
    every = [(file, *one) for file, profile in profiles for one in _templates(profile)]
    for k, (file, key, template) in enumerate(every):
        for other_file, other_key, other in every[:k]:
            if other_file == file and key.startswith("ignore") and other_key.startswith("ignore"):
                continue
            if overlap(other, template) and covers(other, template) == covers(template, other):
                whose = "" if other_file == file else f" of {other_file}"
                yield ConfigError(
                    file, key, f"{template.text!r} and {other.text!r}{whose} fit the same topics, and neither is the "
                    "more specific", "Write a literal level that only one of them has.",
                )  # fmt: skip


def _templates(profile: Profile) -> Iterator[tuple[str, TopicTemplate]]:
    for key, text in topic_keys(profile):
        with suppress(ValueError):  # said by the profile's own rules
            yield key, parse_template(text)
