"""The asyncio shell of a session: sockets, TLS, timers, reconnecting. What to say is decided in session.py.

    run():  connect -> CONNECT ... lost -> wait by backoff -> connect ...        until stop()
    read -> session.receive -> sink.put(rows, counts)      (control packets are read at any time)
    acknowledge(n) -> PUBACKs

A broker that isn't there is waited for. A sink that takes rows but never has them acknowledged is backpressure: the
broker stops at our receive maximum. QoS 0 has no such brake: set `shed_qos0` while there is no room.
"""

import asyncio
import contextlib
import secrets
import ssl
import time
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.random import Generator

from gateway.mqtt.events import LoggedEvents, SourceEvents
from gateway.mqtt.figures import SourceFigures
from gateway.mqtt.options import MqttOptions, build_context
from gateway.mqtt.reporting import Ending, ending_of, report
from gateway.mqtt.session import Session, SessionState
from gateway.mqtt.signals import Accepted, CanarySilent, SessionLost, Signal, Subscribed
from gateway.mqtt.sink import IntakeSink, ReceiptStamps
from gateway.mqtt.waits import Waits
from gateway.mqtt.wire import Wire

__all__ = ["MqttSource"]

TICK_SECS = 0.25
PROOF_SECS = 2.0
"""How long a clean stop waits for the proof that the last PUBACKs arrived."""


