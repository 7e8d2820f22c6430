"""Sequence numbers of devices: what never came is `missing`, and no longer missing when it comes late.

A counter runs modulo `modulus` within a scope (a LoRaWAN session, a boot); a new scope starts afresh. Numbers behind
the newest fill a gap they fit into. A run of them that fits none means the device restarted its counter, if it is told
of later times: a broker that fell back to an older state, or a replay, repeats old numbers with their old times.
"""

from typing import Any

from gateway.config.bounds import MAX_KEY_CHARS

__all__ = ["SequenceTracker"]

_GAPS_KEPT = 32
_LONGEST_GAP = 1 << 20
"""A longer jump is no loss of messages but another counter: it starts afresh."""
_RESTART_AFTER = 3


class SequenceTracker:
    """A counter: [scope, newest, gaps [from, to] (inclusive, unrolled), strangers in a row, the last, newest time].

    A device's is known by its index, one that several devices share (an edge node's) by a name.
    """

    def __init__(self) -> None:
        self._devices: dict[int | str, list[Any]] = {}
        self._named = 0

    def has_room(self, name: str, most: int) -> bool:
        """Whether a named counter is known, or may be; names come from topics, so they need a bound."""
        if name in self._devices:
            return True
        if self._named >= most or len(name) > 2 * MAX_KEY_CHARS:
            return False
        self._named += 1
        return True

    def observe(self, device: int | str, sequence: int, scope: str, modulus: int, at: int) -> int:
        """Change in the number of missing messages: more after a jump, fewer when a gap fills. `at`: UTC ns."""
        entry = self._devices.get(device)
        if entry is None or entry[0] != scope:
            self._devices[device] = [scope, sequence % modulus, [], 0, 0, at]
            return 0
        newest: int = entry[1]
        ahead = (sequence - newest) % modulus
        if ahead == 0:
            return 0
        if ahead <= modulus // 2:
            if ahead > _LONGEST_GAP:
                self._devices[device] = [scope, sequence % modulus, [], 0, 0, at]
                return 0
            unrolled = newest + ahead
            entry[1] = unrolled
            entry[3] = 0
            entry[5] = max(entry[5], at)
            if ahead == 1:
                return 0
            gaps: list[list[int]] = entry[2]
            gaps.append([newest + 1, unrolled - 1])
            del gaps[:-_GAPS_KEPT]
            return ahead - 1
        return self._behind(entry, newest - (modulus - ahead), sequence % modulus, at)

    @staticmethod
    def _behind(entry: list[Any], unrolled: int, sequence: int, at: int) -> int:
        gaps: list[list[int]] = entry[2]
        for place, (low, high) in enumerate(gaps):
            if low <= unrolled <= high:
                gaps[place : place + 1] = [
                    gap for gap in ([low, unrolled - 1], [unrolled + 1, high]) if gap[0] <= gap[1]
                ]
                entry[3] = 0
                return -1
        if at <= entry[5]:
            return 0
        # a duplicate comes alone; a restarted counter goes on counting
        entry[3] = entry[3] + 1 if entry[3] and unrolled == entry[4] + 1 else 1
        entry[4] = unrolled
        if entry[3] >= _RESTART_AFTER:
            entry[1], entry[2], entry[3], entry[5] = sequence, [], 0, at
        return 0

    def snapshot(self) -> list[list[Any]]:
        """Everything, as plain lists; the gaps copied, too: they change while the snapshot is still being written."""
        return [
            [device, scope, newest, [gap.copy() for gap in gaps], *rest]
            for device, (scope, newest, gaps, *rest) in self._devices.items()
        ]

    @classmethod
    def restore(cls, state: list[list[Any]]) -> "SequenceTracker":
        """The tracker that gave `state`."""
        made = cls()
        made._named = sum(isinstance(entry[0], str) for entry in state)
        made._devices = {entry[0]: [*entry[1:3], [list(gap) for gap in entry[3]], *entry[4:]] for entry in state}
        return made
