"""What goes wrong in the city: where, when, how much, and nowhere else."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Fleet, Message
from device_sims.scenarios.scenario import load_scenario, scenario_names
from device_sims.troubles.trouble import Place, Trouble
from device_sims.world.noise import Noise
from device_sims.world.weather import Weather

MINUTE = 60_000_000_000
ORIGIN = 1_772_553_600_000_000_000
"""2026-03-04 00:00 in Guangzhou, a Wednesday."""


def _said(*troubles: Trouble, minutes: int = 30) -> list[Message]:
    fleet = Fleet(load_city(recordings=False), 1, ORIGIN, None, troubles)
    return list(takewhile(lambda message: message.due < ORIGIN + minutes * MINUTE, fleet.messages()))


def _trouble(
    kind: str, size: float, start: int = 5, end: int = 20, *, device: str = "", asset: str = "", zone: str = ""
) -> Trouble:
    return Trouble(kind, Place(device, asset, zone), ORIGIN + start * MINUTE, ORIGIN + end * MINUTE, size)


def _values(messages: Sequence[Message], device: str, quantity: str) -> list[tuple[int, float]]:
    return [
        (reading.ts, reading.value)
        for message in messages
        if message.device == device
        for reading in message.readings
        if reading.quantity == quantity and reading.value is not None
    ]


QUIET = _said()


def test_gas_rises_within_five_minutes_and_is_gone_at_the_end() -> None:
    said = _said(_trouble("gas-leak", 40.0, device="gas-0005"))

    for (ts, before), (_, after) in zip(
        _values(QUIET, "gas-0005", "lel"), _values(said, "gas-0005", "lel"), strict=True
    ):
        grown = min(max(ts - ORIGIN - 5 * MINUTE, 0) / (5 * MINUTE), 1.0) if ts < ORIGIN + 20 * MINUTE else 0.0
        assert after - before == pytest.approx(40.0 * grown, abs=0.11)


def test_nobody_else_says_anything_different() -> None:
    said = _said(_trouble("gas-leak", 40.0, device="gas-0005"))

    others = [(m.due, m.topic, m.payload) for m in said if m.device != "gas-0005"]
    assert others == [(m.due, m.topic, m.payload) for m in QUIET if m.device != "gas-0005"]


def test_the_inlets_share_what_bursts_out_and_all_pressures_fall() -> None:
    said = _said(_trouble("burst", 100.0, zone="dma-tianhe-1"))
    late = ORIGIN + 10 * MINUTE

    risen = 0.0
    for inlet in ("flow-0001", "flow-0002"):
        before, after = (dict(_values(messages, inlet, "flow")) for messages in (QUIET, said))
        rises = [after[ts] - before[ts] for ts in before if late < ts < ORIGIN + 20 * MINUTE]
        assert rises == pytest.approx([50.0] * len(rises), abs=0.1)
        risen += rises[0]
    assert risen == pytest.approx(100.0, abs=0.2)
    pressures = [d.id for d in load_city().devices if d.zone == "dma-tianhe-1" and d.profile == "water-pressure"]
    assert pressures
    for logger in pressures:
        before, after = (dict(_values(messages, logger, "pressure")) for messages in (QUIET, said))
        falls = [before[ts] - after[ts] for ts in after if late < ts < ORIGIN + 20 * MINUTE]
        assert falls == pytest.approx([50.0] * len(falls), abs=2.0)


def test_a_silent_device_says_nothing_while_it_lasts() -> None:
    said = _said(_trouble("silence", 0.0, device="flow-0018"))

    quiet = [ts for ts, _ in _values(QUIET, "flow-0018", "flow")]
    heard = [ts for ts, _ in _values(said, "flow-0018", "flow")]
    assert heard == [ts for ts in quiet if not ORIGIN + 5 * MINUTE <= ts < ORIGIN + 20 * MINUTE]
    assert 0 < len(heard) < len(quiet)


def test_the_payload_says_what_the_truth_says() -> None:
    said = _said(_trouble("voltage", 0.86, device="meter-0010"))
    changed = [m for m in said if m.device == "meter-0010" and ORIGIN + 5 * MINUTE <= m.due < ORIGIN + 20 * MINUTE]

    assert changed
    for message in changed:
        value = next(reading.value for reading in message.readings if reading.quantity == "u_a")
        assert value is not None
        assert value < 205
        assert f"{value}".encode() in message.payload


def _daily(trouble: Trouble | None, device: str, quantity: str, hours: float) -> list[tuple[int, float]]:
    """What one device says for so long; nobody else is there."""
    city = load_city(recordings=False)
    alone = replace(city, devices=tuple(each for each in city.devices if each.id == device))
    fleet = Fleet(alone, 1, ORIGIN, None, () if trouble is None else (trouble,))
    end = ORIGIN + round(hours * 60) * MINUTE
    return _values(list(takewhile(lambda message: message.due < end, fleet.messages())), device, quantity)


def test_what_bursts_out_is_counted() -> None:
    burst = _trouble("burst", 60.0, start=10, end=70, zone="dma-tianhe-1")
    before, after = (_daily(trouble, "flow-0001", "volume", 2.0) for trouble in (None, burst))

    # one of two inlets, for an hour less half the minute in which it grows
    assert after[-1][1] - before[-1][1] == pytest.approx(30.0 - 0.25, abs=0.02)


def test_a_thief_is_not_in_the_register_but_in_the_supply() -> None:
    theft = _trouble("theft", 0.8, start=60, end=600, asset="tx-conghua-21")
    honest, stolen = (_daily(trouble, "home-0001", "energy", 24.0) for trouble in (None, theft))
    supply = [_daily(trouble, "supply-01", "energy", 3.0) for trouble in (None, theft)]

    def use(register: list[tuple[int, float]], start: int, end: int) -> float:
        values = [value for ts, value in register if ORIGIN + start * MINUTE <= ts <= ORIGIN + end * MINUTE]
        return values[-1] - values[0]

    assert use(stolen, 60, 600) == pytest.approx(0.2 * use(honest, 60, 600), abs=0.03)
    assert use(stolen, 600, 1400) == pytest.approx(use(honest, 600, 1400), abs=0.03)
    assert supply[0] == supply[1]


@pytest.mark.parametrize(("kind", "size", "code"), [("sag", 0.6, 2.0), ("swell", 1.2, 3.0), ("sag", 0.05, 4.0)])
def test_a_monitor_records_what_was_too_short_for_meters(kind: str, size: float, code: float) -> None:
    trouble = _trouble(kind, size, start=70, end=71, zone="feeder-tianhe-1")
    events = _daily(trouble, "pq-01", "event", 4.0)
    lengths = _daily(trouble, "pq-01", "duration", 4.0)

    assert [value for _, value in events if value != 1.0] == [code]
    assert [value for _, value in lengths] == [60.0]
    assert [value for _, value in _daily(trouble, "pq-01", "residual", 4.0)] == [pytest.approx(size)]


def test_a_phase_that_sinks_unbalances_lines_as_its_phasors_say() -> None:
    trouble = _trouble("unbalance", 0.9, start=0, end=30, asset="tx-conghua-21")
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for kept, one in ((before, None), (after, trouble)):
        for line in ("u_ab", "u_bc", "u_ca"):
            kept[line] = _daily(one, "txmon-01", line, 0.4)[-1][1]

    share = abs(0.9 - np.exp(2j * np.pi / 3)) / 3**0.5
    assert after["u_ab"] / before["u_ab"] == pytest.approx(share, abs=1e-3)
    assert after["u_ca"] / before["u_ca"] == pytest.approx(share, abs=1e-3)
    assert after["u_bc"] == before["u_bc"]


def test_a_queue_grows_upstream_and_dissolves_from_its_head() -> None:
    file = "rush-hour-incident"
    scenario = load_scenario(file, load_city(recordings=False), ORIGIN)
    (trouble,) = scenario.troubles
    city = load_city(recordings=False)
    road = replace(city, devices=tuple(device for device in city.devices if device.id in trouble.reach["queue"]))
    times = {device.id: trouble.reach["queue"][device.id] for device in road.devices}

    assert len(times) >= 4
    assert len(set(times.values())) >= 4, "each detector has its own time"
    fleet = Fleet(road, 1, trouble.start - 5 * MINUTE, None, scenario.troubles)
    last = trouble.end + max(end for _, end in times.values())
    said = list(takewhile(lambda message: message.due < last + 20 * MINUTE, fleet.messages()))
    slowed = {}
    for device in road.devices:
        if device.profile == "loop-detector":
            slow = [ts for ts, speed in _values(said, device.id, "speed") if speed < 15.0]
            slowed[device.id] = slow[0] - trouble.start, slow[-1] - trouble.end
            begin, over = times[device.id]
            assert begin <= slowed[device.id][0] <= begin + 4 * MINUTE
            assert over - 2 * MINUTE <= slowed[device.id][1] <= over
    assert sorted(slowed, key=lambda name: slowed[name][0]) == sorted(slowed, key=lambda name: times[name])


def test_a_storm_is_felt_in_the_district_and_in_its_feeders() -> None:
    storm = _trouble("storm", 60.0, start=0, end=60, zone="tianhe")
    storm = replace(storm, place=replace(storm.place, within=frozenset({"feeder-tianhe-1", "dma-tianhe-1"})))
    said = _said(storm, minutes=60)

    lowest = min(value for _, value in _values(said, "meter-0001", "u_a"))
    assert lowest < 170
    assert min(value for _, value in _values(said, "meter-0010", "u_a")) > 190
    assert max(value for _, value in _values(said, "rain-0002", "intensity")) > 50
    assert max(value for _, value in _values(said, "rain-0001", "intensity")) < 10


def test_every_built_in_scenario_fits_the_city() -> None:
    assert scenario_names()
    for name in scenario_names():
        scenario = load_scenario(name, load_city(), ORIGIN)
        assert scenario.sentence
        assert scenario.troubles or scenario.faults or name == "quiet-day"
        for trouble in scenario.troubles:
            assert ORIGIN <= trouble.start < trouble.end
            assert trouble.sentence
            profiles = {device.profile for device in load_city().devices if trouble.place.has(device)}
            assert trouble.kind == "silence" or profiles & {effect.profile for effect in trouble.effects}
            if trouble.expect:
                assert trouble.within > 0
                assert trouble.over > 0


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('kind = "plague"', "no trouble"),
        ('kind = "burst"\nat = "25:00"', "no time"),
        ('kind = "burst"\ncolour = 1', "not known"),
        ('kind = "burst"\nzone = "atlantis"', "no device"),
        ('kind = ["burst"]', "no trouble"),
        ('kind = "burst"', "size must be a number, not None"),
        ('kind = "burst"\nsize = "big"', "size must be a number, not 'big'"),
        ('kind = "burst"\nsize = nan', "size must be a number"),
        ('kind = "burst"\nsize = -3', "size of a burst must lie from 0"),
        ('kind = "jam"\nsize = 0', "size of a jam must lie from 0.01"),
        ('kind = "theft"\nsize = 2', "size of a theft must lie from 0 to 1"),
        ('kind = "burst"\nsize = 5\ndevice = "gas-0001"', "no device there feels a burst; water-flow or water-pres"),
        ('kind = "burst"\nsize = 5\nday = "x"', "day must be a number"),
        ('kind = "burst"\nsize = 5\nday = 1.5', "day must be a whole number"),
        ('kind = "burst"\nsize = 5\nminutes = 1e300', "minutes must be a number above 0, a year"),
        ('kind = "burst"\nsize = 5\nalso = "water.leak"', "also must be a list of texts"),
        ('kind = "burst"\nsize = 5\nexpect = "water.burst"', "within_secs must be above 0 where an alarm"),
    ],
)
def test_a_wrong_scenario_says_what_is_wrong(line: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    rest = "".join(
        f"{key} = {value}\n"
        for key, value in (("at", '"08:00"'), ("minutes", "5"), ("sentence", '"x"'))
        if f"\n{key} =" not in line
    )
    file.write_text(f"[[troubles]]\n{line}\n{rest}")

    with pytest.raises(ValueError, match=problem):
        load_scenario(str(file), load_city(), ORIGIN)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[trouble]]", "trouble is not known; there are faults, name, run, sentence, troubles"),
        ("troubles = 5", r"troubles must be tables, \[\[troubles\]\]"),
        ("faults = [1]", "faults must be tables"),
        ("run = 3", "run must be a table"),
        ('[run]\nhours = "x"', "run.hours must be a number, not 'x'"),
        ("[run]\nhours = inf", "run.hours must be a number"),
        ("[run]\nstep_secs = 0", "run.step_secs must lie above 0"),
        ("[run]\nzones = 3", "run.zones must be a list of texts"),
        ('[[faults]]\nkind = ["late"]\nat = "08:00"\nminutes = 5', "no fault"),
        ('[[faults]]\nkind = "noise"\nat = "08:00"\nminutes = 5\nsize = nan', "size must be a number"),
    ],
)
def test_what_cannot_be_read_of_a_scenario_is_not_passed_over(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)

    with pytest.raises(ValueError, match=problem):
        load_scenario(str(file), load_city(), ORIGIN)


def test_a_scenario_may_be_about_a_copy_of_the_city(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    when = 'at = "08:00"\nminutes = 30\nsentence = "x"\n'
    file.write_text(
        f'[[troubles]]\nkind = "incident"\nasset = "huanan-expressway-4-c1"\nmost_m = 6000\nsize = 0.2\n{when}'
        f'[[troubles]]\nkind = "storm"\nzone = "tianhe-c1"\nsize = 50\n{when}'
    )
    city = load_city(2000, recordings=False)

    incident, storm = load_scenario(str(file), city, ORIGIN).troubles

    (built_in,) = load_scenario("rush-hour-incident", city, ORIGIN).troubles
    assert set(incident.reach["queue"]) == {f"{name}-c1" for name in built_in.reach["queue"] if "-c" not in name}
    assert {"tianhe-c1", "feeder-tianhe-1-c1"} <= set(storm.zones)
    assert "feeder-tianhe-1" not in storm.zones


@pytest.mark.parametrize("seed", [1, 7])
def test_a_scenario_of_dry_days_is_played_on_dry_days_whenever_and_with_whichever_seed(seed: int) -> None:
    city, weather = load_city(recordings=False), Weather(Noise(seed, []))
    extent = load_scenario("blocked-drain", city, ORIGIN).extent

    for month in range(12):
        now = ORIGIN + month * 30 * 24 * 60 * MINUTE
        begin, end = extent.times(city, now, seed)
        assert begin < now
        assert end - begin == 120 * 60 * MINUTE
        before, after = weather.fallen(np.array([begin, end]))
        assert before == after
