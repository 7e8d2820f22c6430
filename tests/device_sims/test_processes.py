"""Same seed, same bytes: whatever number of processes shares the work, and however many devices there are."""

import gzip
import subprocess
import sys
from collections import defaultdict
from itertools import islice, pairwise, takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.city.devices import load_city
from device_sims.faults import NAMES, Faults
from device_sims.fleet.fleet import Cut, Fleet, Message, Share
from device_sims.scenarios.scenario import load_scenario
from device_sims.troubles.trouble import Place, Trouble
from device_sims.world.local_time import HOUR, MINUTE, SECOND
from tests.support.faults import EVERY, SPECIFIED

EVENING = 1_772_625_600 * SECOND  # Wednesday 2026-03-04T20:00:00+08:00
BURST = Trouble("burst", Place(zone="dma-tianhe-1"), EVENING, EVENING + HOUR, 140.0)

ByDevice = dict[str, list[Message | Cut]]


def _said(devices: int, faults: str, *, minutes: float = 8, share: Share | None = None, seed: int = 5) -> ByDevice:
    fleet = Fleet(load_city(devices), seed, EVENING, Faults.parse(faults), [BURST], share)
    end = EVENING + int(minutes * MINUTE)
    out: ByDevice = defaultdict(list)
    for event in takewhile(lambda event: event.due < end, fleet.events()):
        out[event.device].append(event)
    return out


def _shared(devices: int, faults: str, processes: int) -> ByDevice:
    out: ByDevice = {}
    for rest in range(processes):
        part = _said(devices, faults, share=Share(rest, processes))
        assert not out.keys() & part.keys()
        assert {event.number % processes for events in part.values() for event in events} <= {rest}
        out |= part
    return out


@pytest.mark.parametrize("faults", ["", *SPECIFIED.values(), EVERY], ids=["none", *SPECIFIED, "every"])
def test_four_processes_say_what_one_says_and_a_larger_city_what_a_smaller_one_says(faults: str) -> None:
    alone = _said(250, faults)
    assert len(alone) > 150
    assert alone == _shared(250, faults, 4)
    larger = _said(700, faults)
    assert alone == {name: events for name, events in larger.items() if events[0].number < 250}


@settings(max_examples=12, deadline=None)
@given(
    faults=st.sets(st.sampled_from(NAMES)).map(lambda names: ",".join(SPECIFIED[name] for name in sorted(names))),
    devices=st.integers(20, 500), processes=st.integers(2, 7), seed=st.integers(0, 1 << 40),
)  # fmt: skip
def test_any_faults_come_together_and_hang_on_the_device_only(
    faults: str, devices: int, processes: int, seed: int
) -> None:
    alone = _said(devices, faults, minutes=5, seed=seed)
    rest = seed % processes
    part = _said(devices, faults, minutes=5, seed=seed, share=Share(rest, processes))
    assert part == {name: events for name, events in alone.items() if events[0].number % processes == rest}


def test_a_scenario_hits_the_same_devices_in_any_share() -> None:
    city = load_city()
    scenario = load_scenario("evening-of-trouble", city, EVENING)

    def told(share: Share | None) -> set[Message]:
        fleet = Fleet(city, 1, EVENING, None, scenario.troubles, share)
        return set(takewhile(lambda message: message.due < EVENING + 40 * MINUTE, fleet.messages()))

    assert told(None) == told(Share(0, 2)) | told(Share(1, 2))


def test_a_device_counts_its_messages_from_one_on_and_copies_too() -> None:
    for events in _said(200, EVERY).values():
        messages = [event for event in events if isinstance(event, Message)]
        assert [message.sequence for message in messages] == list(range(1, len(messages) + 1))


def test_another_seed_says_something_else() -> None:
    one, other = _said(60, ""), _said(60, "", seed=6)
    both = one.keys() & other.keys()
    assert len(both) > 40
    # a signal may be in the same stage at the same time
    assert sum(one[name] == other[name] for name in both) < len(both) / 10


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"share 4/4 is none: shares of 4 are 0 to 3"):
        Fleet(load_city(5), 1, EVENING, share=Share(4, 4))


def test_the_feeder_of_a_copy_balances_like_that_of_the_seeds() -> None:
    """Homes, transformers and head of a feeder agree in a copy, too: a whole city on, the same relations hold."""
    end = EVENING + HOUR
    fleet = Fleet(load_city(2 * len(load_city().devices)), 5, EVENING)
    power: dict[tuple[str, int], float] = {}
    energy: dict[tuple[str, int], float] = defaultdict(float)
    head: dict[int, list[float]] = defaultdict(list)
    for message in takewhile(lambda message: message.due < end, fleet.messages()):
        if message.profile not in ("household-meter", "feeder-meter"):
            continue
        for quantity, ts, value in message.readings:
            if quantity == "energy" and message.device.endswith("-c1") and value is not None:
                if message.profile == "household-meter":
                    energy["homes", ts] += value
                else:
                    head[ts].append(value)
            elif quantity == "p" and message.profile == "household-meter" and value is not None:
                power[message.device, ts] = value
    assert len({name for name, _ in power}) == 80
    times = sorted(ts for ts in head if ("homes", ts) in energy)
    assert len(times) == 4
    for one, other in pairwise(times):
        supplied = head[other][0] - head[one][0]
        used = energy["homes", other] - energy["homes", one]
        hours = (other - one) / HOUR
        assert supplied == pytest.approx(used * 1.035 + 0.4 * hours, abs=0.25)
    assert power["home-0001", times[0]] != power["home-0001-c1", times[0]]


def test_a_hundred_thousand_devices_come_at_once() -> None:
    fleet = Fleet(load_city(100_000), 5, EVENING, share=Share(1, 20))
    assert fleet.devices == 5_000
    some = list(islice(fleet.messages(), 500))
    assert len({message.device for message in some}) > 400


def test_four_processes_record_what_one_records(tmp_path: Path) -> None:
    """Processes of the operating system, with hashes of their own."""
    until = "2026-03-04T20:06:00+08:00"

    def recorded(name: str, *share: str) -> list[bytes]:
        file = tmp_path / name
        command = [sys.executable, "-m", "device_sims", "--devices", "500", "--origin", "2026-03-04T20:00:00+08:00"]
        command += ["--until", until, "--faults", EVERY, "--record", str(file), *share]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return gzip.decompress(file.read_bytes()).splitlines()

    alone = recorded("alone.gz")
    parts = [line for rest in range(4) for line in recorded(f"{rest}.gz", "--share", f"{rest}/4")]
    assert len(alone) > 1_000
    assert sorted(alone) == sorted(parts)