class MqttSource(SourceFigures):
    """One connection with its session. Everything is called from the event loop that runs `run`.

    unconfirmed, confirmed, had_session, known_filters, canary_proven: what an earlier process left, see Session.
    """

    def __init__(
        self,
        options: MqttOptions,
        source: int,
        sink: IntakeSink,
        stamps: ReceiptStamps,
        *,
        name: str = "main",
        unconfirmed: Sequence[tuple[str, bytes]] = (),
        confirmed: int = 0,
        had_session: bool = False,
        known_filters: Collection[str] = (),
        canary_proven: bool = False,
        events: SourceEvents | None = None,
        rng: Generator | None = None,
    ) -> None:
        session = Session(
            options,
            source,
            unconfirmed=unconfirmed,
            confirmed=confirmed,
            had_session=had_session,
            known_filters=known_filters,
            canary_token=secrets.token_hex(8),
            canary_proven=canary_proven,
        )
        super().__init__(options, source, name, session)
        self._sink = sink
        self._stamps = stamps
        self._events: SourceEvents = events if events is not None else LoggedEvents()
        rng = rng if rng is not None else np.random.default_rng()
        self._waits = Waits(options, rng)
        self._accepted = False
        self._ending: Ending | None = None
        self._trying_since = self._subscribed_at = 0.0
        self._heard_before: float | None = None
        self._connecting: asyncio.Task[tuple[asyncio.BaseTransport, Wire]] | None = None
        self._changed = asyncio.Event()
        self._error: BaseException | None = None

    # ---- life ----

    async def run(self) -> None:
        """Keep a connection until `stop`. Raises what the sink raised; GatewayError where TLS can't be set up."""
        context = build_context(self.options.tls) if self.options.tls is not None else None
        self._trying_since = asyncio.get_running_loop().time()
        connections = 0
        while not self._stopping.is_set():
            wire = await self._open(context)
            if wire is None:
                continue
            self.reconnects = connections
            connections += 1
            problem = await self._live(wire)
            if self._error is not None:
                raise self._error
            if self._stopping.is_set():
                break
            await self._retry(problem)

    async def stop(self, drain_secs: float = 10.0) -> None:
        """Take nothing more in, wait until what was handed out is acknowledged, say goodbye. The session is kept."""
        self._stopping.set()
        if self._connecting is not None:
            self._connecting.cancel()
        wire = self._wire
        if wire is None:
            return
        session = self._session
        session.close()
        if session.state is SessionState.CLOSING:
            wire.hold(False)
            await self._reach(wire, drain_secs, lambda: not self._inflow.waiting)
            session.prove(asyncio.get_running_loop().time())
            self._flush()
            await self._reach(wire, PROOF_SECS, lambda: session.settled)
            session.finish()
            self._flush()
        wire.close("stopped")
        await asyncio.shield(wire.lost)

    def acknowledge(self, rows: int) -> None:
        """`rows` more of the rows handed to the sink are durable, in the order in which it got them."""
        started = time.thread_time()
        self._session.acknowledge(rows)
        self._flush()
        self._brake()
        self._changed.set()
        self.cpu_secs += time.thread_time() - started

    # ---- inside ----

    async def _open(self, context: ssl.SSLContext | None) -> Wire | None:
        """None: it did not come about, and the time to wait is over."""
        options = self.options
        loop = asyncio.get_running_loop()
        name = None
        if options.tls is not None:
            name = options.tls.server_name or options.host
        pause = options.read_coalescing_ms / 1000
        self._accepted = False
        self._ending = None
        self._connecting = loop.create_task(
            loop.create_connection(
                lambda: Wire(self._on_data, pause), options.host, options.port, ssl=context, server_hostname=name
            )
        )
        try:
            async with asyncio.timeout(options.connect_timeout_secs):
                _, wire = await self._connecting
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            said = error.strerror or str(error)
            await self._retry(said or f"no answer within {options.connect_timeout_secs:g} s")
            return None
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
            return None
        finally:
            self._connecting = None
        return wire

    async def _live(self, wire: Wire) -> str:
        """From the open transport to its end; returns why it ended."""
        loop = asyncio.get_running_loop()
        self._wire = wire
        ticking = loop.create_task(self._tick(wire))
        try:
            self._session.connect(loop.time())
            self._flush()
            if self._stopping.is_set():
                wire.close("stopped")
            return await asyncio.shield(wire.lost)
        finally:
            wire.close("cancelled")
            ticking.cancel()
            self._wire = None
            if wire.lost.done() and not wire.lost.cancelled():
                stood = loop.time() - self._subscribed_at if self.subscribed else 0.0
                self._ending = self._waits.ended(stood, wire.lost.result(), self._ending)
            self.subscribed = False
            self.connected_since = None
            self._trying_since = loop.time()
            self._heard_before = self.last_receipt
            self._session.disconnected()
            self._guard(wire, self._hand_over)
            self._changed.set()

    async def _tick(self, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECS)
            if wire.held:
                self._session.heard(loop.time())
            self._guard(wire, lambda: self._step(wire, lambda at: self._session.tick(at, loop.time())))

    def _on_data(self, wire: Wire, data: bytes) -> int:
        started = time.thread_time()
        now = asyncio.get_running_loop().time()
        self.last_receipt = now
        before = self._inflow.received
        self._guard(wire, lambda: self._step(wire, lambda at: self._session.receive(data, at, now)))
        if self._stopping.is_set():
            self._changed.set()
        self.cpu_secs += time.thread_time() - started
        return self._inflow.received - before

    def _step(self, wire: Wire, step: Callable[[int], list[Signal]]) -> None:
        """Let the session take a step and carry out what comes of it."""
        first = self._stamps.take(1)
        signals = step(first)
        used = self._inflow.newest_at - first
        if used > 0:
            self._stamps.take(used)
        self._hand_over()
        self._flush()
        self._brake()
        for signal in signals:
            self._heed(wire, signal)

    def _hand_over(self) -> None:
        handover = self._session.take()
        if handover is not None:
            self._sink.put(self, *handover)

    def _flush(self) -> None:
        if self._wire is not None:
            self._wire.send(self._session.data_to_send())

    def _brake(self) -> None:
        if self._wire is not None:
            self._wire.hold(self._inflow.over and not self._stopping.is_set())

    def _guard(self, wire: Wire, step: Callable[[], None]) -> None:
        """An error in a callback would end in the loop's log: `run` raises it instead."""
        try:
            step()
        except Exception as error:  # noqa: BLE001  (raised again by run)
            self._error = self._error or error
            wire.close("an error of ours")

    def _heed(self, wire: Wire, signal: Signal) -> None:
        now = asyncio.get_running_loop().time()
        if (ending := ending_of(signal)) is not None:
            self._ending = ending
            wire.close(ending.problem)
        match signal:
            case Accepted():
                self._accepted = True
                self.connected_since = now
            case Subscribed():
                self.subscribed = True
                self._subscribed_at = now
                present, after = self._session.session_present, now - self._trying_since
                self._events.connected(self.name, self.address, session_present=present, after_secs=after)
            case SessionLost():
                self._events.session_lost(self.name, None if self._heard_before is None else now - self._heard_before)
            case CanarySilent(what):
                self._events.canary_silent(self.name, what)
            case _:
                report(signal, self._events, self.name, self.options.canary_topic)

    async def _retry(self, problem: str) -> None:
        ending = self._ending
        retry_in = self._waits.next(ending)
        self._problem = problem
        if self._accepted:
            self._events.connection_lost(self.name, problem, retry_in)
        else:
            self._events.unreachable(self.name, self.address, problem, retry_in)
        if ending is not None and ending.remedy:
            self._problem = f"{problem}: {ending.remedy}"
            self._events.sent_away(self.name, ending.code, ending.problem, ending.remedy)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(retry_in):
                await self._stopping.wait()

    async def _reach(self, wire: Wire, seconds: float, reached: Callable[[], bool]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not reached() and not wire.lost.done():
                    self._changed.clear()
                    await self._changed.wait()
