"""Topics to profiles, and filters, against slow references that share no code with ours.

first byte even: profiles made up, then topics.   odd: two filters, and a topic.
"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from gateway.config.filters import filter_problem, filters_of, filters_overlap
from gateway.config.profile_model import Profile
from gateway.config.profiles import load_profiles
from gateway.config.topic_template import filter_covers, parse_template
from gateway.engine.router import Match, NoMatch, Router
from gateway.engine.routes import Routes
from gateway.errors import ConfigErrors
from gateway.mqtt.topics import matches
from gateway.reasons import Ignored, Rejected
from tests.fuzz.refusals import well_said
from tests.fuzz.source import Source
from tests.fuzz.topic_reference import UNIVERSE, WORDS, filter_takes, filter_valid, template_takes

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [b"/", b"+", b"#", b"$", b"\0", b"$share/g/", b"{", b"}", b"...", b"\xed\xa0\x80", b"\xf0\x9f\x9a\xa6", b"a/b"]
_LEVELS = (*WORDS, "{x}", "{y}", "{z...}", "a{x}", "{x}b", "a{y}b", "${x}", "{x}(a)", "é")
_FILTERS = (*WORDS, "+", "#", "+", "#")
_CONTENT = {"interval_secs": 60, "time": {"format": "receipt"}, "fields": {"v": {"path": "v", "unit": "1"}}}
_LONGEST = 1024


def target(data: bytes) -> None:
    """Route topics, or compare filters."""
    source = Source(data)
    if source.flag():
        _filters(source)
    else:
        _routes(source)


def _routes(source: Source) -> None:
    tables = []
    for k in range(1 + source.below(3)):
        topics = ["/".join(source.one(_LEVELS) for _ in range(1 + source.below(3))) for _ in range(1 + source.below(2))]
        ignored = ["/".join(source.one(_LEVELS) for _ in range(1 + source.below(3))) for _ in range(source.below(2))]
        variable = source.one(("x", "y", "z", None))
        tables.append((f"p{k}", tuple(topics), tuple(ignored), variable))
    found = _loaded(tuple(tables))
    if found is None:
        return
    profiles, takers, expected = found
    router = Router(profiles)
    listed = [source.one(UNIVERSE) for _ in range(source.below(6))]
    for topic in (*listed, source.rest().decode("utf-8", "surrogateescape")):
        match = router.match(topic)
        if len(topic.encode("utf-8", "replace")) > _LONGEST:
            assert match == NoMatch(Rejected.TOPIC_TOO_LONG)
        elif not topic or set(topic) & set("+#\0"):
            assert match == NoMatch(Rejected.TOPIC_INVALID)
        else:
            _judge(topic, match, profiles, takers)
    routes = Routes(router)
    numbers = routes.of([*UNIVERSE, *listed])
    assert [routes.match[number] for number in numbers[: len(UNIVERSE)]] == expected
    assert routes.of(listed).tolist() == numbers[len(UNIVERSE) :].tolist()


_Taker = tuple[int, str, Ignored | None, frozenset[str]]
"""Profile, template, why its messages are ignored, the topics of the universe that fit."""


@lru_cache(maxsize=64)
def _loaded(
    tables: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str | None], ...],
) -> tuple[tuple[Profile, ...], list[_Taker], list[Match | NoMatch]] | None:
    made: dict[str, Any] = {}
    for name, topics, ignored, variable in tables:
        identity = {"path": "id"} if variable is None else {"topic": "{" + variable + "}"}
        made[name] = {"name": name, "topics": topics, "identity": identity, **_CONTENT}
        if ignored:
            made[name]["ignore"] = [{"topics": list(ignored), "reason": "no_reading"}]
    try:
        profiles = load_profiles(made)
    except ConfigErrors as errors:
        for problem in errors.problems:
            well_said(problem, problem.file)
        return None
    takers: list[_Taker] = []
    for k, profile in enumerate(profiles):
        takers.extend((k, text, None, _takes(text)) for text in profile.topic_texts)
        takers.extend((k, each.text, reason, _takes(each.text)) for each, reason in profile.ignored_topics)
    router = Router(profiles)
    expected = [router.match(topic) for topic in UNIVERSE]
    filters = filters_of(profiles)
    for topic, match in zip(UNIVERSE, expected, strict=True):
        _judge(topic, match, profiles, takers)
        read = isinstance(match, Match)
        assert not read or any(filter_takes(one, topic) for one in filters), f"no filter of {filters} brings {topic!r}"
    return profiles, takers, expected


def _takes(text: str) -> frozenset[str]:
    return frozenset(topic for topic in UNIVERSE if template_takes(text, topic) is not None)


def _judge(topic: str, match: Match | NoMatch, profiles: Sequence[Profile], takers: Sequence[_Taker]) -> None:
    """The template that wins is the one whose topics lie within those of all others that take the topic."""
    fitting = [taker for taker in takers if template_takes(taker[1], topic) is not None]
    if not fitting:
        assert match == NoMatch(Rejected.TOPIC_UNKNOWN), f"nothing fits {topic!r}"
        return
    least = min((taker[3] for taker in fitting), key=len)
    assert all(least <= taker[3] for taker in fitting), f"{topic!r} fits two that are not one within the other"
    winners = [taker for taker in fitting if taker[3] == least]
    answers = [_answer(topic, profiles, *winner[:3]) for winner in winners]
    assert match in answers, f"{topic!r} leads to {match}, not to {answers}"


def _answer(
    topic: str, profiles: Sequence[Profile], profile: int, text: str, reason: Ignored | None
) -> Match | NoMatch:
    variables = template_takes(text, topic)
    assert variables is not None
    if reason is not None:
        return NoMatch(reason, profile)
    identity = profiles[profile].identity.topic
    key = None if identity is None else variables[identity.strip("{}")]
    if key is not None and (len(key) > 256 or not key.isprintable()):
        return NoMatch(Rejected.IDENTITY_INVALID, profile)
    return Match(profile, key, tuple(variables), tuple(variables.values()))


def _filters(source: Source) -> None:
    one, other = ("/".join(source.one(_FILTERS) for _ in range(1 + source.below(3))) for _ in range(2))
    text = source.rest().decode("utf-8", "replace")
    assert (filter_problem(text) == "") == filter_valid(text), f"{text!r}: {filter_problem(text)}"
    if filter_valid(text) and text:
        assert [matches(text, topic) for topic in UNIVERSE] == [filter_takes(text, topic) for topic in UNIVERSE]
    with contextlib.suppress(ValueError):
        parse_template(text)
    if not (filter_valid(one) and filter_valid(other)):
        return
    ours, theirs = ({topic for topic in UNIVERSE if filter_takes(each, topic)} for each in (one, other))
    assert {topic for topic in UNIVERSE if matches(one, topic)} == ours
    assert filters_overlap(one, other) == bool(ours & theirs), f"{one} and {other} overlap at {ours & theirs}"
    assert filters_overlap(other, one) == filters_overlap(one, other)
    if filter_covers(one, other):
        assert ours >= theirs, f"{one} covers {other}, but not {sorted(theirs - ours)}"


def inputs() -> st.SearchStrategy[bytes]:
    """Bytes: nearly all are decisions; texts of topics at the end."""
    text = st.lists(
        st.sampled_from(TOKENS) | st.text(max_size=3).map(lambda t: t.encode("utf-8", "surrogatepass")), max_size=8
    )
    return st.builds(lambda head, tail: head + b"".join(tail), st.binary(min_size=1, max_size=30), text)


def seeds() -> Sequence[bytes]:
    """A template within another, filters that overlap, a topic beyond the bound."""
    return [
        bytes([0, 0, 1, 1, 0, 5, 0, 0, 0]) + b"a/1",
        bytes([0, 0, 2, 0, 7, 0, 0, 2]) + b"a" * 1030,
        bytes([1, 1, 0, 5, 1, 0, 6]) + b"$share/g/+/#",
        bytes([1, 0, 5, 0, 3]) + b"+a",
    ]
