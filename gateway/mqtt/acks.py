"""PUBACKs in receive order, each only when its message is durable.

Rows are numbered as they are handed out. A PUBACK waits for a row number: "this many rows are durable". Three kinds:

    a new message      waits for its own row
    a redelivered one  waits for all rows handed out before the connection began (the earlier copy is among them)
    a held one         waits for a verdict, unless the broker can't go on without (see redelivery.py)

While a connection has nothing to sort out (almost always), rows and PUBACKs go one to one and a plain list is enough.
What belonged to an earlier connection is never acknowledged on a later one: the broker sends it again.
"""

import sys
from array import array
from collections import deque
from collections.abc import Sequence

__all__ = ["AckQueue", "Pending", "encode_pubacks"]

_PUBACK = 0x40_02_00_00
"""The four bytes of a PUBACK (success, no properties) without its packet id, as a number."""
_HELD = -1


def encode_pubacks(packet_ids: Sequence[int]) -> bytes:
    """Four bytes each, in the given order."""
    packets = array("I", [_PUBACK + packet_id for packet_id in packet_ids])
    if sys.byteorder == "little":
        packets.byteswap()
    return packets.tobytes()


class Pending:
    """A PUBACK that is owed while the connection sorts out redelivered messages."""

    __slots__ = ("needs", "packet_id")

    def __init__(self, packet_id: int) -> None:
        self.packet_id = packet_id
        self.needs = _HELD


class AckQueue:
    """What is owed on the connection under way."""

    def __init__(self) -> None:
        self.handed = 0
        """Rows handed out so far."""
        self.durable = 0
        """Rows that are durable, counted from the first."""
        self.arrived = 0
        """QoS 1 messages of this connection."""
        self.sent = 0
        """PUBACKs of this connection."""
        self.sent_plain = 0
        """PUBACKs among them that went one to one with rows."""
        self.in_flight: set[int] = set()
        self._earlier = 0
        self._sorting: deque[Pending] = deque()
        self._plain: list[int] = []
        self._plain_from = 0

    @property
    def sorted(self) -> bool:
        """No PUBACK waits for a verdict or behind one."""
        return not self._sorting

    @property
    def blocked(self) -> bool:
        """PUBACKs that could leave wait behind one without a verdict."""
        sorting = self._sorting
        return bool(sorting) and sorting[0].needs == _HELD and any(pending.needs != _HELD for pending in sorting)

    def begin(self) -> None:
        """A new connection: nothing of the last one is owed."""
        self.arrived = self.sent = self.sent_plain = 0
        self.in_flight.clear()
        self._earlier = self.handed
        self._sorting.clear()
        self.go_plain()

    def go_plain(self) -> None:
        """From the next row on, rows and PUBACKs go one to one."""
        self._plain.clear()
        self._plain_from = self.handed

    def enter(self, packet_ids: Sequence[int]) -> int:
        """Take QoS 1 messages in flight; returns the index of the first whose packet id is in use, else -1."""
        fresh = set(packet_ids)
        if len(fresh) == len(packet_ids) and self.in_flight.isdisjoint(fresh):
            self.in_flight |= fresh
            self.arrived += len(fresh)
            return -1
        for index, packet_id in enumerate(packet_ids):
            if packet_id in self.in_flight:
                return index
            self.in_flight.add(packet_id)
            self.arrived += 1
        raise AssertionError("a packet id was in use, then it was not")

    def owe(self, packet_ids: list[int]) -> None:
        """One entry a row, in order, as they are handed out; 0 for a row without PUBACK."""
        self._plain += packet_ids
        self.handed += len(packet_ids)

    def hold(self, packet_id: int) -> Pending:
        """Reserve the place of a PUBACK whose message has no verdict yet."""
        pending = Pending(packet_id)
        self._sorting.append(pending)
        return pending

    def owe_row(self, pending: Pending | None) -> None:
        """A row is handed out while sorting; `pending` is its PUBACK, None at QoS 0."""
        self.handed += 1
        if pending is not None:
            pending.needs = self.handed

    def owe_redelivered(self, pending: Pending) -> None:
        """An earlier copy of the message was handed out already."""
        pending.needs = self._earlier

    def acknowledge(self, rows: int) -> None:
        """`rows` more rows are durable. Raises ValueError where fewer are waiting: a mistake of the caller."""
        if not 0 <= rows <= self.handed - self.durable:
            raise ValueError(f"{rows} rows acknowledged, {self.handed - self.durable} are waiting")
        self.durable += rows

    def collect(self) -> bytes:
        """The PUBACKs that may leave now."""
        packet_ids: list[int] = []
        sorting, durable = self._sorting, self.durable
        while sorting and 0 <= sorting[0].needs <= durable:
            packet_ids.append(sorting.popleft().packet_id)
        if not sorting:
            ready = self._plain[: max(0, durable - self._plain_from)]
            if ready:
                del self._plain[: len(ready)]
                self._plain_from += len(ready)
                if 0 in ready:
                    ready = [packet_id for packet_id in ready if packet_id]
                self.sent_plain += len(ready)
                packet_ids += ready
        if not packet_ids:
            return b""
        self.sent += len(packet_ids)
        self.in_flight.difference_update(packet_ids)
        return encode_pubacks(packet_ids)
