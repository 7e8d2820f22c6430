"""From journaled rows to candidate readings: route each message, then one pass a profile (profile_pass.py)."""

from collections.abc import Sequence
from operator import attrgetter

import msgspec
import numpy as np

from gateway.codecs.compiled import CompiledProfile
from gateway.codecs.redaction import StrangerRedactor
from gateway.engine.cross_checks import CrossChecks
from gateway.engine.devices import Devices
from gateway.engine.outputs import Outputs
from gateway.engine.profile_pass import Candidates, Observed, ProfilePass, Route
from gateway.engine.router import NoMatch, Router
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
_REPLAY = int(RowKind.REPLAY)
_kind, _payload, _received_at = attrgetter("kind"), attrgetter("payload"), attrgetter("received_at")
_profile, _topic = attrgetter("profile"), attrgetter("topic")
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
        self._cross = [CrossChecks(profile.profile) for profile in profiles]
        self._strangers = StrangerRedactor([profile.redactor for profile in profiles])
        self._routes: dict[str, Route] = {}

    def read(self, rows: Sequence[Row], first_offset: int, out: Outputs) -> tuple[list[Candidates], list[Observed]]:
        """Decode the messages of `rows`; what can't be used goes to `out`."""
        mine = rows
        replays = _REPLAY in map(_kind, rows)
        if replays:
            mine = [_unwrap(row) if row.kind == _REPLAY else row for row in rows]
        routes = self._routes_of(mine)
        candidates: list[Candidates] = []
        observed: list[Observed] = []
        for index, places in self._groups(mine, routes, first_offset, out):
            everything = len(places) == len(rows)
            came = rows if everything else [rows[k] for k in places]
            received = np.fromiter(map(_received_at, came), np.int64, len(places))
            work = ProfilePass(
                self.profiles[index], self.devices, self.gate, self.sequences, out, first_offset,
                np.array(places, np.int32), mine if everything else [mine[k] for k in places],
                routes if everything else [routes[k] for k in places], received, replays, self._cross[index],
            )  # fmt: skip
            found = work.run()
            if found is not None:
                candidates.append(found[0])
                observed.append(found[1])
        return candidates, observed

    def _routes_of(self, rows: Sequence[Row]) -> list[Route]:
        found = list(map(self._routes.get, map(_topic, rows)))
        if None in found:
            found = [self._routes.get(row.topic) or self._route(row.topic) for row in rows]
        return found  # type: ignore[return-value]  # none of them is None by now

    def _groups(
        self, mine: Sequence[Row], routes: list[Route], first_offset: int, out: Outputs
    ) -> list[tuple[int, Sequence[int]]]:
        """(profile, places of its messages) by profile; messages without one go to `out`."""
        profiles = list(map(_profile, routes))
        only = profiles[0]
        if only >= 0 and profiles.count(only) == len(profiles) and all(map(_payload, mine)):
            return [(only, range(len(mine)))]
        groups: dict[int, list[int]] = {}
        for k, (row, route) in enumerate(zip(mine, routes, strict=True)):
            if not row.payload:
                out.count("message", "ignored", reason=Ignored.EMPTY, source=row.source)
            elif isinstance(route.match, NoMatch):
                self._refuse(first_offset + k, row, route.match, out)
            else:
                groups.setdefault(route.profile, []).append(k)
        return sorted(groups.items())

    def _refuse(self, offset: int, row: Row, match: NoMatch, out: Outputs) -> None:
        profile = self.profiles[match.profile] if match.profile >= 0 else None
        name = "" if profile is None else profile.name
        if isinstance(match.reason, Ignored):
            out.count("message", "ignored", reason=match.reason, source=row.source, profile=name)
            return
        out.count("message", "rejected", reason=match.reason, source=row.source, profile=name)
        redact = self._strangers.redact if profile is None else profile.redact
        out.dead_letter(offset, row, match.reason, _NO_PROFILE[match.reason], redact, name)

    def _route(self, topic: str) -> Route:
        if len(self._routes) >= self.CACHE:
            self._routes.clear()
        match = self.router.match(topic)
        route = self._routes[topic] = Route(match, -1 if isinstance(match, NoMatch) else match.profile)
        return route


def _unwrap(row: Row) -> Row:
    """The message inside a replayed dead letter, with its first receipt for what has no time of its own."""
    received_at, payload = _REPLAYED.decode(row.payload)
    return Row(received_at, row.kind, row.source, row.flags, row.topic, payload)
