"""What came in and what is owed for it: rows, counts, PUBACKs, and what is redelivered or new. No packets here.

- Rows of an earlier connection may still become durable; their PUBACKs don't leave on a later one (the packet ids mean
  something else there). The broker sends them again, and those copies are acknowledged, not handed out.
- A packet id that is in flight on this connection can't come again on it, not even with DUP: MQTT 5 (4.4) lets a sender
  repeat only after a reconnect. It is a protocol error.
- Brokers exceed the receive maximum that we announce (rumqttd ignores it; mosquitto 2.0 sends many times more after a
  backlog). Saying 0x93 and leaving, as MQTT 5 asks, would only bring the same messages again. `over` makes the
  connection stop reading instead: memory stays bounded by the window and one read.
- `received` counts every message when it is parsed, apart from what becomes of it; `take` reports a message when its
  fate is known, so that what is persisted with the rows never counts a message that is still held.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mqtt5 import DisconnectReasonCode as Reason

from gateway.mqtt.acks import AckQueue, Pending
from gateway.mqtt.options import MAX_WINDOW
from gateway.mqtt.redelivery import Redelivery
from gateway.mqtt.unconfirmed import Unconfirmed
from gateway.rows import QOS1, Row, Rows, Run

__all__ = ["Handover", "Inflow", "Offence"]

SETTLE_SECS = 10.0
"""After this long, parts of W of which nothing came are taken as known to the broker."""
_Arrival = tuple[Row, Pending]


class Handover(NamedTuple):
    """What became known since the last take()."""

    rows: Rows
    received: int
    redelivered: int
    shed: int


class Offence(NamedTuple):
    """How the broker broke the protocol."""

    code: Reason
    problem: str


class Inflow:
    """Of one session, over all its connections."""

    def __init__(self, unconfirmed: Sequence[tuple[str, bytes]], confirmed: int, window: int, quiet: float) -> None:
        """unconfirmed: see Unconfirmed; window: our receive maximum; quiet: seconds to hold what may be redelivered."""
        self.received = 0
        self.redelivered = 0
        self.shed = 0
        self.newest_at = 0
        """The newest `received_at` that was used."""
        self._acks = AckQueue()
        self._unconfirmed = Unconfirmed(unconfirmed, confirmed)
        self._redelivery: Redelivery[_Arrival] | None = None
        self._resumed_at = 0.0
        self._settle_mark: int | None = None
        self._quiet = quiet
        self._receive_maximum = self._window = window
        self._announced = MAX_WINDOW  # an earlier process may have announced more
        self._plain_number = 0
        self._until = (0, confirmed)
        self._runs: list[Run] = []
        self._reported = (0, 0, 0)

    # ---- figures ----

    @property
    def in_flight(self) -> int:
        """QoS 1 messages of this connection whose PUBACK has not left."""
        return len(self._acks.in_flight)

    @property
    def acks_sent(self) -> int:
        """PUBACKs that left on this connection."""
        return self._acks.sent

    @property
    def held(self) -> int:
        """Messages that may be redelivered ones and wait for the verdict; they are in no Handover yet."""
        return self._redelivery.held if self._redelivery is not None else 0

    @property
    def waiting(self) -> int:
        """Rows handed out that are not known to be durable."""
        return self._acks.handed - self._acks.durable

    @property
    def confirmed(self) -> int:
        """QoS 1 rows (of all processes) that are durable and that the broker can't send again. Never goes back."""
        handed, before = self._until
        return before if self._acks.durable < handed else self._unconfirmed.confirmed

    @property
    def acknowledged(self) -> int:
        """The number before which every QoS 1 row has its PUBACK sent or needs none."""
        if self._redelivery is not None or not self._acks.sorted:
            return self._unconfirmed.confirmed
        return self._plain_number + self._acks.sent_plain

    @property
    def unproven(self) -> int:
        """PUBACKs that left and are not known to have arrived."""
        return self.acknowledged - self._unconfirmed.confirmed

    @property
    def over(self) -> bool:
        """More is in flight than we asked for. Not while a verdict is due: it may need the next messages."""
        return len(self._acks.in_flight) > self._window and not self.held

    @property
    def sorting(self) -> bool:
        """Arrivals may be redelivered ones: each goes through `sort_out`."""
        return self._redelivery is not None

    # ---- connections ----

    def open_window(self) -> int:
        """The receive maximum to announce: all that may be redelivered must fit, or its end would never come."""
        self._window = max(self._receive_maximum, min(len(self._unconfirmed), self._announced))
        self._announced = self._window
        return self._window

    def resume(self, filters: Sequence[str], now: float) -> None:
        """The broker has our session: it repeats what it has no PUBACK for."""
        self._resumed_at = now
        self._settle_mark = None
        self._redelivery = Redelivery(self._unconfirmed.contents(), filters, self._quiet)
        if self._redelivery.done:
            self._end_sorting()

    def start_anew(self) -> None:
        """The broker has no session of ours: nothing can come again."""
        self._veil()
        self._unconfirmed.confirm(self._unconfirmed.total)
        self._end_sorting()

    def end(self) -> None:
        """The connection is gone. What was held comes again, so this copy counts as redelivered."""
        self.redelivered += self.held
        self._redelivery = None
        self._acks.begin()

    # ---- in ----

    def hand_out(self, run: Run, packet_ids: list[int]) -> Offence | None:
        """New messages with their packet ids, 0 where there is none, as at QoS 0."""
        offence = None
        if run.flags & QOS1:
            good = packet_ids.index(0) if 0 in packet_ids else len(packet_ids)
            used = self._acks.enter(packet_ids[:good] if good < len(packet_ids) else packet_ids)
            good = used if used >= 0 else good
            if good < len(packet_ids):
                # what came before is good; the rest is neither taken nor counted and comes again
                offence = Offence(Reason.PROTOCOL_ERROR, f"packet id {packet_ids[good]} used while in flight")
                self.received -= len(run) - good
                if not good:
                    return offence
                run, packet_ids = run.part(0, good), packet_ids[:good]
            self._unconfirmed.add(run.topics, run.payloads)
        self._acks.owe(packet_ids)
        self._runs.append(run)
        return offence

    def sort_out(self, row: Row, packet_id: int, now: float) -> Offence | None:
        """One message while redelivered ones may come; packet_id 0: QoS 0."""
        redelivery = self._redelivery
        assert redelivery is not None
        if not row.flags & QOS1:
            self._runs.append(_run(row))
            self._acks.owe_row(None)
            return None
        if not packet_id or self._acks.enter([packet_id]) >= 0:
            self.received -= 1
            return Offence(Reason.PROTOCOL_ERROR, f"packet id {packet_id} used while in flight")
        redelivered, new = redelivery.offer(row.topic, row.payload, (row, self._acks.hold(packet_id)), now)
        for _, pending in redelivered:
            self._acks.owe_redelivered(pending)
            self.redelivered += 1
        self._release(new)
        if redelivery.done:
            self._end_sorting()
        return None

    def tick(self, now: float, answered: float) -> None:
        """Give up waiting for the rest of what is held; answered: see Redelivery.tick."""
        redelivery = self._redelivery
        if redelivery is None:
            return
        blocking = self._acks.blocked
        if blocking:
            for _, pending in redelivery.stuck(now, answered):
                self._acks.owe_redelivered(pending)
                blocking = False
        self._release(redelivery.tick(now, answered, blocking=blocking))
        since = now - self._resumed_at
        settled = False
        if self._settle_mark is None:
            if since >= self._quiet:
                self._settle_mark = self._acks.arrived
        else:
            settled = since >= SETTLE_SECS and self._acks.sent >= self._settle_mark and not redelivery.held
        if redelivery.done or settled:
            self._end_sorting()

    # ---- out ----

    def acknowledge(self, rows: int) -> None:
        """`rows` more are durable. Raises ValueError where fewer are waiting."""
        self._acks.acknowledge(rows)

    def pubacks(self) -> bytes:
        """Those that may leave now."""
        return self._acks.collect()

    def confirm(self, number: int) -> None:
        """The PUBACKs of everything before `number` arrived."""
        self._unconfirmed.confirm(number)

    def take(self) -> Handover | None:
        """Rows for the journal and what is to be counted with them; None: nothing new."""
        figures = (self.received - self.held, self.redelivered, self.shed)
        if figures == self._reported:
            return None
        received, redelivered, shed = (a - b for a, b in zip(figures, self._reported, strict=True))
        self._reported = figures
        runs, self._runs = self._runs, []
        return Handover(Rows(runs), received, redelivered, shed)

    # ---- inside ----

    def _release(self, arrivals: Sequence[_Arrival]) -> None:
        for arrived, pending in arrivals:
            row = arrived
            if row.received_at < self.newest_at:  # others were handed out while it was held
                self.newest_at += 1
                row = Row(self.newest_at, row.kind, row.source, row.flags, row.topic, row.payload)
            run = _run(row)
            self._runs.append(run)
            self._acks.owe_row(pending)
            self._unconfirmed.add(run.topics, run.payloads)

    def _end_sorting(self) -> None:
        self._veil()
        self._redelivery = None
        self._acks.go_plain()
        self._plain_number = self._unconfirmed.total

    def _veil(self) -> None:
        """Rows of earlier connections may not be durable yet: the count that is persisted must not pass them."""
        self._until = (self._acks.handed, self.confirmed)


def _run(row: Row) -> Run:
    return Run(row.received_at, row.kind, row.source, row.flags, [row.topic], [row.payload])
