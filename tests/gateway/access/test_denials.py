"""Denied tries don't fill the audit log."""

import pytest

from gateway.access.audit import AuditFilter, AuditLog
from gateway.access.database import AccessDatabase
from gateway.access.denials import Denials
from gateway.access.principal import Principal, nobody
from gateway.errors import Retry

T0 = 1_772_000_000_000_000_000
SECOND = 1_000_000_000
WANG = Principal("wang", "viewer", frozenset(), "aaaaaaaa", (), "10.0.0.7")


@pytest.fixture
def log(database: AccessDatabase) -> AuditLog:
    return AuditLog(database)


def told(log: AuditLog) -> list[tuple[str, str, str]]:
    return [
        (entry.name, entry.act, entry.detail) for entry in reversed(log.read(AuditFilter(outcome="denied")).entries)
    ]


def test_the_first_of_a_kind_is_told_at_once_and_the_rest_counted(log: AuditLog) -> None:
    denials = Denials(log)
    for k in range(500):
        denials.note(T0 + k * SECOND // 10, WANG, "alarms.ack", "alarm 1", "needs alarms.act")
    assert told(log) == [("wang", "alarms.ack", "needs alarms.act")]
    denials.due(T0 + 59 * SECOND)
    assert len(told(log)) == 1
    denials.due(T0 + 60 * SECOND)
    assert told(log)[1:] == [("wang", "alarms.ack", "499 more like it")]
    denials.note(T0 + 61 * SECOND, WANG, "alarms.ack", "alarm 2", "needs alarms.act")
    assert told(log)[2:] == [("wang", "alarms.ack", "needs alarms.act")]


def test_kinds_are_told_apart_by_who_from_where_and_what(log: AuditLog) -> None:
    denials = Denials(log)
    for who, act in ((WANG, "a"), (WANG, "b"), (nobody("10.0.0.7"), "a"), (nobody("10.0.0.8"), "a")):
        denials.note(T0, who, act)
        denials.note(T0, who, act)
    assert len(told(log)) == 4


def test_too_many_kinds_at_once_are_counted_together(log: AuditLog) -> None:
    denials = Denials(log)
    for k in range(1_000):
        denials.note(T0 + k, nobody(f"10.0.{k // 250}.{k % 250}"), "session.begin", detail="wrong")
    assert len(told(log)) == 60
    denials.due(T0 + 61 * SECOND)
    assert told(log)[60:] == [("", "access.denied", "940 more by others, too many at once to be told one by one")]


def test_at_a_stop_nothing_stays_untold(log: AuditLog) -> None:
    denials = Denials(log)
    for _ in range(3):
        denials.note(T0, WANG, "alarms.ack")
    denials.due(T0 + 1, stopping=True)
    denials.due(T0 + 2, stopping=True)
    assert [detail for _, _, detail in told(log)] == ["", "2 more like it"]


def test_a_clock_that_is_set_back_holds_nothing_up(log: AuditLog) -> None:
    denials = Denials(log)
    denials.note(T0, WANG, "a")
    denials.note(T0, WANG, "a")
    denials.due(T0 - 3600 * SECOND)
    assert [detail for _, _, detail in told(log)] == ["", "1 more like it"]


def test_what_can_not_be_written_is_told_when_it_can(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    denials, append = Denials(log, most=2), log.append

    def away(*_: object) -> int:
        raise Retry("records.db is busy.")

    denials.note(T0, WANG, "a")
    denials.note(T0, WANG, "a")
    denials.note(T0, nobody("10.0.0.8"), "b")
    denials.note(T0, nobody("10.0.0.9"), "c")
    monkeypatch.setattr(log, "append", away)
    for _ in range(3):
        with pytest.raises(Retry):
            denials.due(T0 + 60 * SECOND)
    monkeypatch.setattr(log, "append", append)
    denials.due(T0 + 61 * SECOND)
    assert [detail for _, _, detail in told(log)] == [
        "", "", "1 more like it", "1 more by others, too many at once to be told one by one",
    ]  # fmt: skip

    monkeypatch.setattr(log, "append", away)
    with pytest.raises(Retry):
        denials.note(T0 + 62 * SECOND, WANG, "d")
    denials.note(T0 + 63 * SECOND, WANG, "d")
    monkeypatch.setattr(log, "append", append)
    denials.due(T0 + 200 * SECOND)
    assert told(log)[4:] == [("wang", "d", "2 more like it")]
    denials.due(T0 + 400 * SECOND)
    assert len(told(log)) == 5
