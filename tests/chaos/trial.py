"""One trial: the simulated city as real processes, something broken while it plays, and what is left judged.

    device_sims --> broker --> [link] --> cityloom run --> stores          one city clock
         |truth                                |files
         +------------------> judge <----------+           see judging.py; the row goes to report.py

    up --> moment --> fault: break, mend --> normal again --> ... --> the city ends --> drained --> stopped --> judged

The clock's start lies some seconds ahead, for the gateway has to be subscribed before the first message. Where the
machine is too slow for that, everything is started again with more time.
"""

import asyncio
import random
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import httpx

from gateway.runtime.ports import free_ports
from tests.chaos.city import Devices, Undisturbed, undisturbed
from tests.chaos.judging import Left, Span, Verdict, judge, judge_alarms
from tests.chaos.places import HasPort, clock_settings, merged, toml
from tests.chaos.plan import HOUR, MINUTES, Plan
from tests.chaos.report import Row
from tests.support.gateway_process import GatewayProcess

__all__ = ["HOUR", "MINUTES", "Chaos", "Plan", "Trial"]

_HEAD_STARTS = (10.0, 45.0, 90.0)
_slow: list[bool] = []
"""A time for each head start that did not do: later trials don't try it."""
_PATIENCE_SECS = 600
"""City time. A machine that is busy for some seconds is so for minutes of the city: that makes no lane idle, no clock
wrong."""
_LAG_SECS = 1.5
"""What is due may take so long to the inbox on a busy machine."""
_BUSY_SECS = 4.0
"""Real time that a busy machine may take to tell an alarm."""
_BLOCKS = 20
"""Blocks that a store which keeps up may be behind."""
_START_SECS = 180.0
_NORMAL_SECS, _STOP_SECS = 90.0, 60.0
_POLL_SECS = 0.1
_NS = 1_000_000_000


