"""Each fault, alone and with others, by a scenario's table: what it does, and that the truth says so."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise, takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.city.devices import City, load_city
from device_sims.faults import NAMES, RULES, Faults, FaultSpan
from device_sims.fleet.fleet import Cut, Fleet, Message
from device_sims.scenarios.scenario import load_scenario
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND
from tests.support.faults import EVERY, SPECIFIED
from tests.support.payloads import said, unpacked

MORNING = 1_772_496_000 * SECOND  # Tuesday 2026-03-03T08:00:00+08:00
NINE = MORNING + HOUR
SPOILT = {"truncated", "invalid", "oversize", "wrong_topic"}


@pytest.fixture(scope="module")
def city() -> City:
    return load_city()


def _played(city: City, folder: Path, table: str, hours: float = 2.0, seed: int = 3) -> tuple[list[Message], Fleet]:
    """What is sent from eight o'clock on with one table of a scenario that begins at nine."""
    file = folder / "scenario.toml"
    file.write_text(f'[[faults]]\nat = "09:00"\n{table}\n', encoding="utf-8")
    faults = Faults().and_(load_scenario(str(file), city, MORNING).faults)
    hit = [device for device in city.devices if any(fault.has(device) for fault in faults.every)]
    some = {device.id: device for device in (*hit, *city.devices[:20])}
    fleet = Fleet(replace(city, devices=tuple(some.values())), seed, MORNING, faults)
    return list(takewhile(lambda m: m.due < MORNING + int(hours * HOUR), fleet.messages())), fleet


def _of(messages: list[Message], device: str) -> list[Message]:
    return [message for message in messages if message.device == device]


def _values(message: Message, quantity: str, *, measured: bool = False) -> list[float]:
    said = message.measured if measured else message.readings
    return [value for name, _, value in said if name == quantity and value is not None]


def test_silence_loses_what_is_measured_and_nothing_names_it(city: City, tmp_path: Path) -> None:
    messages, fleet = _played(city, tmp_path, 'kind = "silence"\nminutes = 20\nzone = "dma-tianhe-1"')
    times = [message.measured[0].ts for message in _of(messages, "flow-0001")]
    assert len(times) == 100
    assert not [ts for ts in times if NINE <= ts < NINE + 20 * MINUTE]
    assert not [message for message in messages if message.fault]
    spans = [span for span in fleet.fault_spans(MORNING + DAY) if span.device == "flow-0001"]
    assert spans == [FaultSpan("flow-0001", "silence", NINE, NINE + 20 * MINUTE, 0.0)]


def test_silence_with_a_size_comes_and_goes(city: City, tmp_path: Path) -> None:
    messages, fleet = _played(city, tmp_path, 'kind = "silence"\nminutes = 60\nsize = 300\ndevice = "flow-0001"')
    assert 85 <= len(_of(messages, "flow-0001")) <= 95
    spans = list(fleet.fault_spans(MORNING + DAY))
    assert 6 <= len(spans) <= 7
    for span in spans:
        assert NINE <= span.start < span.end <= NINE + HOUR
        silent = [m for m in _of(messages, "flow-0001") if span.start <= m.measured[0].ts < span.end]
        assert silent == []


@pytest.mark.parametrize("kind", ["outage", "backlog"])
def test_what_is_held_back_comes_at_the_end_oldest_first(city: City, tmp_path: Path, kind: str) -> None:
    messages, _ = _played(city, tmp_path, f'kind = "{kind}"\nminutes = 30\nprofile = "loop-detector"')
    held = [message for message in messages if message.fault == kind]
    assert len(held) == 100 * 30
    assert {message.due for message in held} == {NINE + 30 * MINUTE}
    times = [message.readings[0].ts for message in _of(held, "loop-0007")]
    assert times == sorted(times)
    assert all(message.readings == message.measured for message in held)


def test_a_flapping_connection_is_cut_and_what_it_held_comes_after(city: City, tmp_path: Path) -> None:
    _, fleet = _played(city, tmp_path, 'kind = "flapping"\nminutes = 30\nsize = 90\ndevice = "gas-0001"', 0.0)
    events = list(takewhile(lambda event: event.due < MORNING + 2 * HOUR, fleet.events()))
    cuts = [event for event in events if isinstance(event, Cut)]
    assert 4 <= len(cuts) <= 6
    assert {cut.device for cut in cuts} == {"gas-0001"}
    assert all(b.due - a.due == 360 * SECOND for a, b in pairwise(cuts))
    assert [event.due for event in events] == sorted(event.due for event in events)
    for cut in cuts:
        away = [event for event in events if isinstance(event, Message) and event.device == "gas-0001"
                and cut.due <= event.measured[0].ts < cut.due + 90 * SECOND]  # fmt: skip
        assert len(away) == 3
        assert {(message.due, message.fault) for message in away} == {(cut.due + 90 * SECOND, "flapping")}


