"""Sending: retries, refusals, a slow channel, crashes. records.db is a real one, channels are scripted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import ManualClock
from gateway.engine.alarm_model import Transition
from gateway.errors import Retry
from gateway.notify.book import NotifyBook
from gateway.notify.channels.base import Channel, Undelivered
from gateway.notify.dispatcher import Dispatcher
from gateway.notify.model import Message, Reminder
from gateway.notify.planner import Planner
from gateway.notify.render import Rendered
from gateway.notify.routes import Route, Rules
from gateway.notify.tables import NotifyFilter
from gateway.stores.alarm_tables import add_transitions
from gateway.stores.records import RecordsConfig, RecordsStore
from tests.gateway.notify.support import MINUTE, NOON, WORDING, change
from tests.support.running import eventually


class Script:
    """A channel that answers as scripted: an Undelivered is raised, None is taken."""

    def __init__(self, name: str = "duty", answers: Sequence[Undelivered | None] = ()) -> None:
        self.name = name
        self.got: list[str] = []
        self.tried: list[str] = []
        self.answers = list(answers)
        self.always: Callable[[Rendered], Undelivered | None] = lambda _: None
        self.open = asyncio.Event()
        self.open.set()
        self.closed = False

    async def send(self, message: Rendered) -> None:
        self.tried.append(message.id)
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else self.always(message)
        if answer is not None:
            raise answer
        self.got.append(message.id)

    async def close(self) -> None:
        self.closed = True


class Crash(BaseException):
    """The process ends here."""


class Told:
    """What the dispatcher says of itself."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def sent(self, channel: str, message: Message) -> None:
        self.lines.append(("sent", channel))

    def retrying(self, channel: str, message: Message, problem: str, retry_in: float) -> None:
        self.lines.append(("retrying", problem))

    def failed(self, channel: str, message: Message, problem: str) -> None:
        self.lines.append(("failed", problem))


class Office:
    """records.db in a file, a clock, and what a dispatcher is made of."""

    def __init__(self, folder: Path) -> None:
        self.records = RecordsStore(RecordsConfig(folder / "records.db"))
        self.book = NotifyBook(self.records)
        self.clock = ManualClock(NOON)
        self.told = Told()
        self.crash_at = ""

    def dispatcher(self, *channels: Channel, routes: Sequence[Route] = (), **options: Any) -> Dispatcher:
        names = tuple(channel.name for channel in channels)
        rules = Rules(tuple(routes) or (Route("all", names),), group_ns=0)
        figures: dict[str, Any] = {"retry_for_ns": 60 * MINUTE, "retry_max_secs": 0.02, "retry_min_secs": 0.01}
        return Dispatcher(
            self.book, Planner(rules), {channel.name: channel for channel in channels}, self.clock, WORDING, self.told,
            passed=self._passed, **(figures | options),
        )  # fmt: skip

    def _passed(self, place: str) -> None:
        if place == self.crash_at:
            raise Crash

    async def note(self, *changes: Transition) -> None:
        await self.records.transact(lambda db: add_transitions(db, changes))

    async def states(self) -> list[tuple[str, str, int]]:
        """(channel, state, attempts), the oldest first."""
        return [(m.channel, m.state, m.attempts) for m in (await self.book.find(NotifyFilter()))[::-1]]

    @asynccontextmanager
    async def running(self, dispatcher: Dispatcher) -> AsyncIterator[None]:
        task = asyncio.create_task(dispatcher.run())
        try:
            yield
        finally:
            dispatcher.stop()
            async with asyncio.timeout(20):
                await task


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path)
    await made.records.open()
    await made.book.open()
    yield made
    await made.records.close()


async def test_an_alarm_is_told_on_every_channel_of_its_route(office: Office) -> None:
    one, two = Script("duty"), Script("mail")
    dispatcher = office.dispatcher(one, two)
    async with office.running(dispatcher):
        await office.note(change())
        dispatcher.wake()
        await eventually(lambda: bool(one.got and two.got), "both are told")
        await eventually(lambda: len(office.told.lines) == 2, "both are noted")

    assert await office.states() == [("duty", "sent", 1), ("mail", "sent", 1)]
    assert (one.closed, two.closed) == (True, True)