class Trial:
    """Made by the fixture `chaos`; `async with chaos(Plan(...)) as trial:` breaks things inside the block."""

    def __init__(self, plan: Plan, folder: Path, seed: int, record: Callable[[Row], None]) -> None:
        self.plan = plan
        self.folder = folder
        self.data_dir = folder / "d"
        self.dice = random.Random(f"{seed} {plan.fault}")
        self.times = plan.city.times()
        self.config = folder / "cityloom.toml"
        self.row = Row(plan.fault, seed)
        self.broker: Any = None
        self.link: Any = None
        """Between broker and gateway, where the plan asks for one."""
        self.devices = Devices(folder)
        self.gateway = GatewayProcess(self.config, self.data_dir, folder / "gateway.log", ["--allow-scaled-clock"])
        self.gateway.environment.update(plan.environment)
        self.undisturbed: Undisturbed
        self.strangers = 0
        """Messages that the broker took of others than the city's devices; their names begin with STRANGER."""
        self.copies = 0
        """Messages of the city that came once more than its truth knows."""
        self.others = 0
        """Messages that the broker acknowledged to others than the city's devices."""
        self.others_per_sec = 0.0
        """How many they send: so much waits for the next call of the engine at any time."""
        self.wrong: list[str] = []
        """Whatever else a test found not to hold."""
        self._start = 0
        self._spans: list[Span] = []
        self._record = record
        [self._http_port] = free_ports(1)

    def say(self, sentence: str) -> None:
        """To whoever watches, on standard output: `pytest -s` shows it as it comes, a failure in any case."""
        sys.stdout.write(f"[{self.plan.fault}] {sentence}\n")
        sys.stdout.flush()

    # -- the city's time ----------------------------------------------------------------------------------------------

    @property
    def start(self) -> int:
        """When the city's clock begins, system time in ns."""
        return self._start

    @property
    def now(self) -> int:
        """What the city's clock reads, UTC ns."""
        return self.times.origin + int((time_ns() - self._start) * self.plan.city.speed)

    @property
    def end(self) -> int:
        """Of the city, UTC ns."""
        assert self.times.end is not None
        return self.times.end

    @property
    def progress(self) -> float:
        """How much of the city has been played: 0 to 1."""
        return (self.now - self.times.origin) / (self.end - self.times.origin)

    def clock_arguments(self) -> list[object]:
        """The city's clock, as other simulators take it."""
        return ["--origin", self.times.origin, "--start", self._start, "--speed", float(self.plan.city.speed)]

    async def until(self, progress: float) -> None:
        """Wait for that part of the city."""
        at = self.times.origin + progress * (self.end - self.times.origin)
        await asyncio.sleep(max(0.0, (at - self.now) / _NS / self.plan.city.speed))

    async def moment(self, least: float = 0.2, most: float = 0.5) -> None:
        """Wait for a moment of the city between these parts of it, by the seed."""
        at = self.dice.uniform(least, most)
        self.say(f"the moment comes at {at:.0%} of the city")
        await self.until(at)

    # -- faults -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def fault(self, *, secs: float = _NORMAL_SECS) -> AsyncIterator[None]:
        """Break and mend something inside; then it is waited for that things are normal again, and the time noted."""
        since = self.now
        self.say(f"breaking it at {self.progress:.0%}")
        yield
        self.say(f"mended at {self.progress:.0%}")
        took = await self.normal(secs)
        self._spans.append((since, self.now))
        self.row.back_secs = max(took, self.row.back_secs or 0.0)
        self.say(f"normal again after {took:.1f} s")

    async def normal(self, secs: float = _NORMAL_SECS) -> float:
        """Wait until it is ready, and all that was sent is journaled, worked on and stored; how long that took."""
        began = monotonic()
        while (problem := await self._abnormal()) is not None:
            assert monotonic() - began < secs, f"not normal after {secs:g} s: {problem}\n{self.gateway.tail()}"
            await asyncio.sleep(_POLL_SECS)
        return monotonic() - began

    async def _abnormal(self) -> str | None:
        if not self.gateway.running:
            return "the gateway has ended"
        not_ready = await self.not_ready()
        if not_ready is not None:
            return not_ready
        of_others = max(0, self.others - round(self.others_per_sec * _LAG_SECS))
        due = of_others + self.undisturbed.due_by(self.now - round(_LAG_SECS * self.plan.city.speed * _NS))
        status = await self.gateway.ask("status")
        if status is None:
            return "the door is shut"
        messages = status["ledger"]["messages"]
        behind = {name: status["stores"][name]["behind"] for name in self.plan.stores}
        behind["records"] = status["records"]["behind"]
        lag = 1 + due - of_others
        lag -= self.undisturbed.due_by(self.now - round(2 * _LAG_SECS * self.plan.city.speed * _NS))
        came = messages["received"] - messages["redelivered"] - self.strangers
        at_once = max(lag, 100, round(self.others_per_sec * _LAG_SECS))
        if came < due or status["inbox"]["waiting"] > at_once:
            return f"{due} messages are due; {messages}; {status['inbox']}; {status['sources']}"
        return f"stores are behind: {behind}" if max(behind.values()) > _BLOCKS else None

    async def not_ready(self) -> str | None:
        """What /health/ready objects to; None: it is ready."""
        try:
            async with httpx.AsyncClient(timeout=5.0) as client:
                answer = await client.get(f"http://127.0.0.1:{self._http_port}/health/ready")
        except httpx.TransportError as error:
            return f"no answer: {error!r}"
        return None if answer.is_success else answer.text

    async def objects(self, to: str, secs: float = 60.0) -> None:
        """Wait until `/health/ready` objects, with these words."""
        deadline, said = monotonic() + secs, None
        while to not in ((said := await self.not_ready()) or ""):
            assert monotonic() < deadline, f"it does not say {to!r} but {said!r}\n{self.gateway.tail()}"
            await asyncio.sleep(_POLL_SECS)

    async def killed(self) -> None:
        """kill -9, and it is gone."""
        self.gateway.kill()
        assert await self.gateway.ended(_STOP_SECS) == -signal.SIGKILL

    async def restart(self, kill_at: str = "") -> None:
        """Start the gateway again, and wait until it is subscribed."""
        await self.gateway.start(kill_at)
        assert await self.gateway.subscribed(_START_SECS), f"it ended instead\n{self.gateway.tail()}"

    # -- the course ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def course(self) -> AsyncIterator["Trial"]:
        """Everything: bring it up, let the block break things, wind up, judge, note the row."""
        self.say(f"seed {self.row.seed}")
        try:
            async with AsyncExitStack() as stack:
                await self._bring_up(stack)
                yield self
                await self._wind_up()
                verdict = await asyncio.to_thread(self._judged)
            self._note(verdict)
        except BaseException as error:
            if self.row.outcome == "not judged":
                self.row.outcome = f"not judged: {type(error).__name__}: {str(error)[:150]}"
            self.say(f"failed: {error!r}"[:2000])
            raise
        finally:
            self._record(self.row)
        self.say("\n".join(verdict.wrong) or "held")
        assert not verdict.wrong, "\n".join(verdict.wrong)

    async def _bring_up(self, stack: AsyncExitStack) -> None:
        self.data_dir.mkdir()
        stack.enter_context(self.plan.data(self.data_dir))
        self.broker = stack.enter_context(self.plan.broker(self.folder))
        way: HasPort = self.broker
        if self.plan.link is not None:
            self.link = way = await stack.enter_async_context(self.plan.link(self.broker.port))
        stack.push_async_callback(self._end_all)
        if self.plan.recorded:
            self.undisturbed = await undisturbed(self.plan.city, self.folder, alarms=self.plan.alone)
        for head_start in _HEAD_STARTS[min(len(_slow), len(_HEAD_STARTS) - 1) :]:
            self._start = time_ns() // 1_000_000 * 1_000_000 + round(head_start * _NS)
            self.config.write_text(toml(self._settings(way.port)), encoding="utf-8")
            await self.gateway.start()
            await self.devices.start(self.plan.city, self.times, self._start, self.broker.port)
            if await self._up():
                return
            self.say(f"not up within {head_start:g} s: once more, with more time")
            _slow.append(True)
            await self._end_all()
            for left in self.data_dir.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            shutil.rmtree(self.devices.truth, ignore_errors=True)
        raise AssertionError(f"not up within {_HEAD_STARTS[-1]:g} s\n{self.gateway.tail()}")

    def _settings(self, port: int) -> dict[str, Any]:
        base = {
            "data_dir": self.data_dir, "mqtt": {"port": port, "watch_sys": "off"}, "http": {"port": self._http_port},
            "web": {"enabled": False},
            "clock": clock_settings(self.times.origin, self._start, float(self.plan.city.speed)),
            "engine": {"idle_timeout_secs": _PATIENCE_SECS, "clock_bound_secs": _PATIENCE_SECS / 2},
            "snapshots": {"interval_secs": 5}, "reviser": {"quiet_secs": 30, "max_age_secs": 300},
            "log": {"level": "warning", "format": "json"}, "stores": {"duckdb": {"threads": 1}},
        }  # fmt: skip
        return merged(base, self.plan.settings)

    async def _up(self) -> bool:
        while time_ns() < self._start:
            if self.devices.up and await self.not_ready() is None:
                return True
            assert self.gateway.running, f"the gateway ended\n{self.gateway.tail()}"
            await asyncio.sleep(_POLL_SECS)
        return False

    async def _end_all(self) -> None:
        self.devices.kill()
        if self.gateway.running:
            self.gateway.kill()
            await self.gateway.ended(_STOP_SECS)

    async def _wind_up(self) -> None:
        """The city's end, the drain, a clean stop."""
        left = max(0.0, (self.end - self.now) / _NS / self.plan.city.speed)
        report = await self.devices.report(left + self.plan.drain_secs)
        self.row.messages = int(report["sent"])
        self.row.figures |= {"resent": report["resent"]} if report["resent"] else {}
        self.say(f"the city has ended: {report['sent']} messages, {report['resent']} resent")
        await self._drained(report["sent"] + self.others)
        if self.strangers:
            self.row.figures |= {"strangers": self.strangers}
        code = await self.gateway.stop(_STOP_SECS)
        assert code == 0, f"it ended with {code}\n{self.gateway.tail()}"

    async def _drained(self, sent: int) -> None:
        deadline = monotonic() + self.plan.drain_secs
        waits: dict[str, Any] = {}
        while not waits or any(waits.values()):
            assert monotonic() < deadline, f"does not drain: {waits}\n{self.gateway.tail()}"
            assert self.gateway.running, f"it ended by itself\n{self.gateway.tail()}"
            await asyncio.sleep(_POLL_SECS)
            status = await self.gateway.ask("status")
            if status is not None:
                messages = status["ledger"]["messages"]
                waits = {
                    "broker": max(0, sent + self.strangers - messages["received"] + messages["redelivered"]),
                    "inbox": status["inbox"]["waiting"], "marks": status["outbox"]["marks"],
                    "records": status["records"]["behind"],
                    **{name: status["stores"][name]["behind"] for name in self.plan.stores},
                }  # fmt: skip

    def _judged(self) -> Verdict:
        left = Left(self.config, self.devices.truth, self.plan.stores, self.end)
        verdict = Verdict(wrong=self.wrong)
        judge(left, verdict, alone=self.plan.alone, strangers=bool(self.strangers), copies=self.copies)
        if self.plan.alone:
            same = self.undisturbed.alarms if self.plan.same_alarms else None
            slack = round(_BUSY_SECS * self.plan.city.speed * _NS)
            judge_alarms(left, verdict, self._spans, same, in_time=self.plan.in_time, slack=slack)
        elif verdict.messages != (sent := self.others + (self.row.messages or 0)):
            verdict.wrong.append(f"{verdict.messages} messages were journaled, {sent} were sent")
        said = [event for event in self.gateway.events("error") if not str(event["event"]).startswith(self.plan.errors)]
        verdict.wrong += [f"{len(said)} errors were logged, such as {said[:2]}"] if said else []
        return verdict

    def _note(self, verdict: Verdict) -> None:
        row = self.row
        row.messages = verdict.messages
        row.lost, row.twice, row.balanced = verdict.lost, verdict.twice, verdict.balanced
        row.alarms_right, row.alarms_wrong = verdict.alarms_right, verdict.alarms_wrong
        row.outcome = verdict.wrong[0] if verdict.wrong else "held"
        self.say(f"{verdict.messages} messages journaled, {row.alarms_right} alarms right")


Chaos = Callable[[Plan], AbstractAsyncContextManager[Trial]]
"""What the fixture `chaos` is."""
