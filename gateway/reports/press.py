r"""Has reports made, one order at a time: the queue of orders, the worker of one, what came of it.

order(...) --> Job waiting --> making: worker.py as a process --> done     its reports are on the shelf
                  |                |  \--> failed                          problem and remedy
                  +-- give_up -----+-----> given_up

Used on one event loop, which it never blocks. Orders are held in memory only: with the web process they end.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from gateway.access.audit_chain import Outcome
from gateway.access.principal import Principal
from gateway.config.settings import Settings
from gateway.errors import CommandError, Missing, StoreError
from gateway.reports.make import DOMAINS
from gateway.reports.period import Period
from gateway.reports.worker import Order, Said, shelf_of
from gateway.runtime.web_process import child_environment, plain_settings

__all__ = ["Job", "JobState", "Note", "Press", "PressFull", "no_note"]

JobState = Literal["waiting", "making", "done", "failed", "given_up"]
Note = Callable[[Principal, str, str, str, Outcome], None]
"""Puts an act on record: who, act, what, detail, outcome. It may block; raises StoreError."""

_MOST_WAITING = 8
_MOST_KNOWN = 100
"""Orders that are over and can still be asked about."""
_LONGEST_SECS = 3600.0
_END_SECS = 3.0
_LINE_BYTES = 1 << 16
_COMMAND = (sys.executable, "-m", "gateway.reports.worker")


class PressFull(CommandError):
    """So many orders wait that no more are taken."""


class Job(msgspec.Struct):
    """An order, and how far it is. Times are UTC ns by the machine's clock."""

    job: str
    domains: tuple[str, ...]
    kind: Literal["day", "week"]
    period: str
    lang: str
    operators: int
    by: str
    asked: int
    state: JobState = "waiting"
    share: float = 0.0
    """How much of it is done, 0 to 1: an estimate that never goes back."""
    what: str = ""
    """What is read just now."""
    documents: list[str] = []
    """Reports that are made."""
    problem: str = ""
    remedy: str = ""
    ended: int | None = None

    @property
    def open(self) -> bool:
        """It is not over."""
        return self.state in ("waiting", "making")


def no_note(who: Principal, act: str, what: str, detail: str, outcome: Outcome) -> None:
    """Where there is no audit log: the console by itself."""


class _Placed(msgspec.Struct):
    job: Job
    period: Period
    who: Principal


