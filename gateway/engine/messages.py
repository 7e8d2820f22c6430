"""From journaled rows to candidate readings: route each message, then one pass a profile (profile_pass.py)."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.codecs.compiled import CompiledProfile
from gateway.codecs.redaction import StrangerRedactor
from gateway.codecs.sparkplug import Outcome
from gateway.engine.candidates import Came, Candidates, Observed
from gateway.engine.cross_checks import CrossChecks
from gateway.engine.devices import Devices
from gateway.engine.edge_nodes import EdgeNodes
from gateway.engine.outputs import Outputs
from gateway.engine.profile_pass import ProfilePass
from gateway.engine.router import NoMatch, Router
from gateway.engine.routes import Routes
from gateway.engine.sequences import SequenceTracker
from gateway.engine.throttle import Throttle
from gateway.engine.timegate import TimeGate
from gateway.reasons import Ignored, Rejected
from gateway.rows import Row, RowKind, Rows

__all__ = ["Messages"]

_NO_PROFILE = {
    Rejected.TOPIC_UNKNOWN: "no profile's topic template matches",
    Rejected.TOPIC_TOO_LONG: "the topic is longer than bounds.max_topic_bytes",
    Rejected.TOPIC_INVALID: "the topic is empty or holds a wildcard or a NUL",
    Rejected.IDENTITY_INVALID: "the device's part of the topic is too long or not printable",
}
_REPLAY = int(RowKind.REPLAY)
_REPLAYED = msgspec.msgpack.Decoder(tuple[int, bytes])


class Messages:
    """Holds what is derived from the configuration (router, compiled profiles) and a bounded cache of routes."""

    def __init__(
        self, profiles: Sequence[CompiledProfile], router: Router, gate: TimeGate, devices: Devices,
        sequences: SequenceTracker, edge_nodes: EdgeNodes, throttles: Sequence[Throttle],
    ) -> None:  # fmt: skip
        self.profiles = profiles
        self.router = router
        self.gate = gate
        self.devices = devices
        self.sequences = sequences
        self._cross = [CrossChecks(profile.profile) for profile in profiles]
        self._strangers = StrangerRedactor([profile.redactor for profile in profiles])
        self._throttles = throttles
        self._routes = Routes(router, devices.limit)
        self._edge_nodes = edge_nodes
        # one more for the topics of no profile, whose index is -1
        self._sparkplug = np.array([*(each.profile.codec == "sparkplug" for each in profiles), False])

    def read(self, rows: Rows, first_offset: int, out: Outputs) -> tuple[list[Candidates], list[Observed]]:
        """Decode the messages of `rows`; what can't be used goes to `out`."""
        received = rows.received_at()
        replays = _REPLAY in rows.kinds
        mine = Rows.of([_unwrap(row) if row.kind == _REPLAY else row for row in rows]) if replays else rows
        stamp = mine.received_at() if replays else received
        topics, payloads = mine.topics(), mine.payloads()
        routes = self._routes.of(topics)
        outcomes: dict[int, Outcome] = {}
        if self._sparkplug.any():
            outcomes = self._follow_edge_nodes(rows, mine, payloads, routes, out)
        candidates: list[Candidates] = []
        observed: list[Observed] = []
        for index, places in self._groups(mine, payloads, routes, first_offset, out):
            if places is None:
                which = np.arange(len(mine), dtype=np.int32)
                came = Came(mine, which, topics, payloads, routes, received, stamp, replays)
            else:
                chosen = places.tolist()
                came = Came(
                    mine, places, [topics[k] for k in chosen], [payloads[k] for k in chosen], routes[places],
                    received[places], stamp[places], replays,
                )  # fmt: skip
            if self._sparkplug[index]:
                came.outcomes = [outcomes[k] for k in (range(len(mine)) if places is None else places.tolist())]
            work = ProfilePass(
                self.profiles[index], self.devices, self.gate, self.sequences, out, first_offset, came, self._routes,
                self._cross[index], self._throttles[index],
            )  # fmt: skip
            found = work.run()
            if found is not None:
                candidates.append(found[0])
                observed.append(found[1])
        return candidates, observed

    def _follow_edge_nodes(
        self, rows: Rows, mine: Rows, payloads: Sequence[bytes], routes: NDArray[np.int32], out: Outputs
    ) -> dict[int, Outcome]:
        """What sessions make of Sparkplug messages, by place: in order of receipt, whatever profiles they are of."""
        profile = self._routes.profile[routes]
        outcomes: dict[int, Outcome] = {}
        for k in np.flatnonzero(self._sparkplug[profile]).tolist():
            if payloads[k]:
                name = self.profiles[profile[k]].name
                outcomes[k] = self._edge_nodes.take(mine[k], name, out, replayed=rows[k].kind == _REPLAY)
        return outcomes

    def _groups(
        self, mine: Rows, payloads: Sequence[bytes], routes: NDArray[np.int32], first_offset: int, out: Outputs
    ) -> list[tuple[int, NDArray[np.int32] | None]]:
        """(profile, places of its messages; None: all) by profile; messages without one go to `out`."""
        profile = self._routes.profile[routes]
        only = int(profile[0])
        if only >= 0 and (profile == only).all() and all(payloads):
            return [(only, None)]
        read = profile >= 0
        for k, payload in enumerate(payloads) if not all(payloads) else ():
            if not payload:
                read[k] = False
                out.count("message", "ignored", reason=Ignored.EMPTY, source=mine[k].source)
        for k in np.flatnonzero(~read).tolist():
            match = self._routes.match[routes[k]]
            if payloads[k] and isinstance(match, NoMatch):
                self._refuse(first_offset + k, mine[k], match, out)
        groups = np.unique(profile[read]).tolist()
        return [(each, np.flatnonzero(read & (profile == each)).astype(np.int32)) for each in groups]

    def _refuse(self, offset: int, row: Row, match: NoMatch, out: Outputs) -> None:
        profile = self.profiles[match.profile] if match.profile >= 0 else None
        name = "" if profile is None else profile.name
        if isinstance(match.reason, Ignored):
            out.count("message", "ignored", reason=match.reason, source=row.source, profile=name)
            return
        out.count("message", "rejected", reason=match.reason, source=row.source, profile=name)
        redact = self._strangers.redact if profile is None else profile.redact
        out.dead_letter(offset, row, match.reason, _NO_PROFILE[match.reason], redact, name)


def _unwrap(row: Row) -> Row:
    """The message inside a replayed dead letter, with its first receipt for what has no time of its own."""
    received_at, payload = _REPLAYED.decode(row.payload)
    return Row(received_at, row.kind, row.source, row.flags, row.topic, payload)