@pytest.mark.parametrize(
    ("table", "ahead"),
    [
        ('kind = "clock"\nsize = -3600', -HOUR),
        ('kind = "wrong_clock"\nsize = 3', 3 * 365 * DAY),
        ('kind = "wrong_clock"\nsize = 0', -NINE),
    ],
)
def test_a_wrong_clock_is_in_the_stamps_and_not_in_what_was_measured(
    city: City, tmp_path: Path, table: str, ahead: int
) -> None:
    messages, _ = _played(city, tmp_path, table + "\nminutes = 30\nshare = 0.5")
    wrong = [message for message in messages if message.fault]
    for message in wrong:
        assert NINE <= message.measured[0].ts < NINE + 30 * MINUTE
        assert [r.ts - m.ts for r, m in zip(message.readings, message.measured, strict=True)] == [
            ahead for _ in message.measured
        ]
        assert [r.value for r in message.readings] == [m.value for m in message.measured]
    assert 0.4 < len({message.device for message in wrong}) / len(city.devices) < 0.6


def test_a_drifting_clock_gains_with_time(city: City, tmp_path: Path) -> None:
    messages, _ = _played(city, tmp_path, 'kind = "clock_drift"\nsize = 1000\nminutes = 60\nprofile = "meter-3p"')
    gained = [(m.measured[0].ts - NINE, m.readings[0].ts - m.measured[0].ts) for m in messages if m.fault]
    assert len(gained) == 91 * 60
    assert all(0 <= since / 1000 - ahead < 1_000_000 for since, ahead in gained)
    assert max(ahead for _, ahead in gained) > 3 * SECOND


def test_a_stuck_device_repeats_what_it_measured_last(city: City, tmp_path: Path) -> None:
    messages, _ = _played(city, tmp_path, 'kind = "stuck"\nminutes = 30\nprofile = "water-flow"')
    for device in ("flow-0001", "flow-0009"):
        own = _of(messages, device)
        before = [m for m in own if m.measured[0].ts <= NINE][-1]
        stuck = [m for m in own if m.fault]
        assert len(stuck) == 30
        assert {_values(m, "flow")[0] for m in stuck} == {_values(before, "flow")[0]}
        assert len({_values(m, "flow", measured=True)[0] for m in stuck}) > 20
        counted = [json.loads(m.payload)["seq"] for m in own]
        assert all((b - a) % 65536 == 1 for a, b in pairwise(counted)), "the counter goes on"


def test_a_stuck_quantity_leaves_the_others_alone(city: City, tmp_path: Path) -> None:
    table = 'kind = "stuck"\nminutes = 30\nquantity = "u_b"\ndevice = "meter-0004"'
    stuck = [m for m in _played(city, tmp_path, table)[0] if m.fault]
    assert len({_values(m, "u_b")[0] for m in stuck}) == 1
    assert len({_values(m, "u_a")[0] for m in stuck}) > 10


@pytest.mark.parametrize(
    ("table", "profile", "quantity", "factor"),
    [
        ('kind = "unit"\nsize = 0.001', "water-flow", "flow", 0.001),
        ('kind = "unit"\nsize = 1000', "meter-3p", "p", 1000.0),
        ('kind = "spike"\nsize = 5\nshare = 0.3', "gas-detector", "lel", 5.0),
        ('kind = "unit"\nsize = 100', "water-pressure", "pressure", 100.0),
        ('kind = "unit"\nsize = 3.6', "household-meter", "energy", 3.6),
        ('kind = "spike"\nsize = -2', "drainage-level", "level", -2.0),
    ],
)  # fmt: skip
def test_a_value_is_sent_times_something(
    city: City, tmp_path: Path, table: str, profile: str, quantity: str, factor: float
) -> None:
    place = f'\nminutes = 60\nprofile = "{profile}"\nquantity = "{quantity}"'
    messages, _ = _played(city, tmp_path, table + place)
    hit = [message for message in messages if message.fault]
    assert hit
    assert {message.profile for message in hit} == {profile}
    for message in hit:
        told, measured = _values(message, quantity), _values(message, quantity, measured=True)
        # as coarse as the wire is
        assert told == pytest.approx([factor * value for value in measured], rel=0.02, abs=0.6)
        others = [(r.quantity, r.ts, r.value) for r in message.readings if r.quantity != quantity]
        assert others == [(r.quantity, r.ts, r.value) for r in message.measured if r.quantity != quantity]
    for message in messages:
        if not message.fault:
            assert message.readings == message.measured


