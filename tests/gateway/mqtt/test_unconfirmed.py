"""What may come again shrinks by proof only."""

from gateway.mqtt.unconfirmed import Unconfirmed
from gateway.rows import Row


def _row(payload: bytes) -> Row:
    return Row(1, 0, 0, 4, "t", payload)


def test_it_goes_on_from_what_an_earlier_process_left() -> None:
    unconfirmed = Unconfirmed([("t", b"a"), ("t", b"b")], 10)
    unconfirmed.add([_row(b"c")])
    assert (unconfirmed.confirmed, unconfirmed.total) == (10, 13)
    unconfirmed.confirm(12)
    assert unconfirmed.contents() == [("t", b"c")]
    unconfirmed.confirm(11)  # proof of less changes nothing
    assert (unconfirmed.confirmed, len(unconfirmed)) == (12, 1)
    unconfirmed.confirm(99)
    assert (unconfirmed.confirmed, len(unconfirmed)) == (13, 0)


def test_it_holds_no_more_than_there_are_packet_ids() -> None:
    unconfirmed = Unconfirmed([], 0)
    unconfirmed.add([_row(b"x")] * 70_000)
    assert (len(unconfirmed), unconfirmed.confirmed) == (65_535, 70_000 - 65_535)
