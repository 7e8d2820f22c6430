"""A changed profile beside the one in force: what is the same, another, new, lost, or read by neither."""

import pytest

from gateway.config.bounds import Bounds
from gateway.config.profiles import load_profiles
from gateway.workshop.comparison import Change, Compared, Readers, compare, summary_of
from gateway.workshop.message import Heard

NOON = 1_772_366_400 * 10**9
TEXT = """
name = "noise"
topic = "plant/{device}/spl"
interval_secs = 60
[identity]
topic = "{device}"
[time]
path = "utc"
format = "unix_ms"
[redact]
paths = ["key"]
[fields.leq]
path = "leq"
unit = "dB"
range = [0, 140]
[fields.peak]
path = "peak"
unit = "dB"
required = false
"""
OTHER = TEXT.replace("noise", "pump").replace("plant/{device}/spl", "plant/{device}/pump")
GOOD = b'{"utc":1772366399000,"leq":61.3,"peak":80,"key":"s3cret"}'


def compared(changed: str, payload: bytes = GOOD, topic: str = "plant/n-1/spl", now: str = TEXT) -> Compared:
    before = Readers(load_profiles({"noise": now, "pump": OTHER}), Bounds(), NOON)
    after = Readers(load_profiles({"noise": changed, "pump": OTHER}), Bounds(), NOON)
    (found,) = compare(before, after, [Heard(NOON, topic, payload)])
    return found


def changes(found: Compared) -> dict[str, str]:
    return {each.shown.quantity: str(each.change) for each in found.readings}


def test_an_unchanged_profile_changes_nothing() -> None:
    found = compared(TEXT + "\n# a comment\n")

    assert (found.change, found.profile) == (Change.SAME, "noise")
    assert changes(found) == {"leq": "same", "peak": "same"}


@pytest.mark.parametrize(
    ("old", "new", "message", "readings"),
    [
        ("[0, 140]", "[0, 50]", "changed", {"leq": "changed", "peak": "same"}),  # the flag is another
        ('path = "peak"', 'path = "top"', "changed", {"leq": "same", "peak": "lost"}),
        ("[fields.peak]", "[fields.top]", "changed", {"leq": "same", "top": "new", "peak": "lost"}),
        ('path = "leq"', 'path = "none"', "changed", {"leq": "lost", "peak": "same"}),
        ('"unix_ms"', '"unix_s"', "lost", {"leq": "lost", "peak": "lost"}),
    ],
)
def test_a_reading_is_another_by_its_value_flag_or_time(
    old: str, new: str, message: str, readings: dict[str, str]
) -> None:
    found = compared(TEXT.replace(old, new))

    assert changes(found) == readings
    assert found.change == message


def test_a_mended_profile_reads_what_was_a_dead_letter() -> None:
    broken = TEXT.replace('path = "leq"', 'path = "level"')
    found = compared(TEXT, b'{"utc":1772366399000,"leq":61.3}', now=broken)

    assert found.change == Change.NEW
    assert found.now.troubles
    assert found.then.troubles == []


def test_why_a_message_would_be_a_dead_letter_is_told() -> None:
    found = compared(TEXT, b"\xff")

    assert found.change == Change.UNREAD
    assert found.then.outcome == "rejected"
    assert [trouble.reason for trouble in found.then.troubles] == [found.then.reason]


def test_a_topic_that_another_profile_takes_goes_there() -> None:
    wide = TEXT.replace("plant/{device}/spl", "plant/{device}/{kind}")
    found = compared(wide, topic="plant/n-1/pump", payload=GOOD)

    assert (found.change, found.profile) == (Change.SAME, "pump")
    assert compared(wide, topic="plant/n-1/spl2").change == Change.NEW
    assert compared(TEXT, topic="plant/n-1/spl", now=wide).change == Change.SAME
    assert compared(TEXT, topic="plant/n-1/spl2", now=wide).change == Change.LOST


def test_what_no_profile_takes_stays_unread() -> None:
    found = compared(TEXT, topic="elsewhere")

    assert (found.change, found.profile, found.then.outcome) == (Change.UNREAD, "", "topic")


def test_secrets_are_not_shown() -> None:
    readers = Readers(load_profiles({"noise": TEXT}), Bounds(), NOON)

    assert b"s3cret" not in readers.redact(Heard(NOON, "plant/n-1/spl", GOOD))[1]


def test_two_readings_of_one_time_are_compared_one_by_one() -> None:
    many = TEXT + '[records]\npath = "all[]"\n'
    payload = b'{"all":[{"utc":1772366399000,"leq":1},{"utc":1772366399000,"leq":2}]}'
    found = compared(many.replace("[0, 140]", "[0, 1.5]"), payload, now=many)

    assert [str(each.change) for each in found.readings] == ["same", "changed"]


def test_a_summary_counts_messages_and_readings() -> None:
    every = [compared(TEXT), compared(TEXT.replace("[0, 140]", "[0, 50]")), compared(TEXT, b"\xff")]
    found = summary_of(every)

    assert found["messages"] == {"same": 1, "changed": 1, "new": 0, "lost": 0, "unread": 1}
    assert found["readings"] == {"same": 3, "changed": 1, "new": 0, "lost": 0}
