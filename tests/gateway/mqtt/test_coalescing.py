"""When a read is followed by a pause: simulated brokers, no clock."""

from gateway.mqtt.coalescing import Coalescer

LONGEST = 0.002


def _run(coalescer: Coalescer, start: float, secs: float, *, open_read: tuple[float, int], paused_read: int) -> float:
    """Reads for `secs`; open_read = (seconds between reads, messages) without pauses. Returns the share of pauses."""
    now, reads, pauses, pause = start, 0, 0, 0.0
    while now < start + secs:
        now += pause or open_read[0]
        pause = coalescer.after_read(now, paused_read if pause else open_read[1])
        reads += 1
        pauses += pause > 0
    return pauses / reads


def test_a_slow_stream_is_read_at_once() -> None:
    assert _run(Coalescer(LONGEST), 0.0, 20.0, open_read=(0.01, 1), paused_read=1) == 0.0


def test_messages_that_come_one_by_one_are_collected_for_as_long_as_some_dozens_take() -> None:
    coalescer, now = Coalescer(0.008), 0.0
    for rate, longest in ((1000, 0.008), (8000, 0.004), (30_000, 0.001)):
        pauses = [0.0]
        for _ in range(rate):
            pause = coalescer.after_read(now, max(1, round(rate * pauses[-1])))
            pauses.append(pause)
            now += pause or 1 / rate
        paused = [pause for pause in pauses[len(pauses) // 2 :] if pause]
        assert paused, rate
        assert max(paused) <= longest * 1.25 + 1e-9, rate


def test_pauses_of_several_connections_end_at_the_same_moments() -> None:
    ends = set()
    for start in (0.0, 0.0031, 0.0057):
        coalescer, now, pause = Coalescer(0.008), start, 0.0
        for _ in range(400):
            pause = coalescer.after_read(now, 8 if pause else 1)
            now += pause or 0.001
            if pause:
                ends.add(round(now % 0.008, 6) % 0.008)
    assert ends == {0.0}


def test_a_broker_that_sends_packet_by_packet_is_paused_for() -> None:
    # 20,000 messages a second either way
    coalescer = Coalescer(LONGEST)
    _run(coalescer, 0.0, 1.0, open_read=(0.0001, 2), paused_read=40)
    assert _run(coalescer, 1.0, 20.0, open_read=(0.0001, 2), paused_read=40) > 0.2  # trials have many more reads
    pausing = sum(_run(coalescer, 21.0 + k * 0.1, 0.1, open_read=(0.0001, 2), paused_read=40) > 0.9 for k in range(100))
    assert pausing > 80


def test_a_broker_that_collects_by_itself_is_not() -> None:
    coalescer = Coalescer(LONGEST)
    assert _run(coalescer, 0.0, 20.0, open_read=(0.001, 50), paused_read=100) == 0.0


def test_a_broker_that_waits_for_our_acknowledgements_is_read_at_once_after_two_trials() -> None:
    # a window of 10: without pauses 10 messages a 0.5 ms, with pauses 10 a 2 ms
    coalescer = Coalescer(LONGEST)
    _run(coalescer, 0.0, 3.0, open_read=(0.0005, 10), paused_read=10)
    assert _run(coalescer, 3.0, 10.0, open_read=(0.0005, 10), paused_read=10) == 0.0
    assert _run(coalescer, 13.0, 20.0, open_read=(0.0005, 10), paused_read=10) > 0.0  # tried again later


def test_zero_means_never() -> None:
    assert _run(Coalescer(0.0), 0.0, 3.0, open_read=(0.0001, 2), paused_read=40) == 0.0
