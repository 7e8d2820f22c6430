"""A device's rate: nothing of an honest one is shed however late it comes; a mad one gets its rate and no more."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.device_rate import DeviceRate, RateLimit, rate_limit

MS = 1_000_000
SECOND = 1000 * MS
HOUR = 3600 * SECOND
DAY = 24 * HOUR
START = 1_772_366_400 * SECOND

LIMIT = RateLimit(each=100 * MS, depth=1000 * MS, spare_each=500 * MS)
"""10 a second, 10 at once; of a backlog without order one for half a second of silence."""


def take(
    rates: DeviceRate, received: Sequence[int], ts: Sequence[int] | None = None, device: Sequence[int] | None = None,
    limit: RateLimit = LIMIT,
) -> list[bool]:  # fmt: skip
    """What is shed; without `ts` the messages have no time of their own."""
    which = np.array(device if device is not None else [0] * len(received), np.int32)
    rates.grow(int(which.max()) + 1)
    own = np.full(len(received), ts is not None)
    shed = rates.take(limit, which, np.array(ts or received, np.int64), np.array(received, np.int64), own)
    return [bool(each) for each in shed]


def test_the_rate_is_what_is_asked_for_but_at_least_twenty_messages_an_interval() -> None:
    slow = rate_limit(100, 1000, 60 * SECOND)
    assert slow == RateLimit(10 * MS, 10 * SECOND, 3 * SECOND)
    fast = rate_limit(100, 1000, 20 * MS)  # a phasor measurement unit at 50 Hz
    assert fast is not None
    assert (fast.per_second, fast.depth) == (1000, 10 * SECOND)
    assert rate_limit(0, 1000, SECOND) is None
    own = rate_limit(100, 1000, SECOND, 2)
    assert own is not None
    assert own.per_second == 2
    assert rate_limit(100, 1000, SECOND, 0) is None


def test_a_mad_device_gets_its_burst_and_then_its_rate() -> None:
    received = [START + k * MS for k in range(5000)]
    shed = take(DeviceRate(), received, received)
    assert shed[:10] == [False] * 10
    assert shed.count(False) == pytest.approx(10 + 50, abs=1)


def test_a_mad_device_that_invents_times_gains_no_more_than_the_time_there_was() -> None:
    """Event times jump a second a message: they reach the receipt, and then there is nothing more to gain."""
    received = [START + k * MS for k in range(5000)]
    ts = [START - 100 * SECOND + k * SECOND for k in range(5000)]
    kept = take(DeviceRate(), received, ts).count(False)
    assert kept <= 10 + (100 + 5) * 10 + 5 * 10 + 200  # burst, event time, receipt, what its age owes


def test_others_keep_all_that_they_send_beside_it() -> None:
    rates = DeviceRate()
    received = [START + k * MS for k in range(3000)]
    device = [0 if k % 100 else 1 for k in range(3000)]
    shed = take(rates, received, received, device)
    assert any(shed)
    assert not any(gone for gone, whose in zip(shed, device, strict=True) if whose == 1)
    assert rates.flooding(received[-1]) == [0]
    assert rates.flooding(received[-1] + 61 * SECOND) == []


def test_a_backlog_in_order_is_no_flood_even_without_a_silence() -> None:
    """A slow line delivers half of what is sent for an hour, then all the rest within a second."""
    sent = [START + k * 100 * MS for k in range(36_000)]
    received = [START + 2 * (at - START) if k < 18_000 else START + HOUR + k * 50_000 for k, at in enumerate(sent)]
    assert all(a < b for a, b in pairwise(received))
    assert not any(take(DeviceRate(), received, sent))


@pytest.mark.parametrize("order", ["newest first", "shuffled", "live between"])
def test_a_backlog_out_of_order_is_no_flood_after_a_silence_as_long(order: str, rng: np.random.Generator) -> None:
    rates = DeviceRate()
    assert take(rates, [START], [START]) == [False]
    back = START + DAY
    kept = [START + k * 10 * SECOND for k in range(1, 8640)]
    if order == "newest first":
        kept.reverse()
    elif order == "shuffled":
        rng.shuffle(kept)
    if order == "live between":
        kept = [at for k, old in enumerate(kept) for at in ((back, old) if k % 1000 == 0 else (old,))]
    assert not any(take(rates, [back + k * 1000 for k in range(len(kept))], kept))


def test_what_has_no_time_of_its_own_is_no_flood_after_our_outage() -> None:
    rates = DeviceRate()
    take(rates, [START])
    back = START + HOUR
    assert not any(take(rates, [back + k for k in range(360)]))


def test_silence_pays_for_one_backlog_only_and_not_for_what_is_new() -> None:
    rates = DeviceRate()
    take(rates, [START], [START])
    back = START + 100 * SECOND
    fresh = [back + k * 1000 for k in range(1000)]
    assert take(rates, fresh, fresh).count(False) == 10  # of now: the burst, whatever it may have been owed
    old = [START + SECOND] * 1000
    after = [fresh[-1] + 1 + k * 1000 for k in range(1000)]
    assert take(rates, after, old).count(False) == 200  # of then: one for each half second of the silence
    assert all(take(rates, [after[-1] + 1 + k for k in range(100)], old[:100]))


def test_a_time_in_the_year_9999_or_1_earns_nothing() -> None:
    for absurd in (9_000_000_000 * SECOND, -9_000_000_000 * SECOND):
        rates = DeviceRate()
        take(rates, [START], [START])
        received = [START + k * MS for k in range(1, 500)]
        assert take(rates, received, [absurd] * 499).count(False) <= 10 + 5


def test_of_what_is_shed_one_letter_a_device_and_minute_is_wanted() -> None:
    rates = DeviceRate()
    rates.grow(2)
    asked = [(0, 0), (0, 59), (1, 59), (0, 60), (0, 61)]
    assert [rates.wants_letter(device, START + secs * SECOND) for device, secs in asked] == [
        True, False, True, True, False,
    ]  # fmt: skip


@st.composite
def _sent(draw: st.DrawFn) -> list[int]:
    """When an honest device sends: never more than its burst and rate allow."""
    gaps = draw(st.lists(st.sampled_from([0, 1, 50, 100, 100, 100, 150, 2000, 60_000]), min_size=1, max_size=60))
    sent, at, debt = [], START, 0
    for gap in gaps:
        at += gap * MS
        debt = max(0, debt - gap * MS)
        if debt + LIMIT.each <= LIMIT.depth:
            debt += LIMIT.each
            sent.append(at)
    return sent or [START]


@given(_sent(), st.lists(st.integers(0, 100_000), min_size=60, max_size=60))
def test_nothing_is_shed_of_an_honest_device_whatever_delays_its_messages(sent: list[int], delays: list[int]) -> None:
    """In order of sending, each with its own time; delays bunch them up in any way."""
    received, before = [], 0
    for at, delay in zip(sent, delays, strict=False):
        before = max(before + 1, at + delay * MS)
        received.append(before)
    assert not any(take(DeviceRate(), received, sent))


_MESSAGE = st.tuples(st.integers(0, 20), st.integers(0, 300), st.integers(-200, 5), st.booleans())


@given(st.lists(_MESSAGE, min_size=1, max_size=120), st.integers(1, 40))
def test_how_messages_fall_into_calls_and_a_restart_change_nothing(
    made: list[tuple[int, int, int, bool]], size: int
) -> None:
    device = np.array([each[0] for each in made], np.int32)
    received = START + np.cumsum([each[1] for each in made]) * MS
    ts = received + np.array([each[2] for each in made]) * SECOND
    timed = np.array([each[3] for each in made])
    whole, parts = DeviceRate(), DeviceRate()
    whole.grow(21)
    expected = whole.take(LIMIT, device, ts, received, timed).tolist()
    found: list[bool] = []
    for at in range(0, len(made), size):
        cut = slice(at, at + size)
        parts.grow(21)
        found += parts.take(LIMIT, device[cut], ts[cut], received[cut], timed[cut]).tolist()
        parts = DeviceRate.restore(parts.snapshot())
    assert found == expected
    for name, column in whole.snapshot().items():
        assert parts.snapshot()[name].tolist() == column.tolist(), name
