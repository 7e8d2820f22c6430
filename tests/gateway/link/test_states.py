"""Where everything stands: what the stream tells while an answer is on its way is newer than the answer."""

from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.states import States
from gateway.live.events import Kind


def _event(kind: Kind, name: str, number: int = 0, state: str = "") -> FeedEvent:
    made: FeedEvent = FeedEvent.of("e", number, kind, ("z", name), "z", {"state": state, "n": number})
    return made


def _names(states: States) -> dict[str, int]:
    return {event.levels[1]: event.id for event in states.snapshot(LiveFilter(), {})}


def test_an_answer_replaces_what_was_known_and_not_what_was_told_meanwhile() -> None:
    states = States(100)
    states.keep(_event(Kind.ALARM, "old", 1, "active"))
    states.keep(_event(Kind.LATEST, "loop", 2))
    states.note(Kind.ALARM)
    states.keep(_event(Kind.ALARM, "raised", 3, "active"))
    states.keep(_event(Kind.ALARM, "over", 4, "normal"))

    states.replace([Kind.ALARM], [_event(Kind.ALARM, "over", 0, "active"), _event(Kind.ALARM, "stands", 0, "active")])

    assert _names(states) == {"stands": 0, "raised": 3, "loop": 2}


def test_a_thing_beyond_the_bound_is_not_kept() -> None:
    states = States(2)
    for number, name in enumerate("abc"):
        states.keep(_event(Kind.LATEST, name, number))
    states.keep(_event(Kind.LATEST, "a", 9))
    assert _names(states) == {"b": 1, "a": 9}


def test_pieces_are_looked_up_when_their_turn_comes() -> None:
    """What came behind the beginning the stream tells, and what is over is over."""
    states = States(100)
    for number, name in enumerate("abcdef", 1):
        states.keep(_event(Kind.ALARM, name, number, "active"))
    pieces = states.pieces(LiveFilter(), {}, ("e", 6), 2)
    told = [[event.levels[1] for event in next(pieces)]]
    states.keep(_event(Kind.ALARM, "c", 7, "active"))
    states.keep(_event(Kind.ALARM, "d", 8, "normal"))
    states.keep(_event(Kind.ALARM, "g", 9, "active"))
    told += [[event.levels[1] for event in piece] for piece in pieces]
    assert told == [["a", "b"], ["e", "f"]]


def test_what_is_known_from_the_run_before_is_told_and_what_the_next_one_says_is_not() -> None:
    states = States(100)
    for name in "ab":
        states.keep(_event(Kind.LATEST, name, 900))
    states.keep(_event(Kind.LATEST, "c", 5)._replace(epoch="now"))
    pieces = states.pieces(LiveFilter(), {}, ("now", 5), 1)
    told = [event.levels[1] for event in next(pieces)]
    states.keep(_event(Kind.LATEST, "b", 1)._replace(epoch="next"))
    told += [event.levels[1] for piece in pieces for event in piece]
    assert told == ["c", "a"]


def test_what_was_moved_to_another_zone_stands_once_and_there() -> None:
    """A reload moves devices and assets; an alarm that is open meanwhile goes on, and is over where it is then."""

    def told(kind: Kind, number: int, zone: str, *names: str, state: str = "") -> FeedEvent:
        made: FeedEvent = FeedEvent.of("e", number, kind, (zone, *names), zone, {"state": state})
        return made

    states = States(100)
    for number, zone in enumerate(("north", "south"), 1):
        states.keep(told(Kind.LATEST, number, zone, "loop-1"))
        states.keep(told(Kind.AGGREGATE, number, zone, "loop-1", "1m"))
        states.keep(told(Kind.ALARM, number, zone, "gas.lel", "g1", state="acknowledged"))
    assert {(event.kind, event.zone) for event in states.snapshot(LiveFilter(), {})} == {
        (kind, "south") for kind in (Kind.LATEST, Kind.AGGREGATE, Kind.ALARM)
    }  # fmt: skip
    assert states.get(Kind.LATEST, "south", "loop-1") is not None
    states.keep(told(Kind.ALARM, 3, "west", "gas.lel", "g1", state="normal"))
    assert states.snapshot(LiveFilter(kinds=frozenset({Kind.ALARM})), {}) == []
