"""When a message was sent, told from what loads say of themselves now and then."""

import pytest

from gateway.bench.recovery import Sending


def test_between_two_looks_it_is_told_by_proportion() -> None:
    #   at    100    102     104
    #   sent    0     10      50
    sending = Sending(100.0)
    sending.note(102.0, 10)
    sending.note(104.0, 50)

    assert [sending.when(number) for number in (0, 5, 10, 30, 50)] == pytest.approx([100.0, 101.0, 102.0, 103.0, 104.0])
    assert sending.when(60) == 104.0, "what nobody has told of yet was sent at the newest look at the earliest"
