"""Routes are found once and forgotten only where that makes room."""

from collections.abc import Sequence

from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, Router
from gateway.engine.routes import Routes
from tests.support.engine import LOOP_PROFILE


class _Few(Routes):
    MOST = 4


def _routes() -> _Few:
    return _Few(Router(load_profiles({"loop": LOOP_PROFILE})))


def _keys(routes: Routes, topics: Sequence[str]) -> list[str | None]:
    matches = [routes.match[number] for number in routes.of(topics).tolist()]
    return [match.key if isinstance(match, Match) else None for match in matches]


def _topics(devices: str) -> list[str]:
    return [f"city/a/loop/{device}" for device in devices]


def test_topics_lead_where_they_lead_however_many_were_met() -> None:
    routes = _routes()
    for devices in ("ab", "abab", "bcd", "e", "abcdefgh", "aa"):
        assert _keys(routes, _topics(devices)) == list(devices)
    assert _keys(routes, ["nobody/x", *_topics("a")]) == [None, "a"]


def test_calls_of_known_topics_forget_nothing_however_long_they_are() -> None:
    routes = _routes()
    four = routes.of(_topics("abcd"))
    routes.device[four] = 7
    assert routes.of(_topics("abcdabcd")).tolist() == four.tolist() * 2
    assert routes.device[four].tolist() == [7] * 4
    five = routes.of(_topics("abcde"))
    assert routes.device[five].tolist() == [-1] * 5
