"""Which of several profiles a topic belongs to: the more specific template wins, and a tie is an error."""

from collections.abc import Iterator, Sequence

from gateway.config.profile_model import Profile
from gateway.config.topic_template import TopicTemplate, covers, overlap, parse_template
from gateway.errors import ConfigError

__all__ = ["by_specificity", "ties"]


def by_specificity(templates: Sequence[TopicTemplate]) -> list[int]:
    """Indices of templates, the more specific first. Overlapping ones are nested (`ties`)."""
    within = [sum(covers(b, a) for b in templates) for a in templates]
    return sorted(range(len(templates)), key=lambda k: (-within[k], k))


def ties(profiles: Sequence[tuple[str, Profile]]) -> Iterator[ConfigError]:
    """Topics that fit two templates of which neither is the more specific. Takes (file, profile or draft)."""
    every = [(file, *one) for file, profile in profiles for one in _templates(profile)]
    for k, (file, key, template) in enumerate(every):
        for other_file, _, other in every[:k]:
            if overlap(other, template) and covers(other, template) == covers(template, other):
                whose = "" if other_file == file else f" of {other_file}"
                yield ConfigError(
                    file, key, f"{template.text!r} and {other.text!r}{whose} fit the same topics, and neither is the "
                    "more specific", "Write a literal level that only one of them has.",
                )  # fmt: skip


def _templates(profile: Profile) -> Iterator[tuple[str, TopicTemplate]]:
    texts = [("topic", vars(profile).get("topic"))]
    for key, text in texts:
        if text is not None:
            try:
                yield key, parse_template(text)
            except ValueError:
                continue  # said by the profile's own rules