async def test_it_is_tried_until_the_channel_takes_it_under_one_id(office: Office) -> None:
    channel = Script(answers=[Undelivered("HTTP 503"), Undelivered("HTTP 500", after=0.0), None])
    async with office.running(office.dispatcher(channel)):
        await office.note(change())
        await eventually(lambda: ("sent", "duty") in office.told.lines, "it arrives")

    assert await office.states() == [("duty", "sent", 3)]
    assert len(set(channel.tried)) == 1
    assert office.told.lines == [("retrying", "HTTP 503"), ("retrying", "HTTP 500"), ("sent", "duty")]


async def test_a_channel_that_says_when_to_come_again_is_left_alone_until_then(office: Office) -> None:
    channel = Script(answers=[Undelivered("HTTP 429", after=3600.0)])
    dispatcher = office.dispatcher(channel)
    async with office.running(dispatcher):
        await office.note(change(), change(alarm="a2", zone="yuexiu"))
        await eventually(lambda: len(office.told.lines) == 1, "it is refused")
        dispatcher.wake()
        await eventually(lambda: dispatcher.problems == {"duty": "HTTP 429"}, "it says why")

    assert len(channel.tried) == 1
    assert await office.states() == [("duty", "sending", 1), ("duty", "sending", 0)]


async def test_a_message_that_is_refused_holds_up_no_other(office: Office) -> None:
    channel = Script()
    channel.always = lambda message: Undelivered("HTTP 413", refused=True) if message.zone == "tianhe" else None
    async with office.running(office.dispatcher(channel)):
        await office.note(change(), change(alarm="a2", zone="yuexiu"))
        await eventually(lambda: ("sent", "duty") in office.told.lines, "the other arrives")

    assert [state for _, state, _ in await office.states()] == ["sending", "sent"]


async def test_a_channel_that_hangs_holds_up_no_other(office: Office) -> None:
    slow, quick = Script("slow"), Script("quick")
    slow.open.clear()
    async with office.running(office.dispatcher(slow, quick)):
        await office.note(change())
        await eventually(lambda: bool(slow.tried and quick.got), "the quick one is told")
        assert slow.got == []
        slow.open.set()


async def test_the_next_one_is_told_by_the_clock_until_somebody_acknowledges(office: Office) -> None:
    duty, mail, chief = Script("duty"), Script("mail"), Script("chief")
    route = Route("all", ("duty",), escalate=("mail", "chief"), escalate_after_ns=10 * MINUTE)
    dispatcher = office.dispatcher(duty, mail, chief, routes=[route])
    async with office.running(dispatcher):
        await office.note(change(), change(alarm="a2", zone="yuexiu"))
        await eventually(lambda: len(duty.got) == 2, "both are told")
        assert mail.tried == []
        await office.note(change("acknowledged", "acknowledged", alarm="a2", zone="yuexiu"))
        office.clock.advance(11 * MINUTE)
        await eventually(lambda: len(mail.got) == 1, "the next one is told of one")
        await office.note(change("acknowledged", "acknowledged"))
        office.clock.advance(11 * MINUTE)
        dispatcher.wake()
        await office.note(change(alarm="a3", zone="liwan"))  # told after a round that would have told the chief
        await eventually(lambda: len(duty.got) == 3, "a later one is told")

    assert (len(mail.tried), chief.tried) == (1, [])


async def test_what_no_channel_takes_for_too_long_has_failed_and_can_be_sent_again(office: Office) -> None:
    channel = Script()
    channel.always = lambda _: Undelivered("HTTP 500")
    dispatcher = office.dispatcher(channel)
    async with office.running(dispatcher):
        await office.note(change())
        await eventually(lambda: len(channel.tried) > 1, "it is tried")
        office.clock.advance(61 * MINUTE)
        await eventually(lambda: ("failed", "HTTP 500") in office.told.lines, "it is given up")
        (message,) = await office.book.find(NotifyFilter(state="failed"))
        assert (message.problem, len(message.items)) == ("HTTP 500", 1)
        assert (await office.book.counts()) == {"failed": 1}

        channel.always = lambda _: None
        assert await office.book.put_back(message.id, office.clock.now())
        dispatcher.wake()
        await eventually(lambda: channel.got == [message.id], "it arrives after all")


@pytest.mark.parametrize(("place", "arrivals"), [("before-notification", 1), ("after-notification", 2)])
async def test_a_crash_between_intent_and_outcome_repeats_it_under_its_id(
    place: str, arrivals: int, office: Office
) -> None:
    channel = Script()
    office.crash_at = place
    await office.note(change())
    with pytest.raises(BaseExceptionGroup) as error:
        await office.dispatcher(channel).run()
    assert error.group_contains(Crash)
    assert await office.states() == [("duty", "sending", 1)]  # the intent is on record

    office.crash_at = ""
    async with office.running(office.dispatcher(channel)):
        await eventually(lambda: ("sent", "duty") in office.told.lines, "it is sent again")

    assert len(channel.got) == arrivals
    assert len(set(channel.got)) == 1
    assert await office.states() == [("duty", "sent", 2)]


