"""The gateway's decoders read from every simulated payload what the simulators say that they sent."""

from collections import Counter, defaultdict
from itertools import islice

import pytest

from device_sims.city.devices import load_city
from device_sims.faults import Faults
from device_sims.fleet.fleet import Fleet, Message
from gateway.codecs.compiled import CompiledProfile, State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, Router
from gateway.reasons import Invalid
from seeds import profile_texts
from tests.support.faults import SPECIFIED

START = 1_772_496_000_000_000_000

Told = Counter[tuple[str, str, int, float | None]]
"""(device, quantity, ts, value)"""


@pytest.fixture(scope="module")
def decoders() -> tuple[Router, list[CompiledProfile]]:
    profiles = load_profiles(profile_texts())
    return Router(profiles), [compile_profile(profile) for profile in profiles]


def _read(
    messages: list[Message], decoders: tuple[Router, list[CompiledProfile]]
) -> tuple[Told, Counter[str], Counter[str]]:
    """Readings by device id, reasons of rejected messages, reasons of invalid fields."""
    router, compiled = decoders
    by_key = {(device.profile, device.key): device.id for device in load_city().devices}
    told: Told = Counter()
    rejected: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    by_profile: dict[int, list[tuple[str | None, Message]]] = defaultdict(list)
    for message in messages:
        match = router.match(message.topic)
        assert isinstance(match, Match), message.topic
        by_profile[match.profile].append((match.key, message))
    for index, group in by_profile.items():
        decoder = compiled[index]
        found = decoder.decode([m.payload for _, m in group], [m.topic for _, m in group])
        rejected.update(reason for _, reason, _ in found.rejected)
        invalid.update(reason for _, _, reason, *_ in found.invalid)
        for record, number in enumerate(found.message.tolist()):
            key = found.keys[record] if found.keys is not None else group[number][0]
            assert key is not None
            for place, quantity in enumerate(decoder.quantities):
                state = found.state[record, place]
                if state in {State.PRESENT, State.MISSING}:
                    value = float(found.value[record, place]) if state == State.PRESENT else None
                    told[_told(by_key[decoder.name, key], quantity.name, int(found.ts[record]), value)] += 1
    return told, rejected, invalid


def _told(device: str, quantity: str, ts: int, value: float | None) -> tuple[str, str, int, float | None]:
    # wire value times factor may differ in the last bit
    return device, quantity, ts, None if value is None else float(f"{value:.12g}")


def _truth(messages: list[Message]) -> Told:
    return Counter(_told(m.device, r.quantity, r.ts, r.value) for m in messages for r in m.readings)


def test_every_reading_of_ninety_minutes_is_read_as_it_was_sent(
    decoders: tuple[Router, list[CompiledProfile]],
) -> None:
    messages = list(islice(Fleet(load_city(), 3, START).messages(), 28_000))
    assert {m.device for m in messages} == {device.id for device in load_city().devices}
    told, rejected, invalid = _read(messages, decoders)
    assert told == _truth(messages)
    assert not rejected
    assert not invalid


def test_any_fault_leaves_what_the_truth_says(decoders: tuple[Router, list[CompiledProfile]]) -> None:
    """All at once: what the decoders read is what the fleet says that it sent, and what it says is lost is refused."""
    # a decoder isn't where a payload is too large or on the topic of a device that nobody knows
    faults = Faults.parse(",".join(spec for name, spec in SPECIFIED.items() if name not in {"oversize", "wrong_topic"}))
    messages = list(islice(Fleet(load_city(), 3, START, faults).messages(), 12_000))
    told, rejected, invalid = _read(messages, decoders)
    assert told == _truth(messages)
    assert rejected.total() == sum(bool({"invalid", "truncated"} & set(m.fault.split("+"))) for m in messages) > 300
    assert invalid == {Invalid.WRONG_TYPE: sum("wrong_type" in m.fault for m in messages)}
    assert {name for m in messages for name in m.fault.split("+")} >= {"unit", "stuck", "wrong_clock", "reboot"}


def test_wrong_topics_are_those_of_nobody(decoders: tuple[Router, list[CompiledProfile]]) -> None:
    router, _ = decoders
    known = {(device.profile, device.key) for device in load_city().devices}
    messages = list(islice(Fleet(load_city(), 3, START, Faults.parse("wrong_topic=1")).messages(), 5_000))
    names = list(profile_texts())
    reached: Counter[str] = Counter()
    for message in messages:
        match = router.match(message.topic)
        if isinstance(match, Match):
            reached["unknown device"] += 1
            assert (names[match.profile], match.key) not in known
        else:
            reached["no topic"] += 1
    assert min(reached.values()) > 10
    assert all(not message.readings and message.measured for message in messages)


def test_trouble_costs_what_it_spoils_and_nothing_else(decoders: tuple[Router, list[CompiledProfile]]) -> None:
    faults = Faults.parse("duplicate=0.05,late=0.05:90,invalid=0.05,wrong_type=0.05,outage=0.1:900,clock=0.05:94608000")
    messages = list(islice(Fleet(load_city(), 3, START, faults).messages(), 12_000))
    told, rejected, invalid = _read(messages, decoders)
    assert told == _truth(messages)
    assert rejected.total() == sum("invalid" in m.fault for m in messages) > 300
    assert invalid == {Invalid.WRONG_TYPE: sum("wrong_type" in m.fault for m in messages)}
