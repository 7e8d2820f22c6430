"""What may come again shrinks by proof only."""

from gateway.mqtt.unconfirmed import Unconfirmed


def test_it_goes_on_from_what_an_earlier_process_left() -> None:
    unconfirmed = Unconfirmed([("t", b"a"), ("t", b"b")], 10)
    unconfirmed.add(["t"], [b"c"])
    assert (unconfirmed.confirmed, unconfirmed.total) == (10, 13)
    unconfirmed.confirm(12)
    assert unconfirmed.contents() == [("t", b"c")]
    unconfirmed.confirm(11)  # proof of less changes nothing
    assert (unconfirmed.confirmed, len(unconfirmed)) == (12, 1)
    unconfirmed.confirm(99)
    assert (unconfirmed.confirmed, len(unconfirmed)) == (13, 0)


def test_it_holds_no_more_than_there_are_packet_ids() -> None:
    unconfirmed = Unconfirmed([], 0)
    unconfirmed.add(["t"] * 70_000, [b"x"] * 70_000)
    assert (len(unconfirmed), unconfirmed.confirmed) == (65_535, 70_000 - 65_535)


def test_proof_may_end_anywhere_in_what_was_handed_out() -> None:
    unconfirmed = Unconfirmed([("t", b"0"), ("t", b"1")], 0)
    for first in range(2, 20, 3):
        unconfirmed.add(["t"] * 3, [b"%d" % number for number in range(first, first + 3)])
    for number in (1, 4, 5, 11, 20):
        unconfirmed.confirm(number)
        assert unconfirmed.contents() == [("t", b"%d" % left) for left in range(number, 20)]
        assert (len(unconfirmed), unconfirmed.total) == (20 - number, 20)
