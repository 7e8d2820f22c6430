"""One connection of a load: what is due goes out as far as the broker's window lets it, what is in flight is known.

    due by the schedule -> waiting (arithmetic, bounded) -> in flight (arrays by packet id) -> acknowledged | refused

The schedule never waits for the broker. What waits keeps its due time; beyond the bound the oldest are given up and
counted as overflowed. After a cut, what was in flight is sent again first, in its order.
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import mqtt5
import numpy as np
from numpy.typing import NDArray

from device_sims.clients.endpoint import Endpoint
from device_sims.load.acks import read_answers
from device_sims.load.in_flight import IDS, InFlight
from device_sims.load.latency import LatencyHistogram
from device_sims.load.packets import PacketForm
from device_sims.load.schedule import Share
from device_sims.world.clock import CityClock

__all__ = ["Link", "Times"]

I64 = NDArray[np.int64]

BURST = 2000
"""Messages in one write."""
_REFUSED = 0x80
_KEEP_ALIVE = 60
_PING_NS = 20_000_000_000
_SILENT_NS = 45_000_000_000
_HIGH_WATER = 1 << 20
_MS = 1_000_000
_MOST_BYTES = 1 << 20


class Times:
    """What is measured, over all links of a run."""

    def __init__(self) -> None:
        self.due_to_send = LatencyHistogram()
        self.send_to_ack = LatencyHistogram()
        self.due_to_ack = LatencyHistogram()


class Link(asyncio.Protocol):
    """Brings one share of the schedule. `transport` protocols are this object itself: one connection at a time.

    changed is called when something was answered.
    """

    def __init__(
        self, form: PacketForm, share: Share, clock: CityClock, times: Times, *, qos: int, bound: int,
        identifier: str, endpoint: Endpoint, changed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.sent = self.acked = self.refused = self.overflowed = self.resent = self.strays = 0
        self.deepest = 0
        """Most messages that waited."""
        self.ready = False
        self.hello: asyncio.Future[None] | None = None
        self.lost: asyncio.Future[str] | None = None
        self._form, self._share, self._clock, self._times = form, share, clock, times
        self._qos, self._bound, self._identifier, self._endpoint = qos, bound, identifier, endpoint
        self._changed = changed
        self._begin: int | None = None
        self._city = 0
        self._newest = np.zeros(share.devices, np.int64) if share.schedule.rate == 0 else None
        self._due_total = 0
        self._taken = 0
        self._again = np.zeros((0, 3), np.int64)
        """Number, due, stamp of what was in flight when the connection was cut."""
        self._flying = InFlight()
        self._window = 0
        self._rest = b""
        self._held = False
        self._heard = self._spoke = 0
        self._problem = ""
        self._transport: asyncio.Transport | None = None

    # ---- figures ----

    @property
    def in_flight(self) -> int:
        """Sent on this connection and not answered."""
        return self._flying.count

    @property
    def waiting(self) -> int:
        """Due, and not handed to the broker: never sent, or to be sent again."""
        return self._share.count(self._due_total) - self._taken + len(self._again)

    @property
    def unsent(self) -> int:
        """Due and never sent."""
        return self._share.count(self._due_total) - self._taken

    @property
    def unanswered(self) -> int:
        """Sent, and neither acknowledged nor refused."""
        return self.in_flight + len(self._again)

    # ---- the clock's side ----

    def begin(self, at: int, city: int) -> None:
        """The schedule begins at `at`, ns of the monotonic clock, when the city's clock reads `city`, UTC ns."""
        self._begin, self._city = at, city

    def advance(self, due_total: int, now: int) -> None:
        """`due_total` messages of the whole schedule are due: send what there is room for, count what overflows."""
        self._due_total = due_total
        if self._begin is None:
            return
        self.fill(now)
        if self._newest is not None:
            return
        waiting = self.unsent
        if waiting > self._bound:
            self.overflowed += waiting - self._bound
            self._taken += waiting - self._bound
            waiting = self._bound
        self.deepest = max(self.deepest, waiting)

    def watch(self, now: int) -> None:
        """Ping where nothing was said; cut where the broker has fallen silent. Call it about once a second."""
        if self._transport is None or not self.ready:
            return
        if now - self._heard > _SILENT_NS:
            self._problem = "it has fallen silent"
            self._transport.abort()
        elif now - min(self._heard, self._spoke) > _PING_NS:
            self._transport.write(mqtt5.PingReqPacket().write())
            self._spoke = now

    def leave(self) -> None:
        """Say goodbye."""
        if self._transport is not None:
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._transport.close()

    def fill(self, now: int) -> None:
        """Send as much as window and write buffer take."""
        while self.ready and not self._held:
            room = self._window - self.in_flight if self._qos else BURST
            count = min(room, BURST, len(self._again) or self.unsent)
            ids = self._flying.free_ids(count) if self._qos else slice(0, count)
            count = ids.stop - ids.start
            if count <= 0:
                return
            if len(self._again):
                self._send_again(ids, now)
            else:
                self._send_due(ids, min(count, self._share.devices - self._taken % self._share.devices), now)

    def _send_due(self, ids: slice, count: int, now: int) -> None:
        assert self._begin is not None
        place = self._taken % self._share.devices
        devices = slice(place, place + count)
        numbers = self._share.numbers(self._taken, count)
        if self._newest is None:
            due = self._begin + self._share.schedule.due_times(numbers)
            # a message that waits tells the time at which it was due, as a device tells when it measured
            stamps = (self._city + ((due - self._begin) * self._clock.speed).astype(np.int64)) // _MS
            self._times.due_to_send.add(now - due)
        else:
            due = np.full(count, now, np.int64)
            stamps = np.maximum(self._clock.now() // _MS, self._newest[devices] + 1)
            self._newest[devices] = stamps
        self._taken += count
        self.sent += count
        self._write(slice(ids.start, ids.start + count), devices, numbers, due, stamps, now)

    def _send_again(self, ids: slice, now: int) -> None:
        count = ids.stop - ids.start
        numbers, due, stamps = self._again[:count].T.copy()
        self._again = self._again[count:]
        self.resent += count
        devices = numbers % self._share.schedule.devices // self._share.schedule.connections
        self._write(ids, devices, numbers, due, stamps, now)

    def _write(self, ids: slice, devices: slice | I64, numbers: I64, due: I64, stamps: I64, now: int) -> None:
        assert self._transport is not None
        if self._qos:
            self._flying.put(ids, np.stack((numbers, due, stamps), axis=1), now)
        packet_ids = np.arange(ids.start, ids.stop, dtype=np.int64)
        self._transport.write(self._form.packets(devices, packet_ids, stamps, numbers))
        self._spoke = now

    # ---- the broker's side ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        loop = asyncio.get_running_loop()
        self.hello, self.lost = loop.create_future(), loop.create_future()
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        self._transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._rest, self._held, self._problem = b"", False, ""
        password = self._endpoint.password
        hello = mqtt5.ConnectPacket(
            self._identifier, clean_start=True, keep_alive=_KEEP_ALIVE, username=self._endpoint.username,
            password=None if password is None else password.encode(),
        )  # fmt: skip
        self._transport.write(hello.write())

    def connection_lost(self, exc: Exception | None) -> None:
        """What flew is to be sent again, the oldest first."""
        assert self.hello is not None
        assert self.lost is not None
        self.ready, self._transport = False, None
        again = np.concatenate([self._flying.recall(), self._again])
        self._again = again[np.argsort(again[:, 0], kind="stable")]
        problem = self._problem or str(exc or "the broker closed the connection")
        if not self.lost.done():
            self.lost.set_result(problem)
        if not self.hello.done():
            self.hello.set_exception(ConnectionError(problem))

    def pause_writing(self) -> None:
        """The socket takes no more: what is due waits."""
        self._held = True

    def resume_writing(self) -> None:
        """It takes again."""
        self._held = False
        self.fill(time.monotonic_ns())

    def data_received(self, data: bytes) -> None:
        """Count what is acknowledged, send what that makes room for."""
        now = self._heard = time.monotonic_ns()
        try:
            answers = read_answers(self._rest + data if self._rest else data)
        except ValueError as error:
            self._fail(f"it said what is not MQTT 5: {error}")
            return
        self._rest = (self._rest + data)[answers.used :] if self._rest else data[answers.used :]
        if len(self._rest) > _MOST_BYTES:
            self._fail("it said what is longer than anything that we wait for")
            return
        if answers.ids.size:
            self._answered(answers.ids, answers.reasons, now)
        for packet in answers.others:
            self._heed(packet, now)
        self.fill(now)
        self._changed()

    def _answered(self, ids: I64, reasons: I64, now: int) -> None:
        due, written, reasons, strays = self._flying.answered(ids, reasons)
        refused = int((reasons >= _REFUSED).sum()) if reasons.any() else 0
        self.strays += strays
        self.refused += refused
        self.acked += len(reasons) - refused
        if refused and not self._problem:
            self._problem = f"it refuses messages (0x{int(reasons.max()):02X})"
        self._times.send_to_ack.add(now - written)
        self._times.due_to_ack.add(now - due)

    def _heed(self, packet: mqtt5.Packet, now: int) -> None:
        assert self.hello is not None
        if isinstance(packet, mqtt5.ConnAckPacket):
            code = packet.reason_code
            if code != mqtt5.ConnAckReasonCode.SUCCESS:
                self._fail(f"it refused us: {code.name.lower().replace('_', ' ')}")
                return
            self._window = min(packet.receive_max, IDS - 1)
            self._spoke, self.ready = now, True
            if not self.hello.done():
                self.hello.set_result(None)
        elif isinstance(packet, mqtt5.DisconnectPacket):
            self._fail(f"it sent us away: {packet.reason_code.name.lower().replace('_', ' ')}")

    def _fail(self, problem: str) -> None:
        self._problem, self.ready = problem, False
        assert self._transport is not None
        self._transport.abort()