async def test_what_was_sent_is_not_sent_again_after_a_restart(office: Office) -> None:
    channel = Script()
    async with office.running(office.dispatcher(channel)):
        await office.note(change())
        await eventually(lambda: ("sent", "duty") in office.told.lines, "it is sent")
    again = Script()
    async with office.running(office.dispatcher(again)):
        await office.note(change(alarm="a2", zone="yuexiu"))
        await eventually(lambda: len(again.got) == 1, "the next one is sent")

    assert again.tried != channel.tried
    assert len(again.tried) == 1


async def test_what_arrived_while_nobody_could_note_it_is_noted_later_and_not_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Script()
    real, troubles = office.book.outcome, [Retry("records.db is busy", 0.0)]

    async def outcome(*told: Any) -> None:
        if troubles:
            raise troubles.pop()
        await real(*told)

    monkeypatch.setattr(office.book, "outcome", outcome)
    monkeypatch.setattr("gateway.notify.dispatcher._TROUBLE_SECS", 0.01)
    async with office.running(office.dispatcher(channel)):
        await office.note(change())
        await eventually(lambda: ("sent", "duty") in office.told.lines, "it is noted")

    assert len(channel.tried) == 1
    assert await office.states() == [("duty", "sent", 1)]


async def test_a_fault_in_a_channel_ends_nothing_else(office: Office) -> None:
    broken, sound = Script("broken"), Script("sound")

    def fault(_: Rendered) -> Undelivered | None:
        raise ZeroDivisionError

    broken.always = fault
    async with office.running(office.dispatcher(broken, sound)):
        await office.note(change())
        wanted = {("retrying", "ZeroDivisionError in the channel"), ("sent", "sound")}
        await eventually(lambda: set(office.told.lines) == wanted, "both were tried")


async def test_what_comes_last_is_planned_before_the_end_and_told_after_the_next_start(office: Office) -> None:
    dispatcher = office.dispatcher(Script())
    async with office.running(dispatcher):
        await eventually(lambda: dispatcher.problem == "", "it runs")
        await office.note(change())
    office.clock.advance(300 * MINUTE)
    channel = Script()
    async with office.running(office.dispatcher(channel)):
        await eventually(lambda: len(channel.got) == 1, "it is told, late")


async def test_messages_for_a_channel_that_is_gone_have_failed(office: Office) -> None:
    channel = Script("gone", [Undelivered("HTTP 500", after=3600.0)])
    async with office.running(office.dispatcher(channel)):
        await office.note(change())
        await eventually(lambda: bool(office.told.lines), "it is tried")
    async with office.running(office.dispatcher(Script("duty"))):

        async def failed() -> bool:
            return await office.states() == [("gone", "failed", 1)]

        await eventually(failed, "it has failed")


async def test_a_reminder_goes_out_once_whatever_restarts(office: Office) -> None:
    reminder = Reminder("calibration", "gas-1", "tianhe", NOON + MINUTE, "installed 2025-03-02.", ("duty",))
    for turn in range(2):
        channel = Script()
        due = [reminder]

        def reminders(_: int, due: list[Reminder] = due) -> list[Reminder]:
            return [due.pop()] if due else []

        async with office.running(office.dispatcher(channel, reminders=reminders)):
            await office.note(change(alarm=f"a{turn}", zone="yuexiu"))
            await eventually(lambda: any(line == ("sent", "duty") for line in office.told.lines), "something goes out")
            await eventually(lambda: not due, "the reminder was taken in")  # noqa: B023
            await office.book.counts()
    assert [m.kind for m in await office.book.find(NotifyFilter())].count("reminder") == 1


async def test_records_that_are_away_for_a_while_stop_nothing(tmp_path: Path) -> None:
    office, channel = Office(tmp_path), Script()
    dispatcher = office.dispatcher(channel)
    async with office.running(dispatcher):  # the store is not open yet
        await eventually(lambda: "not open" in dispatcher.problem, "it says so")
        await office.records.open()
        await eventually(lambda: dispatcher.problem == "", "it goes on")
        await office.note(change())
        await eventually(lambda: len(channel.got) == 1, "it is told")
    await office.records.close()
