"""A whole gateway in the test's own event loop, with what it said of itself; it can be stopped and started again."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from gateway.clock import Clock, SystemClock
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.runtime.app import Gateway, open_gateway
from gateway.runtime.reload import Origin
from gateway.telemetry.event import Event
from gateway.telemetry.logs import make_logger
from gateway.telemetry.telemetry import Telemetry

__all__ = [
    "RecordingTelemetry",
    "ShiftableClock",
    "eventually",
    "running_gateway",
    "settings_of",
    "settled",
]

E = TypeVar("E", bound=Event)
_DEADLINE_SECS = 30.0
_POLL_SECS = 0.02


class RecordingTelemetry(Telemetry):
    """Counts as ever, says nothing, and keeps every event."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry(), make_logger("error", "json", io.StringIO()))
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """See Telemetry."""
        self.events.append(event)
        super().emit(event)

    def of(self, kind: type[E]) -> list[E]:
        """Every event of a kind, oldest first."""
        return [event for event in self.events if isinstance(event, kind)]


class ShiftableClock:
    """The machine's clock, moved forward by `ahead` ns."""

    speed = 1.0

    def __init__(self) -> None:
        self.ahead = 0
        self._system = SystemClock()

    def now(self) -> int:
        """UTC nanoseconds."""
        return self._system.now() + self.ahead


def settings_of(folder: Path, port: int, **sections: dict[str, Any] | str | Path) -> Settings:
    """Settings of a gateway on `folder` and a broker on `port`; `sections` replace or add options, plain ones too."""
    given: dict[str, Any] = {
        # rumqttd hangs up on who subscribes $SYS, and may not answer for 15 s after a second time
        "mqtt": {"host": "127.0.0.1", "port": port, "watch_sys": "off"},
        "http": {"port": 0}, "snapshots": {"interval_secs": 1},
        "engine": {"tick_secs": 0.1, "gather_ms": 5}, "ledger": {"check_secs": 0.2},
    }  # fmt: skip
    for name, options in sections.items():
        given[name] = {**given.get(name, {}), **options} if isinstance(options, dict) else options
    return load_settings(None, {"data_dir": folder, **given})


async def eventually(
    ready: Callable[[], bool | Awaitable[bool]], what: str, deadline_secs: float = _DEADLINE_SECS
) -> None:
    """Poll until `ready()` says so; fail with `what` at the deadline."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline_secs):
            while True:
                answer = ready()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(_POLL_SECS)
    raise AssertionError(f"not within {deadline_secs:g} s: {what}")


@contextlib.asynccontextmanager
async def running_gateway(
    settings: Settings, telemetry: RecordingTelemetry | None = None, clock: Clock | None = None, *,
    connected: bool = True, origin: Origin | None = None,
) -> AsyncIterator[Gateway]:  # fmt: skip
    """Run it inside the block and stop it cleanly. connected: wait for that first; origin: see `open_gateway`."""
    files = load_seed_files(settings)
    telemetry = telemetry or RecordingTelemetry()
    content = files.content(settings)
    async with open_gateway(settings, content, clock or SystemClock(), telemetry, origin=origin) as gateway:
        stop = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                # an error of the gateway's ends the test at once, and is what the test fails with
                running = group.create_task(gateway.run(stop))
                if connected:
                    await eventually(lambda: all(s.subscribed for s in gateway.sources), "the sources connect")
                yield gateway
                stop.set()
                async with asyncio.timeout(_DEADLINE_SECS):
                    await running
        except BaseExceptionGroup as group_error:
            error: BaseException = group_error
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
            raise error from None


async def settled(gateway: Gateway, messages: int, stores: Iterable[str] = ("duckdb",)) -> dict[str, Any]:
    """Wait until `messages` have come once and `stores` have everything; gives the ledger, which balances.

    However long it takes, as long as it goes on: a busy machine is no fault.
    """
    before: tuple[int, ...] = ()
    since = monotonic()
    while True:
        ledger: dict[str, Any] = await gateway.desk.ledger()
        came, writers = ledger["messages"], [each for each in gateway.writers if each.name in stores]
        once = came["received"] - came["redelivered"]
        at_rest = all(writer.position >= gateway.outbox.last_position for writer in writers)
        if once >= messages and not came["waiting"] and at_rest:
            break
        now = (came["received"], came["waiting"], *(writer.position for writer in writers))
        if now != before:
            before, since = now, monotonic()
        assert monotonic() - since < _DEADLINE_SECS, (
            f"nothing for {_DEADLINE_SECS:g} s, and not yet {messages} messages stored; the ledger: {ledger}"
        )
        await asyncio.sleep(_POLL_SECS)
    assert ledger["balanced"], ledger
    return ledger
