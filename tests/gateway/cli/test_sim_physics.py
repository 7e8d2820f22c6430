"""`cityloom sim water` and `cityloom sim grid`: without their extras they say what to install."""

import sys
from pathlib import Path

import pytest

from gateway.cli.sim_physics import _leak, _load
from tests.support.command import asked

HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("command", "module", "extra"), [("water", "wntr", "sim-water"), ("grid", "pandapower", "sim-grid")]
)
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, command: str, module: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)

    done = asked("sim", command)

    assert done.code == 2
    assert f"{module} is not installed" in done.err
    assert f'pip install "cityloom[{extra}]"' in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("water", "--step", "0"), "--step must be 1 or more"),
        (("water", "--record", "x.gz"), "A network has no end to record"),
        (("grid", "--monitors", "0"), "--monitors must be 1 or more"),
        (("grid", "--record", "x.gz"), "A network has no end to record"),
        (("water", "--leak", "p523"), "--leak 'p523' is none; write PLACE=MM@FROM-TO"),
        (("grid", "--load", "899=3"), "--load '899=3' is none; write BUS PHASE=KW@FROM-TO"),
        (("grid", "--shapes", "gone.zip"), "gone.zip"),
    ],
)
def test_what_is_wrong_is_named_with_exit_code_two(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = asked("sim", *words)
    assert done.code == 2
    assert said in done.err


def test_leaks_and_loads_are_read_with_their_times() -> None:
    leak = _leak("p523=20.2@3h-5h", HOUR)
    assert (leak.place, leak.start, leak.end) == ("p523", 4 * HOUR, 6 * HOUR)
    assert leak.diameter_m == pytest.approx(0.0202)
    assert (_leak("J-7=5", HOUR).start, _leak("J-7=5@30m", HOUR).end) == (HOUR, 0)
    load = _load("899a=12.5@30m-2h", HOUR)
    assert (load.bus, load.phase, load.kw, load.start, load.end) == (899, "a", 12.5, HOUR * 3 // 2, 3 * HOUR)
