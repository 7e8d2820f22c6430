"""When a filter may be given up, without what a broker has buffered for it."""

from gateway.mqtt.overlap import Overlap
from gateway.rows import QOS1, Row, RowKind, Rows


def _rows(*messages: tuple[str, int]) -> Rows:
    return Rows.of([Row(k, RowKind.MESSAGE, 0, QOS1, topic, b"%d" % n) for k, (topic, n) in enumerate(messages, 1)])


def test_a_filter_goes_once_messages_have_come_twice() -> None:
    """old 1 2 3 4 5 6 7 8, new 4 5 6 7 8: the fifth that comes twice says that 1 to 3 are here."""
    overlap = Overlap(["a/+"], 0.0)
    overlap.look(_rows(*(("a/x", n) for n in range(4, 9))), 0.1)
    assert not overlap.over(0.1)
    overlap.look(_rows(*(("a/x", n) for n in range(1, 8))), 0.2)
    assert not overlap.over(0.2)
    overlap.look(_rows(("a/x", 8)), 0.3)
    assert overlap.over(0.3)


def test_a_filter_of_which_nothing_comes_has_nothing_buffered_whatever_comes_of_others() -> None:
    overlap = Overlap(["a/+", "b/+"], 0.0)
    for n in range(10):
        overlap.look(_rows(("a/x", n)), n / 10)
    assert not overlap.over(0.9)
    assert not overlap.over(1.3)
    assert overlap.over(1.45)


def test_a_device_that_repeats_itself_proves_little() -> None:
    overlap = Overlap(["a/+"], 0.0)
    overlap.look(_rows(("a/x", 1), ("a/x", 1), ("a/x", 1)), 0.1)
    assert not overlap.over(0.1)


def test_what_was_seen_is_bounded() -> None:
    overlap = Overlap(["a/+"], 0.0)
    for first in range(0, 400_000, 50_000):
        overlap.look(_rows(*(("a/x", n) for n in range(first, first + 50_000))), 0.0)
    overlap.look(_rows(*(("a/x", n) for n in range(10))), 0.0)
    assert not overlap.over(0.0)
    assert overlap.over(0.5)
