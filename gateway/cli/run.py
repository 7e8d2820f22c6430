"""`cityloom run`: the gateway, until a signal says otherwise."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import uvloop
from cyclopts import Parameter
from prometheus_client import CollectorRegistry

from gateway.cli.simulated import must_be_real
from gateway.cli.web import web_beside, web_port
from gateway.config.load import load_settings
from gateway.config.reading import Source
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError, GatewayError
from gateway.runtime.app import Gateway, open_gateway
from gateway.runtime.garbage import earlier_objects_left_out, seldom_looked_for
from gateway.runtime.reload import Origin
from gateway.telemetry.logs import Logger, capture_stdlib, make_logger
from gateway.telemetry.telemetry import Telemetry

__all__ = ["run", "run_loop", "telemetry_of", "until_signal"]

_GRACE_SECS = 1.0
"""For closing files in order, once it was said twice to leave."""


def run(
    *,
    config: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    data_dir: Path | None = None,
    allow_scaled_clock: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Run the gateway. Ctrl-C drains and says what is still waiting; a second one leaves at once. SIGHUP reloads.

    Parameters
    ----------
    config
        Configuration file (TOML); without it the defaults and the environment count.
    data_dir
        Folder of journal, records and embedded store, instead of the configured one.
    allow_scaled_clock
        Let the configured city clock run: times are then not real.
    """
    heard = threading.current_thread() is threading.main_thread()  # no other thread may ask for signals
    if heard:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nothing is read yet that could be read again
    source = Source(config, {"data_dir": data_dir} if data_dir is not None else {})
    settings = load_settings(source.path, source.overrides)
    files = load_seed_files(settings)
    clock = settings.clock.build()
    if clock.speed != 1 and not allow_scaled_clock:
        raise CommandError(
            f"The clock of this configuration runs {clock.speed:g} times as fast as real time.",
            'Set clock.kind = "system", or say that you mean it by --allow-scaled-clock.',
            2,
        )
    must_be_real(settings.data_dir)
    drained = False

    async def serve() -> None:
        nonlocal drained
        asked = asyncio.Event()
        if heard:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
        origin = Origin(source, lambda now: telemetry.use(_logger_of(now)))
        async with (
            open_gateway(settings, files.content(settings), clock, telemetry, origin=origin) as gateway,
            web_beside(settings, sock, telemetry),
        ):
            reloads = asyncio.create_task(_reload_when(asked, gateway), name="gateway.reload")
            try:
                drained = await until_signal(gateway)
            finally:
                reloads.cancel()

    with telemetry_of(settings) as telemetry, web_port(settings) as sock:
        run_loop(serve)
    return 0 if drained else 130


@contextmanager
def telemetry_of(settings: Settings, stream: TextIO | None = None) -> Iterator[Telemetry]:
    """Logs to standard error, or `stream`, also those of libraries, and a registry of metrics."""
    telemetry = Telemetry(CollectorRegistry(), _logger_of(settings, stream))
    with capture_stdlib(lambda: telemetry.logger):
        yield telemetry


def _logger_of(settings: Settings, stream: TextIO | None = None) -> Logger:
    return make_logger(settings.log.level, settings.log.format, stream or sys.stderr, settings.secrets())


async def _reload_when(asked: asyncio.Event, gateway: Gateway) -> None:
    """Reload whenever `asked` is set, also if that was while it still started."""
    await gateway.up.wait()
    while True:
        await asked.wait()
        asked.clear()
        await gateway.reloader.asked_by_signal()


def run_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run on uvloop; of an exception group the first of our own errors is what the operator is told."""
    try:
        with (
            earlier_objects_left_out(),
            seldom_looked_for(),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(main())
    except BaseExceptionGroup as group:
        ours = group.subgroup(GatewayError)
        if ours is None:
            raise
        error: BaseException = ours
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


async def until_signal(gateway: Gateway, stop: asyncio.Event | None = None, asked: asyncio.Event | None = None) -> bool:
    """Run until SIGINT or SIGTERM, then drain; a second signal leaves at once, losing nothing acknowledged: False.

    With `asked` given the first signal only sets that event: the caller winds up first, then sets `stop`.
    """
    stop = stop or asyncio.Event()
    first = asked or stop
    loop = asyncio.get_running_loop()
    task = loop.create_task(gateway.run(stop), name="gateway")
    farewells: list[asyncio.Task[None]] = []

    def signalled() -> None:
        if first.is_set():
            sys.stderr.write(
                "leaving at once: what was acknowledged is in the journal and is worked on at the next start\n"
            )
            task.cancel()
            # a thread may be waiting for a database; what it has not written is in the journal
            grace = threading.Timer(_GRACE_SECS, os._exit, (130,))
            grace.daemon = True
            grace.start()
            return
        first.set()
        farewells.append(loop.create_task(_say_progress(gateway, task), name="gateway.farewell"))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    try:
        await task
    except asyncio.CancelledError:
        task.cancel()
        return False
    else:
        return True
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _say_progress(gateway: Gateway, task: "asyncio.Task[None]") -> None:
    said = ""
    while not task.done():
        if gateway.stopping and gateway.stopping != said:
            said = gateway.stopping
            waiting = gateway.runner.behind + gateway.intake.waiting
            sys.stderr.write(f"stopping: waiting for {said} ({waiting} messages to go; Ctrl-C again leaves at once)\n")
        await asyncio.sleep(0.5)
