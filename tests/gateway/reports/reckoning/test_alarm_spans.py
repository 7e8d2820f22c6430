"""When alarms stood, as far as that is in the period; and which changes call somebody."""

from gateway.reports.facts import AlarmFacts
from gateway.reports.reckoning.alarm_spans import announcements, spans
from tests.support.reports import DAY, HOUR, change


def test_an_alarm_stands_from_its_raise_to_its_return() -> None:
    facts = AlarmFacts((change("raised", DAY.start + HOUR), change("returned", DAY.start + 3 * HOUR)), (), ())

    (span,) = spans(facts, DAY)

    assert (span.begin, span.end, span.stands) == (DAY.start + HOUR, DAY.start + 3 * HOUR, False)


#   before        [ the day                    ]
#   a ============|=====)                      |       stood when it began
#   b             |              (=============|====   stands when it ends
#   c ============|============================|====   never changed
def test_what_stood_before_begins_with_the_period_and_what_stands_on_ends_with_it() -> None:
    a = change("raised", DAY.start - HOUR, asset="a")
    c = change("acknowledged", DAY.start - HOUR, asset="c")
    b = change("raised", DAY.end - HOUR, asset="b")
    over = change("returned", DAY.start + HOUR, asset="a", since=DAY.start - HOUR)

    found = spans(AlarmFacts((over, b), (a, c), (b, c)), DAY)

    assert [(each.asset, each.begin - DAY.start, DAY.end - each.end, each.stands) for each in found] == [
        ("a", 0, 23 * HOUR, False), ("c", 0, 0, True), ("b", 23 * HOUR, 0, True),
    ]  # fmt: skip


def test_one_that_comes_again_has_two_spans_and_the_most_urgent_of_its_priorities() -> None:
    changes = (
        change("raised", DAY.start, priority=4),
        change("level", DAY.start + HOUR, priority=1, state="unacknowledged"),
        change("returned", DAY.start + 2 * HOUR, priority=1),
        change("repeated", DAY.start + 4 * HOUR, priority=4),
    )

    found = spans(AlarmFacts(changes, (), ()), DAY)

    assert [(each.begin - DAY.start, each.priority, each.stands) for each in found] == [
        (0, 1, False), (4 * HOUR, 4, True),
    ]  # fmt: skip


def test_only_what_calls_somebody_is_announced() -> None:
    at = DAY.start + HOUR
    changes = [
        change("raised", at), change("repeated", at), change("raised", at, historic=True),
        change("raised", at, state="shelved"), change("returned", at), change("level", at, state="unacknowledged"),
    ]  # fmt: skip

    assert announcements(changes) == changes[:2]
