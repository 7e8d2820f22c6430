"""Of a flood of dead letters a sample is kept; a reason or a profile that floods leaves the others theirs."""

from gateway.engine.letters import LetterQuota

SECOND = 1_000_000_000
START = 1_772_366_400 * SECOND


def quota(per_second: float = 2, burst: int = 10) -> LetterQuota:
    made = LetterQuota()
    made.configure(per_second, burst)
    return made


def kept(made: LetterQuota, count: int, at: int = START, reason: str = "unreadable", size: int = 10) -> int:
    return sum(made.has_room(reason, "loop", at, size) for _ in range(count))


def test_so_many_are_kept_at_once_and_then_so_many_a_second() -> None:
    made = quota()
    assert [kept(made, 100), kept(made, 100, START + SECOND), kept(made, 100, START + 3600 * SECOND)] == [10, 2, 10]


def test_each_reason_has_its_own_share() -> None:
    made = quota()
    kept(made, 100)
    assert kept(made, 1, reason="topic_unknown") == 1


def test_long_payloads_count_as_several_and_even_the_longest_fits() -> None:
    assert kept(quota(), 100, size=4096) == 5
    assert kept(quota(), 100, size=1 << 20) == 1


def test_an_old_receipt_that_comes_again_takes_from_now() -> None:
    made = quota()
    assert kept(made, 100) == 10
    assert kept(made, 100, START - 3600 * SECOND) == 0


def test_without_a_rate_all_are_kept() -> None:
    assert kept(quota(0), 100) == 100


def test_a_restart_changes_nothing() -> None:
    made = quota()
    kept(made, 9)
    again = LetterQuota.restore(made.snapshot())
    again.configure(2, 10)
    assert kept(again, 10) == 1
