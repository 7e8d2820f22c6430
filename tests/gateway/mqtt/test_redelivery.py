"""Which arrivals are redelivered: W on top, arrivals below, as in the pictures of redelivery.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.redelivery import Redelivery, SuffixMatcher


def _play(candidates: str, arrivals: str) -> tuple[str, str, str]:
    """(redelivered, new, held at the end)."""
    matcher = SuffixMatcher[str](candidates)
    redelivered, new = "", ""
    for content in arrivals:
        old, fresh = matcher.offer(content, content)
        redelivered += "".join(old)
        new += "".join(fresh)
    return redelivered, new, "".join(matcher.held)


@pytest.mark.parametrize(
    ("candidates", "arrivals", "redelivered", "new", "held"),
    [
        ("", "xy", "", "xy", ""),
        ("abc", "xy", "", "xy", ""),
        ("abc", "abcxy", "abc", "xy", ""),
        ("abc", "bcxy", "bc", "xy", ""),
        ("abc", "cxy", "c", "xy", ""),
        ("abc", "b", "", "", "b"),
        ("abc", "bx", "", "bx", ""),  # b c was expected: so b was new
        ("abc", "abx", "", "abx", ""),
        ("abc", "cc", "c", "c", ""),
        ("aaa", "aa", "aa", "", ""),
        ("aaa", "aaaa", "aaa", "a", ""),
        ("aba", "aba", "aba", "", ""),
        ("aba", "abx", "a", "bx", ""),  # the suffix "a" is whole, "aba" is not
        ("abab", "abab", "abab", "", ""),
        ("abab", "abx", "ab", "x", ""),
        ("xaab", "aab", "aab", "", ""),
        ("xaab", "ab", "ab", "", ""),
    ],
)
def test_the_longest_whole_suffix_is_redelivered(
    candidates: str, arrivals: str, redelivered: str, new: str, held: str
) -> None:
    assert _play(candidates, arrivals) == (redelivered, new, held)


@given(st.text("ab", max_size=12), st.text("abc", max_size=16))
def test_it_agrees_with_trying_every_suffix(candidates: str, arrivals: str) -> None:
    suffixes = [candidates[k:] for k in range(len(candidates))]
    whole = [suffix for suffix in suffixes if arrivals.startswith(suffix)]
    longest = max(whole, key=len, default="")
    pending = any(suffix.startswith(arrivals) and suffix != arrivals for suffix in suffixes) and bool(arrivals)
    redelivered, new, held = _play(candidates, arrivals)
    assert redelivered == longest
    assert new + held == arrivals[len(longest) :]
    assert bool(held) == (pending and len(longest) < len(arrivals))


@given(st.lists(st.integers(0, 200), max_size=300), st.integers(0, 300))
def test_many_repeated_contents_are_matched_from_kept_bits(candidates: list[int], skipped: int) -> None:
    contents = [value // 100 for value in candidates]
    matcher = SuffixMatcher[int](contents)
    suffix = contents[skipped:]
    old = [item for content in suffix for item in matcher.offer(content, content)[0]]
    assert old == suffix


def _w(text: str) -> list[tuple[str, bytes]]:
    return [(f"{letter}/x", b"%d" % index) for index, letter in enumerate(text)]


def test_each_filter_is_matched_by_itself() -> None:
    w = _w("abab")
    redelivery = Redelivery[int](w, ["a/#", "b/+"], 2.0)
    arriving = [w[2], ("a/x", b"new"), w[1], w[3], ("b/x", b"new")]
    verdicts = [redelivery.offer(topic, payload, index, 0.0) for index, (topic, payload) in enumerate(arriving)]
    assert verdicts == [([0], []), ([], [1]), ([], []), ([2, 3], []), ([], [4])]
    assert redelivery.done


def test_topics_that_match_no_filter_are_matched_together() -> None:
    w = _w("abab")
    redelivery = Redelivery[int](w, ["c/#"], 2.0)
    assert [redelivery.offer(*w[index], index, 0.0) for index in (2, 3)] == [([], []), ([2, 3], [])]


def test_what_is_held_for_a_quiet_time_in_which_the_broker_answered_is_new() -> None:
    redelivery = Redelivery[str](_w("aa"), ["#"], 2.0)
    assert redelivery.offer("a/x", b"0", "first", 10.0) == ([], [])
    assert redelivery.tick(11.9, 11.0) == []
    assert redelivery.tick(20.0, 9.9) == []  # the broker has not answered since: it may just be slow
    assert redelivery.held == 1
    assert redelivery.tick(12.0, 10.0) == ["first"]
    assert redelivery.done
    assert redelivery.offer("a/x", b"1", "second", 12.1) == ([], ["second"])
