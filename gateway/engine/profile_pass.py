"""One profile's messages of one call: decode, identify, gate, flag, flatten. No loop a reading."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.compiled import RECEIPT, CompiledProfile, Decoded, Fault, State
from gateway.config.topic_template import fill
from gateway.engine.candidates import Came, Candidates, Observed, flatten
from gateway.engine.cross_checks import CrossChecks
from gateway.engine.devices import Devices, Refusal
from gateway.engine.outputs import Outputs
from gateway.engine.router import Match
from gateway.engine.routes import Routes
from gateway.engine.sequences import SequenceTracker
from gateway.engine.throttle import Throttle
from gateway.engine.timegate import TimeGate, Verdict
from gateway.reasons import Ignored, Invalid, Rejected, Shed, Unstored
from gateway.rows import RETAIN, Row, RowKind
from processors.columns import F64, I32, I64, U8
from processors.flags import Flag, Why
from processors.quality.gross_range import gross_range

__all__ = ["Came", "Candidates", "Observed", "ProfilePass"]

Mask = NDArray[np.bool_]
_DECODED, _REJECTED, _IGNORED, _SHED = 0, 1, 2, 3
_STRANGERS_NAMED = 3
_KEPT_LONG = 60_000_000_000


class ProfilePass:
    """Made for one call. Index spaces: k = message of this pass, r = record, `came.places[k]` = row of the call."""

    def __init__(
        self, profile: CompiledProfile, devices: Devices, gate: TimeGate, sequences: SequenceTracker, out: Outputs,
        first_offset: int, came: Came, routes: Routes, cross: CrossChecks, throttle: Throttle,
    ) -> None:  # fmt: skip
        self._profile = profile
        self._devices = devices
        self._registry = devices.registry
        self._gate = gate
        self._sequences = sequences
        self._out = out
        self._first_offset = first_offset
        self._came = came
        self._places = came.places
        self._stamp = came.stamp
        self._routes = routes
        self._cross = cross
        self._throttle = throttle
        self._status = np.zeros(len(came.places), np.int8)

    def run(self) -> tuple[Candidates, Observed] | None:
        """The readings that may be accepted, and what was observed; None: there are none."""
        out, name = self._out, self._profile.name
        came = self._came
        if came.outcomes is None:
            decoded = self._profile.decode(came.payloads, came.topics, self._stamp)
        else:
            decoded = self._profile.decode_resolved(came.outcomes)
        for k, reason, detail in decoded.rejected:
            self._reject(k, reason, detail)
        for k, ignored in decoded.ignored:
            self._ignore(k, ignored)
        device = self._identify(decoded)
        stamped = decoded.ts == RECEIPT
        if stamped.any():
            self._ignore_retained(stamped, decoded.message)
        ours = self._status[decoded.message] == _DECODED
        keep = ours & (device >= 0)
        strangers = ours & ~keep
        if decoded.sequence is not None and self._profile.sequence_of is None and keep.any():
            self._follow_sequence(decoded, keep, device)
        valued = (decoded.state == State.PRESENT) | (decoded.state == State.MISSING)
        over = self._over_rate(decoded, device, keep, stamped)
        invalid = 0
        if over is not None:
            keep &= ~over
            invalid = self._shed(decoded.message, device, over, keep, valued)
            strangers &= self._status[decoded.message] == _DECODED
        invalid += self._count_invalid(decoded, device, strangers)
        out.count("reading", "decoded", int(np.count_nonzero(valued[keep])) + invalid, profile=name)
        for source, amount in self._by_source():
            out.count("message", "decoded", amount, source=source, profile=name)
        if self._profile.sequence_of is not None:
            self._follow_counters(decoded, self._profile.sequence_of)
        if not keep.any():
            return None
        return self._gated(decoded, device, keep, stamped, valued)

    # -- messages -----------------------------------------------------------------------------------------------------

    def _reject(self, k: int, reason: Rejected, detail: str) -> None:
        self._status[k] = _REJECTED
        row = self._row(k)
        self._out.count("message", "rejected", reason=reason, source=row.source, profile=self._profile.name)
        self._letter(k, reason, detail, row=row)

    def _ignore(self, k: int, reason: Ignored) -> None:
        self._status[k] = _IGNORED
        self._out.count("message", "ignored", reason=reason, source=self._row(k).source, profile=self._profile.name)

    def _row(self, k: int) -> Row:
        return self._came.rows[int(self._places[k])]

    def _per_row(self, figures: Sequence[int]) -> I64:
        """What each run has, for each message."""
        return self._came.rows.each(figures)[self._places]

    def _match(self, k: int) -> Match:
        match = self._routes.match[self._came.routes[k]]
        assert isinstance(match, Match)
        return match

    def _letter(self, k: int, reason: str, detail: str, device: int = -1, row: Row | None = None) -> None:
        whose = self._registry.records[device].id if device >= 0 else ""
        offset = self._first_offset + int(self._places[k])
        profile = self._profile
        self._out.dead_letter(offset, row or self._row(k), reason, detail, profile.redact, profile.name, whose)

    def _identify(self, decoded: Decoded) -> I32:
        """Device of each record; below 0: a Refusal. A message none of whose records is somebody's is rejected."""
        message, status = decoded.message, self._status
        if decoded.keys is None:
            # devices are met only after their first message has been decoded, so that noise provisions nobody
            per = self._routes.device[self._came.routes]
            if per.min() < 0 or len(message) < len(per) or status.any():
                readable = np.zeros(len(per), np.bool_)
                readable[message] = True
                readable &= status == _DECODED
                per[~readable] = Refusal.UNSEEN
                for k in np.flatnonzero(readable & (per < 0)).tolist():
                    route = self._came.routes[k]
                    if self._routes.device[route] < 0:
                        self._routes.device[route] = self._find(k, self._match(k).key or "")
                    per[k] = self._routes.device[route]
            device = per[message]
        else:
            pairs: Iterable[tuple[int, str]] = zip(message.tolist(), decoded.keys, strict=True)
            found = (self._find(k, key) if status[k] == _DECODED else int(Refusal.UNSEEN) for k, key in pairs)
            device = np.fromiter(found, np.int32, len(message))
        if len(device) and device.min() < 0:
            somebody = np.zeros(len(status), np.bool_)
            somebody[message[device >= 0]] = True
            mildest = np.full(len(status), np.iinfo(np.int32).min, np.int32)
            np.maximum.at(mildest, message, device)
            there = np.zeros(len(status), np.bool_)
            there[message] = True
            for k in np.flatnonzero(there & ~somebody & (status == _DECODED)).tolist():
                refusal = Refusal(int(mildest[k]))
                self._reject(k, refusal.reason, refusal.sentence)
        return device

    def _find(self, k: int, key: str) -> int:
        replayed = self._came.replays and self._stamp[k] != self._came.received[k]
        return self._devices.find(
            self._profile, key, self._match(k).variables, int(self._stamp[k]), self._out, replayed=replayed
        )

    def _ignore_retained(self, stamped: Mask, message: I32) -> None:
        """What was last known and bears no time of its own is no new measurement."""
        retained = (self._per_row([run.flags for run in self._came.rows.runs]) & RETAIN) != 0
        for k in np.unique(message[stamped & retained[message]]).tolist():
            if self._status[k] == _DECODED:
                self._ignore(k, Ignored.RETAINED)

    def _over_rate(self, decoded: Decoded, device: I32, keep: Mask, stamped: Mask) -> Mask | None:
        """Records of devices that send too fast; None: there are none. What an operator replays is no flood."""
        judged, message, devices = keep, decoded.message, len(self._registry)
        if self._came.replays:
            runs = self._came.rows.runs
            judged = keep & (self._per_row([run.kind for run in runs]) != RowKind.REPLAY)[message]
        received, payloads = self._came.received, self._came.payloads
        if judged.all():
            return self._throttle.judge(message, device, decoded.ts, received[message], stamped, devices, payloads)
        which = np.flatnonzero(judged)
        some, ts = message[which], decoded.ts[which]
        found = self._throttle.judge(some, device[which], ts, received[some], stamped[which], devices, payloads)
        if found is None:
            return None
        over = np.zeros(len(message), np.bool_)
        over[which] = found
        return over

    def _shed(self, message: I32, device: I32, over: Mask, keep: Mask, valued: NDArray[np.bool_]) -> int:
        """Let go of what devices sent too fast: messages, but of those that are others' too some readings only; gives
        how many readings these are."""
        name, rates = self._profile.name, self._throttle.rates
        others = np.zeros(len(self._status), np.bool_)
        others[message[keep]] = True
        whole = np.unique(message[over & ~others[message]])
        self._status[whole] = _SHED
        amounts = np.bincount(self._per_row([run.source for run in self._came.rows.runs])[whole])
        for source in np.flatnonzero(amounts).tolist():
            self._out.count(
                "message", "shed", int(amounts[source]), reason=Shed.DEVICE_RATE, source=source, profile=name
            )
        part = int(np.count_nonzero(valued[over & others[message]]))
        self._out.count("reading", "invalid", part, reason=Invalid.DEVICE_RATE, profile=name)
        pairs = np.unique(np.stack([message[over], device[over]]), axis=1)
        self._registry.count("shed", pairs[1])
        for whose, first in zip(*np.unique(pairs[1], return_index=True), strict=True):
            k = int(pairs[0][first])
            if rates.wants_letter(int(whose), int(self._came.received[k])):
                self._letter(k, Shed.DEVICE_RATE, self._throttle.sentence, int(whose))
        return part

    def _by_source(self) -> list[tuple[int, int]]:
        sources = [run.source for run in self._came.rows.runs]
        if len(different := set(sources)) == 1:
            amount = int(np.count_nonzero(self._status == _DECODED))
            return [(different.pop(), amount)] if amount else []
        amounts = np.bincount(self._per_row(sources)[self._status == _DECODED])
        return [(source, int(amounts[source])) for source in np.flatnonzero(amounts).tolist()]

    # -- readings -----------------------------------------------------------------------------------------------------

    def _count_invalid(self, decoded: Decoded, device: I32, strangers: Mask) -> int:
        """Count what decoded messages carry but can't be a reading; give how many."""
        name, amount = self._profile.name, 0
        for fault in decoded.invalid:
            k, quantity, detail = fault.message, fault.quantity, fault.detail
            if self._status[k] != _DECODED:
                continue
            amount += 1
            self._out.count("reading", "invalid", reason=fault.reason, profile=name)
            whose = int(device[fault.row]) if fault.row >= 0 else self._owner(fault, decoded)
            if whose >= 0:
                self._registry.count("invalid", np.array([whose]))
            if whose < 0 and fault.key:
                detail = f"{fault.key!a}: {detail}"  # nobody else names it
            self._letter(k, fault.reason, f"{quantity}: {detail}" if quantity else detail, whose)
        if strangers.any():
            state = decoded.state[strangers]
            readings = int(np.count_nonzero((state == State.PRESENT) | (state == State.MISSING)))
            amount += readings
            self._out.count("reading", "invalid", readings, reason=Invalid.DEVICE_REFUSED, profile=name)
            self._name_strangers(decoded, strangers)
        return amount

    def _owner(self, fault: Fault, decoded: Decoded) -> int:
        """Whose a record without a row is, if it is a device that is known by now; -1: nobody knows."""
        # the registry says it, not a route: routes are forgotten, by a restart at the latest
        key = fault.key if decoded.keys is not None else self._match(fault.message).key
        return -1 if key is None else self._registry.find(self._profile.name, key)

    def _name_strangers(self, decoded: Decoded, strangers: Mask) -> None:
        keys: dict[int, list[str]] = {}
        for r in np.flatnonzero(strangers).tolist():
            named = keys.setdefault(int(decoded.message[r]), [])
            if decoded.keys is not None and decoded.keys[r] not in named and len(named) <= _STRANGERS_NAMED:
                named.append(decoded.keys[r])
        for k, named in keys.items():
            detail = "records name devices that are unknown here"
            if named:
                shown = ", ".join(map(ascii, named[:_STRANGERS_NAMED]))
                detail += f": {shown}{' and more' if len(named) > _STRANGERS_NAMED else ''}"
            self._letter(k, Invalid.DEVICE_REFUSED, detail)

    def _gated(
        self, decoded: Decoded, device: I32, keep: Mask, stamped: Mask, valued: NDArray[np.bool_]
    ) -> tuple[Candidates, Observed]:
        message, ts, value, state, within = decoded.message, decoded.ts, decoded.value, decoded.state, decoded.within
        kept = decoded.historical
        if not keep.all():
            kept = kept if kept is None else kept[keep]
            device, stamped, valued, message, ts = device[keep], stamped[keep], valued[keep], message[keep], ts[keep]
            value, state, within = value[keep], state[keep], within if within is None else within[keep]
        if stamped.any():
            ts = np.where(stamped, self._stamp[message], ts)
        received = self._came.received[message]
        verdict = self._gate.judge(device, ts, received, self._registry.offset, kept)
        self._hear(device, ts, received, message, within)
        observed = Observed(self._registry.lane[device], ts, received, verdict.steady, verdict.usual)
        for gone, reason in ((verdict.ahead, Unstored.QUARANTINED), (verdict.expired, Unstored.EXPIRED)):
            if gone.any():
                self._turn_away(gone, reason, valued, message, device, ts)
        flag, why = self._judge(value, state, stamped, message, verdict, kept)
        valued = valued & ~(verdict.ahead | verdict.expired)[:, None]
        series = self._devices.series(self._profile, device, valued, self._out)
        return flatten(valued, self._places[message], device, series, ts, value, flag, why), observed

    def _hear(self, device: I32, ts: I64, received: I64, message: I32, within: F64 | None) -> None:
        """Note who gave a sign of life. What is old and was kept (by the broker, by us) is none."""
        old = ts < received - _KEPT_LONG
        if old.any():
            runs = self._came.rows.runs
            kept = self._per_row([run.flags & RETAIN or run.kind == RowKind.REPLAY for run in runs]) != 0
            alive = ~(old & kept[message])
            device, ts, received, message = device[alive], ts[alive], received[alive], message[alive]
            within = within if within is None else within[alive]
        registry = self._registry
        registry.heard[device] = received
        told = np.minimum(ts, received)
        newer = told > registry.newest[device]
        np.maximum.at(registry.newest, device[newer], told[newer])
        registry.fresh[device[newer]] = received[newer]
        if self._profile.promises and len(device):
            self._promise(device, message, np.full(len(device), np.nan) if within is None else within)

    def _promise(self, device: I32, message: I32, within: F64) -> None:
        """Note by when devices will send again: the least that the newest message of each says."""
        order = np.lexsort((message, device))
        of, word = device[order], message[order]
        begin = np.flatnonzero((np.diff(of, prepend=-1) != 0) | (np.diff(word, prepend=-1) != 0))
        said, whose = np.fmin.reduceat(within[order], begin), of[begin]
        newest = np.append(whose[1:] != whose[:-1], True)
        self._registry.within[whose[newest]] = said[newest]

    def _follow_sequence(self, decoded: Decoded, keep: Mask, device: I32) -> None:
        assert decoded.sequence is not None
        modulus = self._profile.sequence_modulus or 1 << 62
        scopes = decoded.sequence_scope or [""] * len(keep)
        observe = self._sequences.observe
        for r in np.flatnonzero(keep & (decoded.sequence >= 0)).tolist():
            whose = int(device[r])
            came = int(self._stamp[decoded.message[r]])
            # no device knows the future, and RECEIPT is no time
            at = came if decoded.ts[r] == RECEIPT else min(int(decoded.ts[r]), came)
            change = observe(whose, int(decoded.sequence[r]), scopes[r], modulus, at)
            if change:
                self._registry.count("missing", np.array([whose]), change)
                self._out.count("beside", "missing", change, profile=self._profile.name)

    def _follow_counters(self, decoded: Decoded, of: str) -> None:
        """Counters that are no device's but a whole node's: every message of it counts, whoever it is about."""
        modulus, name = self._profile.sequence_modulus or 1 << 62, self._profile.name
        for k, number, scope, ts in decoded.counters:
            at = int(self._stamp[k]) if ts == RECEIPT else min(ts, int(self._stamp[k]))
            whose = f"{name}\0{fill(of, self._match(k).variables)}"
            if self._sequences.has_room(whose, self._devices.limit):
                change = self._sequences.observe(whose, number, scope, modulus, at)
                self._out.count("beside", "missing", change, profile=name)

    def _turn_away(
        self, gone: Mask, reason: Unstored, valued: NDArray[np.bool_], message: I32, device: I32, ts: I64
    ) -> None:
        per_record = np.count_nonzero(valued[gone], axis=1)
        self._out.count("reading", reason, int(per_record.sum()), profile=self._profile.name)
        self._registry.count(reason, device[gone], per_record)
        for k, whose, when in zip(message[gone].tolist(), device[gone].tolist(), ts[gone].tolist(), strict=True):
            secs = (when - int(self._came.received[k])) / 1e9
            side = "ahead of" if secs > 0 else "behind"
            self._letter(k, reason, f"event time is {abs(secs):.0f} s {side} its receipt", whose)

    def _judge(
        self, value: F64, state: U8, stamped: Mask, message: I32, verdict: Verdict, kept: Mask | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """Flag and circumstances of each (record, quantity)."""
        profile = self._profile
        flag, why = gross_range(value, profile.fail_low, profile.fail_high, profile.suspect_low, profile.suspect_high)
        missing = state == State.MISSING
        if missing.any():
            flag[missing] = Flag.MISSING
            why[missing] = Why.MISSING_VALUE
        self._cross.judge(value, flag, why)
        about = np.zeros(len(message), np.uint32)
        about[stamped] |= np.uint32(Why.RECEIPT_TIME)
        if kept is None:
            about[~verdict.steady] |= np.uint32(Why.CLOCK_OFFSET)
        else:
            about[~verdict.steady & ~kept] |= np.uint32(Why.CLOCK_OFFSET)
            about[kept] |= np.uint32(Why.HISTORICAL)
        if self._came.replays:
            replayed = self._per_row([run.kind for run in self._came.rows.runs]) == RowKind.REPLAY
            about[replayed[message]] |= np.uint32(Why.REPLAYED)
        if about.any():
            why |= about[:, None]
        return flag, why
