"""The press: one order at a time, the others wait; what a worker says, and what becomes of it when it or we end."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.access.audit_chain import Outcome
from gateway.access.principal import Principal, console
from gateway.errors import Missing, Retry
from gateway.reports.period import day_of
from gateway.reports.press import Press, PressFull
from gateway.reports.worker import Share
from tests.support.running import eventually, settings_of

WHO = console("Li")
DAY = day_of("2026-03-02", "Asia/Shanghai")
SPEAKS = """
import sys
sys.stdin.readline()
print('{"share":0.4,"what":"leak"}', flush=True)
print('a library greets', flush=True)
print('{"share":0.2,"made":"gas-2026-03-02"}', flush=True)
"""
WAITS = SPEAKS + "sys.stdin.read()\n"
DEAF = SPEAKS + "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(60)\n"
FAILS = SPEAKS + 'print(\'{"problem":"No gateway.","remedy":"Start it."}\', flush=True)\nsys.exit(1)\n'
DIES = SPEAKS + "sys.exit(7)\n"


@dataclass
class Notes:
    """An audit log."""

    said: list[tuple[str, str, str, str, Outcome]] = field(default_factory=list)
    away: bool = False

    def note(self, who: Principal, act: str, what: str, detail: str, outcome: Outcome) -> None:
        if self.away:
            raise Retry("records.db is locked.")
        self.said.append((who.name, act, what, detail, outcome))


@asynccontextmanager
async def _press(folder: Path, script: str, notes: Notes) -> AsyncIterator[Press]:
    press = Press(settings_of(folder, 1883), notes.note, command=(sys.executable, "-c", script))
    press.start()
    try:
        yield press
    finally:
        await press.close()


async def _over(press: Press, job: str) -> str:
    await eventually(lambda: not press.job(job).open, "it is over")
    return press.job(job).state


def _order(press: Press, domains: Sequence[str] = ("gas",), operators: int = 1) -> str:
    return press.order(domains, DAY, "zh", operators, WHO).job


async def test_an_order_is_made_and_on_record(tmp_path: Path) -> None:
    notes = Notes()
    async with _press(tmp_path, SPEAKS, notes) as press:
        name = _order(press, ("gas", "traffic", "gas"))
        assert await _over(press, name) == "done"
        job = press.job(name)
    assert job.domains == ("traffic", "gas"), "in their own order, each once"
    assert (job.share, job.documents, job.problem) == (1.0, ["gas-2026-03-02"], "")
    await eventually(lambda: bool(notes.said), "it is noted")
    assert notes.said == [("Li", "documents.make", "2026-03-02 zh traffic gas", "gas-2026-03-02", Outcome.DONE)]


async def test_an_order_is_made_by_the_files_that_the_gateway_has_then(tmp_path: Path) -> None:
    """A reload may name others than those of the start."""
    echo = "import json, sys\nd = json.loads(sys.stdin.readline())\n"
    echo += "print(json.dumps({'made': str(d['settings']['city_file'])}), flush=True)\n"
    known = [settings_of(tmp_path, 1883)]
    press = Press(known[0], command=(sys.executable, "-c", echo), newest=lambda: known[-1])
    press.start()
    try:
        for name in (None, tmp_path / "moved.toml"):
            known.append(known[0].model_copy(update={"city_file": name}))
            order = _order(press)
            assert await _over(press, order) == "done"
            assert press.job(order).documents == [str(name)]
    finally:
        await press.close()


@pytest.mark.parametrize(("script", "problem"), [(FAILS, "No gateway."), (DIES, "The worker ended with 7.")])
async def test_what_a_worker_says_is_wrong_is_told_and_what_is_made_stays(
    tmp_path: Path, script: str, problem: str
) -> None:
    notes = Notes()
    async with _press(tmp_path, script, notes) as press:
        name = _order(press)
        assert await _over(press, name) == "failed"
        assert (press.job(name).problem, press.job(name).documents) == (problem, ["gas-2026-03-02"])
        assert press.job(name).remedy
        await eventually(lambda: bool(notes.said), "it is noted")
    assert notes.said[0][3:] == (f"gas-2026-03-02; {problem}", Outcome.FAILED)


async def test_one_is_made_at_a_time_the_same_is_one_and_too_many_are_refused(tmp_path: Path) -> None:
    async with _press(tmp_path, WAITS, Notes()) as press:
        first = _order(press)
        await eventually(lambda: press.job(first).share == 0.4, "it is being made")
        assert _order(press) == first
        others = [_order(press, operators=number) for number in range(2, 10)]
        assert [press.job(each).state for each in others] == ["waiting"] * 8
        with pytest.raises(PressFull):
            _order(press, operators=10)

        await press.give_up(others[0], WHO)
        await press.give_up(first, WHO)
        await eventually(lambda: press.job(others[1]).state == "making", "the next one that somebody wants")
        assert [press.job(each).state for each in (first, others[0])] == ["given_up", "given_up"]
        assert press.job(first).documents == ["gas-2026-03-02"]
        assert [job.job for job in press.jobs()][-1] == first


async def test_a_worker_that_will_not_go_is_killed_when_the_press_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.reports.press._END_SECS", 0.2)
    notes = Notes()
    async with _press(tmp_path, DEAF, notes) as press:
        made, waiting = _order(press), _order(press, operators=2)
        await eventually(lambda: bool(press.job(made).documents), "it is being made")
    assert [press.job(each).state for each in (made, waiting)] == ["failed", "failed"]
    assert {each[4] for each in notes.said} == {Outcome.FAILED}
    assert len(notes.said) == 2
    await asyncio.sleep(0)
    with pytest.raises(Missing):
        press.job("nobody")


async def test_a_log_that_cannot_be_written_is_told_with_the_order(tmp_path: Path) -> None:
    async with _press(tmp_path, SPEAKS, Notes(away=True)) as press:
        name = _order(press)
        await eventually(lambda: "audit log" in press.job(name).problem, "it is told")
        assert press.job(name).state == "done"


def test_a_share_never_goes_back_and_ends_at_one() -> None:
    share = Share(2)
    seen = [share.reading(what, done, 4) for what in ("alarms", "leak", "series") for done in range(5)]
    seen.append(share.made())
    seen += [share.reading("alarms", done, 0) for done in range(3)]
    assert seen == sorted(seen)
    assert seen[14] < 0.5 == seen[15]
    assert share.made() == 1.0
