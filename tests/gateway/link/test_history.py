"""The bounded history: who comes back gets what is behind, and a gap where that is not all."""

from gateway.link.channel import FeedEvent
from gateway.link.history import History
from gateway.live.events import Kind


def _event(epoch: str, number: int, kind: Kind = Kind.LATEST) -> FeedEvent:
    made: FeedEvent = FeedEvent.of(epoch, number, kind, ("z", f"d{number}"), "z", {})
    return made


def _history(*numbers: int, most: int = 10, epoch: str = "a", floor: int = 0, wide: bool = True) -> History:
    made = History(most)
    made.begin(epoch, floor, wide=wide)
    for number in numbers:
        made.add(_event(epoch, number))
    return made


def _ids(events: list[FeedEvent]) -> list[tuple[str, int]]:
    return [(event.epoch, event.id) for event in events]


def test_who_saw_the_newest_misses_nothing() -> None:
    behind = _history(1, 2, 3).since("a", 3, wide=True)
    assert (behind.events, behind.whole) == ([], True)


def test_what_came_behind_is_whole_while_it_is_kept() -> None:
    behind = _history(1, 2, 3, 4).since("a", 2, wide=True)
    assert (_ids(behind.events), behind.whole) == ([("a", 3), ("a", 4)], True)


def test_what_is_forgotten_is_counted() -> None:
    behind = _history(*range(1, 16)).since("a", 2, wide=True)
    assert (behind.whole, behind.lost, behind.upto, len(behind.events)) == (False, 3, 5, 10)


def test_ids_that_nobody_asked_for_are_not_missing_to_who_wants_alarms() -> None:
    history = _history(700, 900, wide=False, floor=600)
    assert history.since("a", 640, wide=False).whole
    assert not history.since("a", 640, wide=True).whole


def test_who_wants_everything_misses_what_went_by_while_only_alarms_were_heard_of() -> None:
    history = _history(700, wide=False)
    history.wide_from = 950
    history.add(_event("a", 951))
    assert not history.since("a", 700, wide=True).whole
    assert history.since("a", 950, wide=True).whole


def test_an_earlier_run_that_is_kept_goes_on_in_the_next_one() -> None:
    """Ids begin anew: those of the old run say nothing about the new one's."""
    history = _history(5001, 5002, floor=5000)
    history.begin("b", 0, wide=True)
    history.add(FeedEvent.of("b", 0, Kind.GAP, (), "", {"lost": None}))
    history.add(_event("b", 1))

    assert _ids(history.since("a", 5001, wide=True).events) == [("a", 5002), ("b", 0), ("b", 1)]
    assert history.since("a", 5001, wide=True).whole, "the gap between the runs stands where it is"
    of_new = history.since("b", 1, wide=True)
    assert (of_new.events, of_new.whole) == ([], True)


def test_a_run_that_is_forgotten_is_a_gap() -> None:
    history = _history(1, 2, most=2)
    history.begin("b", 0, wide=True)
    history.add(_event("b", 1))
    assert history.since("a", 1, wide=True).whole
    assert not history.since("a", 0, wide=True).whole
    history.add(_event("b", 2))
    history.add(_event("b", 3))
    behind = history.since("a", 2, wide=True)
    assert (behind.whole, behind.lost, _ids(behind.events)) == (False, None, [("b", 2), ("b", 3)])


def test_ids_of_the_future_and_of_strangers_are_unknown() -> None:
    history = _history(1, 2)
    for epoch, seen in (("a", 3), ("zzz", 1), ("", 0)):
        behind = history.since(epoch, seen, wide=True)
        assert (behind.whole, behind.lost, len(behind.events)) == (False, None, 2)


def test_an_empty_history_misses_nothing_behind_its_floor() -> None:
    history = _history(floor=812)
    assert history.since("a", 812, wide=True).whole
    assert history.since("a", 800, wide=True).lost == 12
    assert not History(10).since("a", 1, wide=True).whole
