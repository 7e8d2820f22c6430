"""What is heard, by kinds of topic."""

import json

import seeds
from gateway.config.bounds import Bounds
from gateway.config.profiles import load_profiles
from gateway.workshop.message import Heard
from gateway.workshop.observed import Line, Observed

NOON = 1772366400 * 10**9
PROFILES = load_profiles(seeds.profile_texts())


def lines(*messages: tuple[str, bytes]) -> dict[str, Line]:
    observed = Observed(PROFILES, Bounds())
    for k, (topic, payload) in enumerate(messages):
        observed.take(Heard(NOON + k * 10**9, topic, payload), 1)
    return {line.topics: line for line in observed.lines(NOON + len(messages) * 10**9)}


def test_messages_that_a_profile_reads_are_decoded_and_faults_counted() -> None:
    good = b'{"ts":1772366400123,"speed":52.3,"flow":23,"occ":0.13}'
    topic = "city/tianhe/traffic/loop/loop-7/reading"
    (line,) = lines((topic, good), (topic, good.replace(b'"flow":23', b'"flow":"x"')), (topic, b"nonsense")).values()

    assert (line.profile, line.messages, line.decoded, line.readings) == ("loop-detector", 3, 2, 5)
    assert line.faults == {"wrong_type": 1, "unreadable": 1}


def test_topics_of_strangers_are_folded_and_their_nearest_profile_told() -> None:
    body = b'{"ts":1772366400123,"speed":52.3,"flow":23,"occ":0.13}'
    found = lines(*((f"plant/n-{k}/loop", body) for k in range(5)), ("plant/n-1/state", b"on"))

    assert (found["plant/{..}/loop"].count_of_topics, found["plant/{..}/loop"].messages) == (5, 5)
    assert "nearest loop-detector" in found["plant/{..}/loop"].why
    assert "3 of 3 fields" in found["plant/{..}/loop"].why


def test_secrets_are_not_shown() -> None:
    body = json.dumps({"mqttPassword": "hunter2", "t": 1}).encode()
    found = lines(
        ("plant/n-1/x", body),
        ("/json/4jggokgpepn/lamp-1/attrs", b'{"level":1}'),
        ("/json/4jggokgpepn/lamp-1/odd", body),
    )

    assert "hunter2" not in str(found)
    assert "4jggokgpepn" not in str(found)


def test_hostile_messages_are_shown_without_harm() -> None:
    deep, long = b"[" * 100_000, b'{"a":"' + b"x" * 3_000_000 + b'"}'
    found = lines(("a/\x1b[2J/\x9b", b"\x1b]0;x\x07"), ("b", deep), ("c", long), ("", b""), ("d" * 5000, b"\xff" * 99))

    assert len(found) == 5
    assert not [sign for sign in str([vars_of(line) for line in found.values()]) if sign in "\x1b\x07\x9b"]
    assert found["c"].longest == len(long)


def vars_of(line: Line) -> tuple[object, ...]:
    return (line.topics, line.topic, line.sample, line.why, line.profile)


def test_topics_beyond_the_most_are_one_line() -> None:
    observed = Observed(PROFILES, Bounds())
    observed.MOST_TOPICS = 50
    for k in range(120):
        observed.take(Heard(NOON + k, f"a/n-{k}", b"1"), 0)
    found = {line.topics: line for line in observed.lines(NOON)}

    assert found["(further topics)"].messages == 70
    assert sum(line.messages for line in found.values()) == observed.messages == 120