def test_a_drift_grows_and_noise_wavers(city: City, tmp_path: Path) -> None:
    place = '\nminutes = 60\ndevice = "press-0003"'
    drifted = [m for m in _played(city, tmp_path, 'kind = "drift"\nsize = 2.4' + place)[0] if m.fault]
    shares = [_values(m, "pressure")[0] / _values(m, "pressure", measured=True)[0] for m in drifted]
    assert shares == pytest.approx([1.0 + 0.1 * (m.measured[0].ts - NINE) / HOUR for m in drifted], abs=0.01)
    noisy = [m for m in _played(city, tmp_path, 'kind = "noise"\nsize = 0.2' + place)[0] if m.fault]
    wavers = [_values(m, "pressure")[0] / _values(m, "pressure", measured=True)[0] - 1.0 for m in noisy]
    assert len({round(waver, 3) for waver in wavers}) > 30
    assert (sum(waver**2 for waver in wavers) / len(wavers)) ** 0.5 == pytest.approx(0.2, abs=0.08)


def test_a_spike_of_nothing_is_none(city: City, tmp_path: Path) -> None:
    messages, _ = _played(city, tmp_path, 'kind = "spike"\nminutes = 60\nprofile = "rain-gauge"\nquantity = "rain"')
    dry = [m for m in messages if m.profile == "rain-gauge" and _values(m, "rain", measured=True) == [0.0]]
    assert dry
    assert not [message for message in dry if message.fault]


def test_a_device_that_starts_again_counts_from_nothing(city: City, tmp_path: Path) -> None:
    messages, fleet = _played(city, tmp_path, 'kind = "reboot"\nminutes = 5\nprofile = "water-flow"')
    own = _of(messages, "flow-0002")
    counted = [json.loads(message.payload)["seq"] for message in own]
    after = [k for k, message in enumerate(own) if message.measured[0].ts >= NINE + 5 * MINUTE]
    assert [counted[k] for k in after] == list(range(len(after)))
    assert [own[k].fault for k in after] == ["reboot"] + [""] * (len(after) - 1)
    assert len(own) == 115
    assert all(message.readings == message.measured for message in own)
    assert {span.fault for span in fleet.fault_spans(MORNING + DAY)} == {"reboot"}


def test_a_manhole_that_starts_again_has_another_session(city: City, tmp_path: Path) -> None:
    messages, _ = _played(city, tmp_path, 'kind = "reboot"\nminutes = 1\nprofile = "tts-v3"', 6.0)
    own = [json.loads(message.payload)["uplink_message"] for message in _of(messages, "manhole-01")]
    keys = [told["session_key_id"] for told in own]
    assert len(set(keys)) == 2
    frames = [told.get("f_cnt", 0) for told in own if told["session_key_id"] == keys[-1]]
    assert frames == list(range(len(frames)))


def test_spoilt_payloads_keep_what_was_measured(city: City, tmp_path: Path) -> None:
    for kind in sorted(SPOILT):
        messages, _ = _played(city, tmp_path, f'kind = "{kind}"\nminutes = 20\nshare = 0.3', 1.5)
        hit = [message for message in messages if message.fault]
        assert {message.fault for message in hit} == {kind}
        assert all(message.readings == () and message.measured for message in hit)
        own = {(message.topic, message.device) for message in messages if not message.fault}
        topics = {topic for topic, _ in own}
        for message in hit:
            if kind == "wrong_topic":
                assert message.topic not in topics
            else:
                assert (message.topic, message.device) in own
            if kind == "oversize":
                assert len(message.payload) == 300_000
            elif kind != "wrong_topic":
                with pytest.raises(ValueError, match="unreadable"):
                    said(message)


def test_a_message_of_many_lines_that_was_cut_short_has_no_whole_one(city: City, tmp_path: Path) -> None:
    """A gateway would take the lines before the cut, and the truth would not know of them."""
    table = 'kind = "outage"\nminutes = 30\n[[faults]]\nat = "09:00"\nkind = "truncated"\nminutes = 30\nprofile = '
    for profile in ("noise-logger", "weather-station", "fiware-ul"):
        messages, _ = _played(city, tmp_path, f'{table}"{profile}"', 1.6)
        cut = [message for message in messages if message.fault == "outage+truncated"]
        assert {message.profile for message in cut} == {profile}
        assert {message.device for message in cut} == {d.id for d in city.devices if d.profile == profile}
        for message in cut:
            assert len({reading.ts for reading in message.measured}) > 5
            assert len(unpacked(message.payload)) < 80
            with pytest.raises(ValueError, match="unreadable"):
                said(message)


