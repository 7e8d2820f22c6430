"""A configuration tried on a copy of the engines: what ends, what can't be, and nothing of the original changes."""

import pickle

import pytest

from gateway.engine.engines import Engines
from gateway.errors import ConfigError
from gateway.runtime.reload_trial import config_row, tried
from tests.support.conditions import LEL, PROFILES, device, made_of, profile, says
from tests.support.engine import SECOND, START


def _standing() -> Engines:
    """Gas above the first step at one device."""
    engines = Engines()
    engines.step([config_row(made_of(LEL, devices=[device("g", "gas")]))], START, live=False)
    engines.step([says("gas", "g", 1, lel=22)], START + SECOND, False)
    return engines


def test_alarms_that_nothing_judges_any_more_end_and_the_original_is_untouched() -> None:
    engines, running = _standing(), made_of(LEL, devices=[device("g", "gas")])
    before = pickle.dumps(engines.snapshot())
    ends = tried(engines.snapshot(), running, made_of({**LEL, "name": "gas.other"}, devices=[device("g", "gas")]), "c")
    assert [(each.change, each.condition, each.asset) for each in ends] == [("retired", "gas.lel", "g")]
    assert tried(engines.snapshot(), running, made_of({**LEL, "high": [5]}, devices=[device("g", "gas")]), "c") == []
    assert pickle.dumps(engines.snapshot()) == before


def test_one_that_waits_in_the_journal_comes_first() -> None:
    engines = _standing()
    waiting = made_of({**LEL, "name": "gas.other"}, devices=[device("g", "gas")])
    # the alarm has ended by then: nothing is left to end
    assert tried(engines.snapshot(), waiting, made_of(devices=[device("g", "gas")]), "c") == []


def test_units_of_what_is_stored_and_of_what_may_be_on_its_way_stay() -> None:
    engines, running = _standing(), made_of(LEL, devices=[device("g", "gas")])
    stored = [profile("gas", 10, lel="ppm", co="ppm"), *PROFILES[1:]]
    with pytest.raises(ConfigError, match=r"gives ppm, but %LEL is stored under this name \(device g\)"):
        tried(engines.snapshot(), running, made_of(devices=[device("g", "gas")], profiles=stored), "c")
    on_its_way = [profile("gas", 10, lel="%LEL", co="Cel"), *PROFILES[1:]]
    with pytest.raises(ConfigError, match="messages that are read as ppm may be on their way"):
        tried(engines.snapshot(), running, made_of(devices=[device("g", "gas")], profiles=on_its_way), "c")
    moved = [*PROFILES, profile("air", 10, lel="Cel")]
    with pytest.raises(ConfigError, match=r"air\.toml: fields\.lel\.unit: gives Cel"):
        tried(engines.snapshot(), running, made_of(devices=[device("g", "air")], profiles=moved), "c")
