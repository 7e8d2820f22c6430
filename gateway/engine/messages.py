"""From journaled rows to candidate readings: route each message, then one pass a profile (profile_pass.py)."""

from collections.abc import Sequence

import msgspec
import numpy as np

from gateway.codecs.compiled import CompiledProfile
from gateway.engine.devices import Devices
from gateway.engine.outputs import Outputs
from gateway.engine.profile_pass import Candidates, Observed, ProfilePass, Route
from gateway.engine.router import Router
from gateway.engine.sequences import SequenceTracker
from gateway.engine.timegate import TimeGate
from gateway.reasons import Ignored, Rejected
from gateway.rows import Row, RowKind

__all__ = ["Messages"]

_NO_PROFILE = {
    Rejected.TOPIC_UNKNOWN: "no profile's topic template matches",
    Rejected.TOPIC_TOO_LONG: "the topic is longer than bounds.max_topic_bytes",
    Rejected.TOPIC_INVALID: "the topic is empty or holds a wildcard or a NUL",
    Rejected.IDENTITY_INVALID: "the device's part of the topic is too long or not printable",
}
_REPLAYED = msgspec.msgpack.Decoder(tuple[int, bytes])


class Messages:
    """Holds what is derived from the configuration (router, compiled profiles) and a bounded cache of routes."""

    CACHE = 300_000

    def __init__(
        self, profiles: Sequence[CompiledProfile], router: Router, gate: TimeGate, devices: Devices,
        sequences: SequenceTracker,
    ) -> None:  # fmt: skip
        self.profiles = profiles
        self.router = router
        self.gate = gate
        self.devices = devices
        self.sequences = sequences
        self._routes: dict[str, Route] = {}

    def read(self, rows: Sequence[Row], first_offset: int, out: Outputs) -> tuple[list[Candidates], list[Observed]]:
        """Decode the messages of `rows`; what can't be used goes to `out`."""
        groups: dict[int, tuple[list[int], list[Route]]] = {}
        mine = [_unwrap(row) if row.kind == RowKind.REPLAY else row for row in rows]
        routes = self._routes
        for k, row in enumerate(mine):
            route = routes.get(row.topic)
            if route is None:
                route = self._route(row.topic)
            match = route.match
            if not row.payload:
                out.count("message", "ignored", reason=Ignored.EMPTY, source=row.source)
            elif isinstance(match, Rejected):
                out.count("message", "rejected", reason=match, source=row.source)
                out.dead_letter(first_offset + k, row, match, _NO_PROFILE[match])
            else:
                group = groups.get(match.profile)
                if group is None:
                    group = groups[match.profile] = ([], [])
                group[0].append(k)
                group[1].append(route)
        candidates: list[Candidates] = []
        observed: list[Observed] = []
        for index in sorted(groups):
            places, matched = groups[index]
            received = np.fromiter((rows[k].received_at for k in places), np.int64, len(places))
            work = ProfilePass(
                self.profiles[index], self.devices, self.gate, self.sequences, out, first_offset,
                np.array(places, np.int32), [mine[k] for k in places], matched, received,
            )  # fmt: skip
            found = work.run()
            if found is not None:
                candidates.append(found[0])
                observed.append(found[1])
        return candidates, observed

    def _route(self, topic: str) -> Route:
        if len(self._routes) >= self.CACHE:
            self._routes.clear()
        route = self._routes[topic] = Route(self.router.match(topic))
        return route


def _unwrap(row: Row) -> Row:
    """The message inside a replayed dead letter, with its first receipt for what has no time of its own."""
    received_at, payload = _REPLAYED.decode(row.payload)
    return Row(received_at, row.kind, row.source, row.flags, row.topic, payload)