def _sane(message: Message) -> None:
    """What holds of any message, whatever came together."""
    names = message.fault.split("+") if message.fault else []
    assert names == [name for name in NAMES if name in names], "in the order of the catalogue"
    assert "silence" not in names
    assert message.measured
    assert message.due >= max(reading.ts for reading in message.measured) - 5 * SECOND
    if SPOILT & set(names):
        assert message.readings == ()
        return
    assert said(message)
    if message.profile == "tts-v3" and "level" not in {reading.quantity for reading in message.readings}:
        return  # a level that a fault made zero is left out by that server
    lost = 1 if "wrong_type" in names else 0
    assert len(message.readings) == len(message.measured) - lost
    if not {"clock", "clock_drift", "wrong_clock", "wrong_type"} & set(names):
        assert [r.ts for r in message.readings] == [m.ts for m in message.measured]
    if not {"stuck", "spike", "drift", "unit", "noise", "wrong_type"} & set(names):
        assert [r.value for r in message.readings] == [m.value for m in message.measured]


@settings(max_examples=20, deadline=None)
@given(names=st.sets(st.sampled_from(NAMES), min_size=1), seed=st.integers(0, 1000), devices=st.sampled_from([60, 467]))
def test_any_faults_compose_and_the_truth_agrees_with_the_payload(names: set[str], seed: int, devices: int) -> None:
    faults = Faults.parse(",".join(SPECIFIED[name] for name in sorted(names)))
    fleet = Fleet(load_city(devices), seed, MORNING, faults)
    for message in takewhile(lambda message: message.due < MORNING + 4 * MINUTE, fleet.messages()):
        assert set(filter(None, message.fault.split("+"))) <= names
        _sane(message)


def test_every_fault_is_seen_when_all_come_together(city: City) -> None:
    fleet = Fleet(city, 3, MORNING, Faults.parse(EVERY))
    end = MORNING + 20 * MINUTE
    seen: Counter[str] = Counter()
    for message in takewhile(lambda message: message.due < end, fleet.messages()):
        seen.update(message.fault.split("+"))
        _sane(message)
    assert seen.keys() - {""} == set(NAMES) - {"silence"}
    spans = Counter(span.fault for span in fleet.fault_spans(end))
    assert spans.keys() == {name for name, rule in RULES.items() if not rule.single}


def test_spans_are_when_messages_name_the_fault(city: City) -> None:
    names = ("outage", "flapping", "clock", "stuck", "drift")
    fleet = Fleet(city, 3, MORNING, Faults.parse(",".join(SPECIFIED[name] for name in names)))
    end = MORNING + 30 * MINUTE
    spans: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for span in fleet.fault_spans(end):
        spans[span.device, span.fault].append((span.start, span.end))
    for message in takewhile(lambda message: message.due < end, fleet.messages()):
        if message.profile == "water-pressure":  # what was kept comes together
            continue
        ts = max(reading.ts for reading in message.measured)
        on = {name for name in names if any(a <= ts < b for a, b in spans[message.device, name])}
        assert on == set(filter(None, message.fault.split("+"))), message


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('kind = "lost"\nminutes = 1', r"faults\[0\].kind 'lost' is no fault; there are silence"),
        ('kind = "silence"\nminutes = "ten"', r"faults\[0\].minutes must be a number, not 'ten'"),
        ('kind = "silence"', r"faults\[0\].minutes is missing"),
        ('kind = "clock"\nminutes = 1', r"faults\[0\].size: clock needs a size \(s\)"),
        ('kind = "invalid"\nminutes = 1\nsize = 3', r"faults\[0\].size: invalid takes no size"),
        ('kind = "silence"\nminutes = 1\nshare = 0', r"faults\[0\].share must lie above 0"),
        ('kind = "silence"\nminutes = 1\nshare = "half"', r"faults\[0\].share must be a number, not 'half'"),
        ('kind = "silence"\nminutes = 1\nwhere = "x"', r"faults\[0\].where is not known"),
        ('kind = "silence"\nminutes = 1\ndevice = "x"', r"no device of the city is at device=x"),
        ('kind = "silence"\nminutes = 1\nquantity = "speed"', r"silence changes no value"),
        ('kind = "spike"\nminutes = 1\nprofile = "water-flow"\nquantity = "speed"', r"no device there has 'speed'"),
    ],
)
def test_tables_that_make_no_sense_are_refused(city: City, tmp_path: Path, table: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _played(city, tmp_path, table)
