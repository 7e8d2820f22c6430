"""From journaled rows to candidate readings: route, decode, identify, gate, flag, flatten.

Per message only routing and decoding happen in Python; everything behind is arrays, one pass a profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.codecs.compiled import RECEIPT, CompiledProfile, Decoded, State
from gateway.engine.devices import Devices, Refusal
from gateway.engine.outputs import Outputs
from gateway.engine.router import Match, Router
from gateway.engine.sequences import SequenceTracker
from gateway.engine.timegate import TimeGate
from gateway.reasons import Ignored, Invalid, Rejected, Unstored
from gateway.rows import RETAIN, Row, RowKind
from processors.flags import Flag, Why
from processors.quality.gross_range import gross_range

__all__ = ["Candidates", "Messages"]

_DECODED, _REJECTED, _IGNORED = 0, 1, 2
_NO_PROFILE = {
    Rejected.TOPIC_UNKNOWN: "no profile's topic template matches",
    Rejected.TOPIC_TOO_LONG: "the topic is longer than bounds.max_topic_bytes",
    Rejected.TOPIC_INVALID: "the topic is empty or holds a wildcard or a NUL",
    Rejected.IDENTITY_INVALID: "the device's part of the topic is too long or not printable",
}
_REPLAYED = msgspec.msgpack.Decoder(tuple[int, bytes])


@dataclass(slots=True)
class Candidates:
    """Readings that passed the gate, flattened record by record, one array a column; `row` indexes the call's rows."""

    row: NDArray[np.int32]
    device: NDArray[np.int32]
    series: NDArray[np.int32]
    ts: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    why: NDArray[np.uint32]

    @classmethod
    def concat(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """All of `parts`, in order; there is at least one."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))  # type: ignore[attr-defined]


@dataclass(slots=True)
class Observed:
    """What moves the watermarks: lanes, event and receipt times of records of steady devices."""

    lane: NDArray[np.int32]
    ts: NDArray[np.int64]
    received_at: NDArray[np.int64]
    steady: NDArray[np.bool_]


@dataclass(slots=True)
class _Route:
    match: Match | Rejected
    device: int = -1


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
        self._routes: dict[str, _Route] = {}

    def forget_routes(self) -> None:
        """Devices changed: routes are looked up anew."""
        self._routes.clear()

    def read(self, rows: Sequence[Row], first_offset: int, out: Outputs) -> tuple[list[Candidates], list[Observed]]:
        """Decode the messages of `rows`; what can't be used goes to `out`."""
        groups: dict[int, tuple[list[int], list[_Route]]] = {}
        judged = [row.received_at for row in rows]
        rows = [_unwrap(row) if row.kind == RowKind.REPLAY else row for row in rows]
        routes = self._routes
        for k, row in enumerate(rows):
            route = routes.get(row.topic)
            if route is None:
                route = self._route(row.topic)
            match = route.match
            if not row.payload:
                out.count("message", "ignored", reason=Ignored.EMPTY, source=row.source)
            elif isinstance(match, Rejected):
                self._reject(k, row, first_offset, match, _NO_PROFILE[match], None, out)
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
            receipts = np.fromiter((judged[k] for k in places), np.int64, len(places))
            self._group(index, places, matched, receipts, rows, first_offset, out, candidates, observed)
        return candidates, observed

    def _route(self, topic: str) -> _Route:
        if len(self._routes) >= self.CACHE:
            self._routes.clear()
        route = self._routes[topic] = _Route(self.router.match(topic))
        return route

    def _group(
        self, index: int, places: list[int], routes: list[_Route], received: NDArray[np.int64], rows: Sequence[Row],
        first_offset: int, out: Outputs, candidates: list[Candidates], observed: list[Observed],
    ) -> None:  # fmt: skip
        """One profile's messages. `received` is when the row came in; a replayed one is stamped with its first receipt."""
        profile = self.profiles[index]
        mine = [rows[k] for k in places]
        stamp = np.fromiter((row.received_at for row in mine), np.int64, len(mine))
        decoded = profile.decode([row.payload for row in mine], [row.topic for row in mine], stamp)
        status = np.zeros(len(mine), np.int8)
        for message, reason, detail in decoded.rejected:
            status[message] = _REJECTED
            self._reject(places[message], mine[message], first_offset, reason, detail, profile, out)
        for message, why in decoded.ignored:
            status[message] = _IGNORED
            out.count("message", "ignored", reason=why, source=mine[message].source, profile=profile.name)
        message = decoded.message
        device = self._identify(index, profile, decoded, routes, mine, status, places, first_offset, out)
        keep = (status[message] == _DECODED) & (device >= 0)
        stamped = decoded.ts == RECEIPT
        keep &= ~self._retained(stamped, message, mine, status, profile.name, out)
        strangers = self._invalid(decoded, profile, device, keep, status, places, mine, first_offset, out)
        for source, amount in _by_source(mine, status == _DECODED):
            out.count("message", "decoded", amount, source=source, profile=profile.name)
        if keep.any():
            message, device = message[keep], device[keep]
            ts = np.where(stamped[keep], stamp[message], decoded.ts[keep])
            state, value = decoded.state[keep], decoded.value[keep]
            if decoded.sequence is not None:
                self._sequence(profile, decoded, keep, device)
            verdict = self.gate.judge(device, ts, received[message], self.devices.registry.offset)
            self.devices.registry.heard[device] = received[message]
            lane = self.devices.registry.lane[device]
            observed.append(Observed(lane, ts, received[message], verdict.steady))
            whole = state != State.ABSENT
            for gone, reason in ((verdict.ahead, Unstored.QUARANTINED), (verdict.expired, Unstored.EXPIRED)):
                if gone.any():
                    self._gated(gone, reason, whole & (state != State.INVALID), message, device, ts, profile, places,
                                mine, first_offset, out)  # fmt: skip
            passed = ~(verdict.ahead | verdict.expired)
            candidates.append(self._flatten(profile, passed, message, device, ts, value, state, stamped[keep], mine,
                                            verdict.steady, places, out))  # fmt: skip
            out.count("reading", "decoded", int(np.count_nonzero(whole & (state != State.INVALID))),
                      profile=profile.name)  # fmt: skip
        if strangers:
            out.count("reading", "decoded", strangers, profile=profile.name)

    def _identify(
        self, index: int, profile: CompiledProfile, decoded: Decoded, routes: list[_Route], mine: list[Row],
        status: NDArray[np.int8], places: list[int], first_offset: int, out: Outputs,
    ) -> NDArray[np.int32]:  # fmt: skip
        """Device of each record; below 0: a Refusal. A message none of whose records is somebody's is rejected."""
        message = decoded.message
        find = self.devices.find
        if decoded.keys is None:
            # devices are met only after their first message has been decoded, so that noise provisions nobody
            per = np.full(len(mine), Refusal.UNSEEN, np.int32)
            readable = np.zeros(len(mine), np.bool_)
            readable[message] = True
            readable &= status == _DECODED
            for k in np.flatnonzero(readable).tolist():
                route = routes[k]
                if route.device < 0:
                    match = route.match
                    assert isinstance(match, Match)
                    route.device = find(profile, match.key or "", match.variables, mine[k].received_at, out)
                per[k] = route.device
            device = per[message]
        else:
            device = np.empty(len(message), np.int32)
            for r, (k, key) in enumerate(zip(message.tolist(), decoded.keys, strict=True)):
                match = routes[k].match
                assert isinstance(match, Match)
                device[r] = (
                    find(profile, key, match.variables, mine[k].received_at, out) if status[k] == _DECODED else -1
                )
        if len(device) and device.min() < 0:
            somebody = np.zeros(len(mine), np.bool_)
            somebody[message[device >= 0]] = True
            for k in np.unique(message[device < 0]).tolist():
                if status[k] == _DECODED and not somebody[k]:
                    refusal = Refusal(int(device[message == k].max()))
                    status[k] = _REJECTED
                    self._reject(places[k], mine[k], first_offset, refusal.reason, refusal.sentence, profile, out)
        return device

    @staticmethod
    def _retained(
        stamped: NDArray[np.bool_], message: NDArray[np.int32], mine: list[Row], status: NDArray[np.int8],
        profile: str, out: Outputs,
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Records of retained messages without a time of their own: what was last known is no new measurement."""
        if not stamped.any():
            return stamped
        kept = np.fromiter((row.flags & RETAIN for row in mine), np.bool_, len(mine))
        stale = stamped & kept[message]
        for k in np.unique(message[stale]).tolist():
            if status[k] == _DECODED:
                status[k] = _IGNORED
                out.count("message", "ignored", reason=Ignored.RETAINED, source=mine[k].source, profile=profile)
        return stale

    def _invalid(
        self, decoded: Decoded, profile: CompiledProfile, device: NDArray[np.int32], keep: NDArray[np.bool_],
        status: NDArray[np.int8], places: list[int], mine: list[Row], first_offset: int, out: Outputs,
    ) -> int:  # fmt: skip
        """Count what a decoded message carries but can't be a reading; give how many."""
        amount = 0
        owner: dict[int, int] = {}
        for k, quantity, reason, detail in decoded.invalid:
            if status[k] != _DECODED:
                continue
            if not owner:
                owner = dict(zip(decoded.message.tolist(), device.tolist(), strict=True))
            amount += 1
            out.count("reading", "invalid", reason=reason, profile=profile.name)
            whose = owner.get(k, -1)
            if whose >= 0:
                self.devices.registry.count("invalid", np.array([whose]))
            name = self.devices.registry.records[whose].id if whose >= 0 else ""
            text = f"{quantity}: {detail}" if quantity else detail
            out.dead_letter(first_offset + places[k], mine[k], reason, text, profile, name)
        lost = ~keep & (status[decoded.message] == _DECODED)
        if lost.any():
            # a batch over several devices, some of which are not ours
            valued = (decoded.state[lost] == State.PRESENT) | (decoded.state[lost] == State.MISSING)
            readings = int(np.count_nonzero(valued))
            amount += readings
            out.count("reading", "invalid", readings, reason=Invalid.DEVICE_REFUSED, profile=profile.name)
            for k in np.unique(decoded.message[lost]).tolist():
                detail = "a record names a device that is unknown here"
                out.dead_letter(first_offset + places[k], mine[k], Invalid.DEVICE_REFUSED, detail, profile)
        return amount

    def _sequence(
        self, profile: CompiledProfile, decoded: Decoded, keep: NDArray[np.bool_], device: NDArray[np.int32]
    ) -> None:
        assert decoded.sequence is not None
        modulus = profile.sequence_modulus or 1 << 62
        numbers = decoded.sequence[keep].tolist()
        scopes = [""] * len(keep) if decoded.sequence_scope is None else decoded.sequence_scope
        chosen = [scopes[r] for r in np.flatnonzero(keep).tolist()]
        observe, registry = self.sequences.observe, self.devices.registry
        for whose, number, scope in zip(device.tolist(), numbers, chosen, strict=True):
            if number >= 0:
                change = observe(whose, number, scope, modulus)
                if change:
                    registry.count("missing", np.array([whose]), change)

    def _gated(
        self, gone: NDArray[np.bool_], reason: Unstored, valued: NDArray[np.bool_], message: NDArray[np.int32],
        device: NDArray[np.int32], ts: NDArray[np.int64], profile: CompiledProfile, places: list[int],
        mine: list[Row], first_offset: int, out: Outputs,
    ) -> None:  # fmt: skip
        per_record = np.count_nonzero(valued[gone], axis=1)
        out.count("reading", reason, int(per_record.sum()), profile=profile.name)
        self.devices.registry.count(reason, device[gone], per_record)
        for k, whose, when in zip(message[gone].tolist(), device[gone].tolist(), ts[gone].tolist(), strict=True):
            seconds = (when - mine[k].received_at) / 1e9
            detail = f"event time is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} its receipt"
            out.dead_letter(first_offset + places[k], mine[k], reason, detail, profile,
                            self.devices.registry.records[whose].id)  # fmt: skip

    def _flatten(
        self, profile: CompiledProfile, passed: NDArray[np.bool_], message: NDArray[np.int32],
        device: NDArray[np.int32], ts: NDArray[np.int64], value: NDArray[np.float64], state: NDArray[np.uint8],
        stamped: NDArray[np.bool_], mine: list[Row], steady: NDArray[np.bool_], places: list[int], out: Outputs,
    ) -> Candidates:  # fmt: skip
        if not passed.all():
            message, device, ts, value = message[passed], device[passed], ts[passed], value[passed]
            state, stamped, steady = state[passed], stamped[passed], steady[passed]
        width = len(profile.quantities)
        series = self.devices.series(profile, device, (state == State.PRESENT) | (state == State.MISSING), out)
        flag, why = gross_range(value, profile.fail_low, profile.fail_high, profile.suspect_low, profile.suspect_high)
        flag[state == State.MISSING] = Flag.MISSING
        about = np.where(stamped, np.uint32(Why.RECEIPT_TIME), np.uint32(0))
        about |= np.where(steady, np.uint32(0), np.uint32(Why.CLOCK_OFFSET))
        replayed = np.fromiter((row.kind == RowKind.REPLAY for row in mine), np.bool_, len(mine))
        if replayed.any():
            about |= np.where(replayed[message], np.uint32(Why.REPLAYED), np.uint32(0))
        why = np.where(state == State.MISSING, np.uint32(Why.MISSING_VALUE), why) | about[:, None]
        valued = (series >= 0).ravel()
        where = np.asarray(places, np.int32)

        def flat(column: NDArray[Any]) -> NDArray[Any]:
            full = np.broadcast_to(column[:, None], (len(column), width)) if column.ndim == 1 else column
            return np.ascontiguousarray(full).ravel()[valued]

        return Candidates(
            flat(where[message]), flat(device), flat(series), flat(ts), flat(value), flat(flag.astype(np.uint8)),
            flat(why.astype(np.uint32)),
        )  # fmt: skip

    @staticmethod
    def _reject(
        k: int,
        row: Row,
        first_offset: int,
        reason: Rejected,
        detail: str,
        profile: CompiledProfile | None,
        out: Outputs,
    ) -> None:
        out.count("message", "rejected", reason=reason, source=row.source, profile=profile.name if profile else "")
        out.dead_letter(first_offset + k, row, reason, detail, profile)


def _unwrap(row: Row) -> Row:
    """The message inside a replayed dead letter, under its first receipt where it has no time of its own."""
    received_at, payload = _REPLAYED.decode(row.payload)
    return Row(received_at, row.kind, row.source, row.flags, row.topic, payload)


def _by_source(rows: list[Row], mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    sources = np.fromiter((row.source for row in rows), np.int64, len(rows))[mask]
    found, amounts = np.unique(sources, return_counts=True)
    return list(zip(found.tolist(), amounts.tolist(), strict=True))