class Press:
    """`start` it on the loop that uses it, and `close` it there."""

    def __init__(
        self, settings: Settings, note: Note = no_note, *, command: Sequence[str] = _COMMAND,
        newest: Callable[[], Settings] | None = None,
    ) -> None:  # fmt: skip
        """`command`: what makes them, see worker.py. `newest`: settings with the files that a reload named."""
        self.shelf = shelf_of(settings)
        self._newest, self._note, self._command = newest or (lambda: settings), note, tuple(command)
        self._placed: dict[str, _Placed] = {}
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._making: asyncio.Task[None] | None = None
        self.version = 0
        """Another one whenever something of an order is another."""

    def start(self) -> None:
        """Take orders up."""
        self._running = asyncio.get_running_loop().create_task(self._run(), name="reports.press")

    async def close(self) -> None:
        """End what is being made; what waits is not made. Idempotent."""
        for placed in list(self._placed.values()):
            if placed.job.open:
                await self._end(placed, "failed", "The web process ended.", "Ask for it again.")
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def jobs(self) -> list[Job]:
        """The newest first."""
        return [placed.job for placed in reversed(self._placed.values())]

    def job(self, job: str) -> Job:
        """One of them. Raises Missing."""
        placed = self._placed.get(job)
        if placed is None:
            raise Missing(f"There is no order {job!r}.", "It was long ago, or the web process has begun anew since.")
        return placed.job

    def order(self, domains: Sequence[str], period: Period, lang: str, operators: int, who: Principal) -> Job:
        """Have reports made; the same that somebody waits for already is one order.

        Raises:
            PressFull: too many wait.
        """
        chosen = tuple(each for each in DOMAINS if each in domains)
        wanted = (chosen, period.name, lang, operators)
        waiting = [placed.job for placed in self._placed.values() if placed.job.open]
        for job in waiting:
            if (job.domains, job.period, job.lang, job.operators) == wanted:
                return job
        if len(waiting) > _MOST_WAITING:
            raise PressFull(f"{_MOST_WAITING} orders wait already.", "Come back when one of them is made.")
        job = Job(
            uuid.uuid4().hex[:16], chosen, period.kind, period.name, lang, operators, who.name, time.time_ns()
        )  # fmt: skip
        self._placed[job.job] = _Placed(job, period, who)
        over = [name for name, placed in self._placed.items() if not placed.job.open]
        for name in over[: max(0, len(over) - _MOST_KNOWN)]:
            del self._placed[name]
        self._changed()
        self._wake.set()
        return job

    async def give_up(self, job: str, who: Principal) -> Job:
        """Don't make it, or no further: what is made of it stays. Raises Missing."""
        found = self.job(job)
        if found.open:
            await self._end(self._placed[job], "given_up", f"{who.name} gave it up.", "Ask for it again.")
            if self._making is not None and self._making.get_name() == job:
                self._making.cancel()
        return found

    async def _run(self) -> None:
        try:
            while True:
                self._wake.clear()
                for placed in [each for each in self._placed.values() if each.job.state == "waiting"]:
                    if placed.job.state == "waiting":
                        await self._one(placed)
                await self._wake.wait()
        finally:
            if self._making is not None:
                self._making.cancel()
                with suppress(asyncio.CancelledError):
                    await self._making

    async def _one(self, placed: _Placed) -> None:
        placed.job.state = "making"
        self._changed()
        self._making = asyncio.create_task(self._make(placed), name=placed.job.job)
        await asyncio.wait([self._making])
        error = None if self._making.cancelled() else self._making.exception()
        self._making = None
        if placed.job.open:
            problem = f"{type(error).__name__} in the press." if error is not None else "It was cut off."
            await self._end(placed, "failed", problem, "Ask for it again.")

    async def _make(self, placed: _Placed) -> None:
        job, said = placed.job, Said()
        try:
            async with asyncio.timeout(_LONGEST_SECS):
                said = await self._work(placed)
        except TimeoutError:
            said = Said(problem=f"It took longer than {_LONGEST_SECS / 60:g} min.", remedy="Ask for one at a time.")
        except OSError as error:
            said = Said(problem=f"No process can be started: {error.strerror}.", remedy="Try again later.")
        if job.open:
            state: JobState = "failed" if said.problem else "done"
            await self._end(placed, state, said.problem, said.remedy)

    async def _work(self, placed: _Placed) -> Said:
        """Run the worker to its end. Gives the problem, if any."""
        job = placed.job
        order = Order(
            plain_settings(self._newest()), placed.period, list(job.domains), job.lang, job.operators, job.by
        )  # fmt: skip
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES,
            start_new_session=True, env=child_environment(),
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        problem = Said()
        try:
            with suppress(ConnectionError):
                child.stdin.write(msgspec.json.encode(order) + b"\n")
                await child.stdin.drain()
            async for line in child.stdout:
                said = _said(line)
                job.share, job.what = max(job.share, min(said.share, 1.0)), said.what or job.what
                if said.made:
                    job.documents = [*job.documents, said.made]
                problem = said if said.problem else problem
                self._changed()
            code = await child.wait()
        finally:
            await _ended(child)
        if code and not problem.problem:
            return Said(problem=f"The worker ended with {code}.", remedy="The log of the web process may say why.")
        return problem

    async def _end(self, placed: _Placed, state: JobState, problem: str, remedy: str) -> None:
        job = placed.job
        job.state, job.ended, job.problem, job.remedy, job.what = state, time.time_ns(), problem, remedy, ""
        job.share = 1.0 if state == "done" else job.share
        self._changed()
        outcome = Outcome.DONE if state == "done" else Outcome.FAILED
        detail = "; ".join(filter(None, (" ".join(job.documents), problem)))
        what = f"{job.period} {job.lang} {' '.join(job.domains)}"
        try:
            await asyncio.to_thread(self._note, placed.who, "documents.make", what, detail, outcome)
        except StoreError as error:
            job.problem = job.problem or f"The audit log can't take it: {error.problem}"
            job.remedy = job.remedy or "Tell an administrator."
            self._changed()

    def _changed(self) -> None:
        self.version += 1


async def _ended(child: asyncio.subprocess.Process) -> None:
    """See that it is gone: it leaves when its input closes, and is killed where it doesn't."""
    assert child.stdin is not None
    child.stdin.close()
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(_END_SECS):
                await child.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _said(line: bytes) -> Said:
    """What a library prints on the way is nothing that was said."""
    try:
        return msgspec.json.decode(line, type=Said)
    except msgspec.DecodeError:
        return Said()
