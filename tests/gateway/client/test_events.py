"""Events out of a stream's bytes, wherever they are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.client.events import EventParser

STREAM = (
    b'event: latest\ndata: {"device": "a"}\n\n'
    b": nothing happened\n\n"
    b'id: e-5\nevent: ready\ndata: {"snapshot": 1}\n\n'
    b'id: e-6\r\nevent: gap\r\ndata: {"lost": null}\r\n\r\n'
    b'id:e-7\nevent:alarm\ndata:{"text": "data: \xe5\xa4\xa9"}\n\n'
    b"id: e-8\nevent: unfinished\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    parser, events = EventParser(), []
    places = [0, *sorted(cuts), len(STREAM)]
    for begin, end in pairwise(places):
        events += parser.feed(STREAM[begin:end])
    assert [(event.kind, event.id) for event in events] == [
        ("latest", ""), ("ready", "e-5"), ("gap", "e-6"), ("alarm", "e-7"),
    ]  # fmt: skip
    assert events[3].data == {"text": "data: 天"}
    assert events[2].lost is None
    assert parser.last_id == "e-7"
