"""Rows in memory for the engine: the newest, bounded in number and bytes, never a wrong one; how long it gathers."""

from collections.abc import Sequence

from gateway.rows import QOS1, Row, RowKind, Rows
from gateway.runtime.runner import Recent, gather_secs, upto_configuration

MB = 1 << 20


def rows(first: int, count: int, size: int = 10) -> Rows:
    return Rows.of([Row(first + k, RowKind.MESSAGE, 0, QOS1, "t", b"x" * size) for k in range(count)])


def receipts(taken: Sequence[Row]) -> list[int]:
    return [row.received_at for row in taken]


def test_rows_come_back_in_order_across_batches() -> None:
    recent = Recent(1000)
    recent.put(0, rows(0, 10))
    recent.put(10, rows(10, 10))

    assert receipts(recent.take(0, 15)[0]) == list(range(15))
    assert receipts(recent.take(15, 100)[0]) == list(range(15, 20))
    assert recent.take(20, 5) == (Rows(), 0)


def test_what_was_forgotten_is_not_made_up() -> None:
    recent = Recent(15)
    recent.put(0, rows(0, 10))
    recent.put(10, rows(10, 10))

    assert recent.take(0, 100)[0] == []
    assert receipts(recent.take(10, 100)[0]) == list(range(10, 20))


def test_large_payloads_push_older_rows_out() -> None:
    recent = Recent(1000)
    recent.put(0, rows(0, 30, MB))
    recent.put(30, rows(30, 50, MB))

    assert recent.take(0, 10)[0] == []
    assert receipts(recent.take(30, 100)[0]) == list(range(30, 80))
    recent.put(80, rows(80, 100, MB))
    assert recent.take(80, 10)[0] == []


def test_long_calls_gather_longer_up_to_a_bound_and_who_does_not_gather_never_waits() -> None:
    assert gather_secs(0.05, 0.001) == 0.05
    assert gather_secs(0.05, 0.03) == 0.09
    assert gather_secs(0.05, 1.0) == 0.2
    assert gather_secs(0.0, 1.0) == 0.0


def test_a_configuration_begins_a_call_so_that_all_before_it_is_judged_by_the_one_before() -> None:
    changes = Rows.of([Row(100 + k, RowKind.CONFIG, 0, 0, "digest", b"{}") for k in range(2)])
    mixed = Rows.joined([rows(0, 5), changes, rows(200, 5)])

    assert receipts(upto_configuration(mixed)) == list(range(5))
    assert receipts(upto_configuration(mixed[5:])) == [100, 101, *range(200, 205)]
    assert receipts(upto_configuration(rows(0, 5))) == list(range(5))
    assert len(upto_configuration(Rows())) == 0
