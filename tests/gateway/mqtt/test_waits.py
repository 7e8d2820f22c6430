"""How long a source waits, and from when on it says that somebody is needed."""

import numpy as np

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.reporting import Ending
from gateway.mqtt.waits import Waits
from gateway.mqtt.wire import CLOSED

NEEDS = Ending("sent away", 0x8E, "give it another id")


class Midway(np.random.Generator):
    """Half of what may be waited."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(1))

    def uniform(self, low: float = 0.0, high: float = 1.0, size: object = None) -> float:  # type: ignore[override]
        return (low + high) / 2


def _waits() -> Waits:
    options = MqttOptions(host="-", client_id="loom", backoff_min_secs=2.0, backoff_max_secs=16.0)
    return Waits(options, Midway())


def test_waits_grow_to_their_bound_and_begin_again_after_a_connection_that_stood() -> None:
    waits = _waits()
    assert [waits.next(None) for _ in range(6)] == [1, 2, 4, 8, 8, 8]
    waits.ended(1.0, "reset", None)
    assert waits.next(None) == 8
    waits.ended(3.0, "reset", None)
    assert waits.next(None) == 1


def test_where_somebody_is_needed_they_grow_further_however_long_it_stood() -> None:
    waits = _waits()
    delays = []
    for _ in range(12):
        assert waits.ended(500.0, "sent away", NEEDS) is NEEDS
        delays.append(waits.next(NEEDS))
    assert delays[:5] == [1, 2, 4, 8, 16]
    assert delays[-1] == 150


def test_the_third_closing_in_a_row_without_a_reason_is_taken_for_another_client_of_our_id() -> None:
    waits = _waits()
    assert [waits.ended(5.0, CLOSED, None) for _ in range(2)] == [None, None]
    waits.next(None)
    third = waits.ended(5.0, CLOSED, None)
    assert third is not None
    assert "3 connections in a row" in third.problem
    assert "'loom'" in third.remedy
    before = waits.next(third)
    assert waits.next(waits.ended(1.0, CLOSED, None)) > before
    assert waits.next(waits.ended(5.0, CLOSED, None)) == 2 * before  # no longer, for it stood; no shorter either
    assert [waits.next(waits.ended(1.0, CLOSED, None)) for _ in range(6)][-1] == 8  # the usual bound: it is a guess


def test_a_connection_that_lasted_or_ended_otherwise_begins_the_count_of_closings_anew() -> None:
    for stood, why, ending in ((61.0, CLOSED, None), (5.0, "reset", None), (5.0, "sent away", NEEDS)):
        waits = _waits()
        waits.ended(5.0, CLOSED, None)
        waits.ended(5.0, CLOSED, None)
        waits.ended(stood, why, ending)
        assert waits.ended(5.0, CLOSED, None) is None
