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


def test_as_many_devices_as_are_let_in_are_kept() -> None:
    class Fewer(_Few):
        MOST_LEADING_NOWHERE = 2

    routes = Fewer(Router(load_profiles({"loop": LOOP_PROFILE})), 6)
    six = routes.of(_topics("abcdef"))
    routes.device[six] = 7
    for strangers in ("gh", "ij", "kl", "mn"):  # in the end more than are kept of those that lead nowhere
        found = routes.of(_topics("abcdef" + strangers))
        assert routes.device[found].tolist() == [7] * 6 + [-1] * len(strangers)


class _FewNowhere(Routes):
    MOST_LEADING_NOWHERE = 3
    MOST_CHARS = 400


def test_strangers_without_end_are_forgotten_and_devices_keep_their_routes() -> None:
    routes = _FewNowhere(Router(load_profiles({"loop": LOOP_PROFILE})))
    topics = _topics("ab")
    both = routes.of(topics)
    routes.device[both] = [7, 8]
    for k in range(50):
        found = routes.of([f"nobody/{k}", *topics, f"city/a/loop/unmet-{k}"])
        assert routes.profile[found].tolist() == [-1, 0, 0, 0]
        assert routes.device[found].tolist() == [-1, 7, 8, -1]
        assert [routes.match[number].key for number in found[1:3].tolist()] == ["a", "b"]
        assert len(routes.match) <= 2 + 3 + 2


def test_long_topics_take_the_room_of_many() -> None:
    routes = _FewNowhere(Router(load_profiles({"loop": LOOP_PROFILE})))
    for k in range(20):
        number = routes.of([f"city/a/loop/{k:0100}"])
        routes.device[number] = k
        assert len(routes.match) <= 4
