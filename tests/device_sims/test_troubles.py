"""What goes wrong in the city: where, when, how much, and nowhere else."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import pytest

from device_sims.city import load_city
from device_sims.fleet import Fleet, Message
from device_sims.scenario import load_scenario, scenario_names
from device_sims.troubles import Place, Trouble

MINUTE = 60_000_000_000
ORIGIN = 1_772_553_600_000_000_000
"""2026-03-04 00:00 in Guangzhou, a Wednesday."""


def _said(*troubles: Trouble, minutes: int = 30) -> list[Message]:
    fleet = Fleet(load_city(recordings=False), 1, ORIGIN, None, troubles)
    return list(takewhile(lambda message: message.due < ORIGIN + minutes * MINUTE, fleet.messages()))


def _trouble(kind: str, size: float, start: int = 5, end: int = 20, **place: str) -> Trouble:
    return Trouble(kind, Place(**place), ORIGIN + start * MINUTE, ORIGIN + end * MINUTE, size)


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


def test_every_built_in_scenario_fits_the_city() -> None:
    assert scenario_names()
    for name in scenario_names():
        scenario = load_scenario(name, load_city(), ORIGIN)
        assert scenario.sentence
        assert scenario.troubles
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
