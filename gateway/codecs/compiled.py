"""A profile compiled into a decoder: payloads of one profile in, columns of canonical readings out.

    bytes -> bounds, unpack -> typed way -----------+-> rows -> assemble -> Decoded
             (limits.py)       | refused            |           (assemble.py)
                               +-> tolerant way ----+
    bytes -> bounds, unpack -> reader of its codec -+
                               (readers.py)
    bytes -> bounds -> Sparkplug session -----------+       (engine/edge_nodes.py)

One message at a time: payloads of several publishers are never joined into one document.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.assemble import Gathered, assemble
from gateway.codecs.compression import packing_of, unpack
from gateway.codecs.decoded import Decoded, Fault, Quantity, State
from gateway.codecs.layout import plan
from gateway.codecs.limits import all_plain, check_document
from gateway.codecs.readers import Reader, reader_of
from gateway.codecs.redaction import Redactor
from gateway.codecs.sparkplug import Outcome, Resolved, SparkplugReader, plan_sparkplug, stand_alone
from gateway.codecs.timestamps import RECEIPT
from gateway.codecs.tolerant import Document, TolerantReader, Unusable
from gateway.codecs.typed import REFUSALS, Refused, TypedReader
from gateway.codecs.wrapping import Wrapper
from gateway.config.bounds import Bounds
from gateway.config.profile_model import FieldSpec, Profile
from gateway.config.units import conversion
from gateway.reasons import Ignored, Rejected

__all__ = ["RECEIPT", "Bounds", "CompiledProfile", "Decoded", "Fault", "Quantity", "State", "compile_profile"]

_PANES = (10, 60, 900, 3600)


class CompiledProfile:
    """Never called concurrently. Made by `compile_profile`."""

    def __init__(self, profile: Profile, bounds: Bounds) -> None:
        self.profile = profile
        self.name = profile.name
        self.quantities = _quantities(profile)
        self.interval_ns = profile.interval_ns
        self.out_of_orderness_ns = profile.out_of_orderness_ns
        self.pane_secs = next((secs for secs in _PANES if secs >= profile.interval_secs), _PANES[-1])
        """The finest window that its readings are gathered in."""
        self.sequence_of = profile.sequence.of if profile.sequence is not None else None
        """Whose counter the sequence is, made of topic variables; None: the device's."""
        self.sequence_modulus = profile.sequence.modulus if profile.sequence is not None else None
        self.fail_low, self.fail_high, self.suspect_low, self.suspect_high = (
            np.array([getattr(quantity, end) for quantity in self.quantities], np.float64)
            for end in ("fail_low", "fail_high", "suspect_low", "suspect_high")
        )
        self.promises = profile.is_senml
        """Its messages may say when the next one comes."""
        self._bounds = bounds
        self.redactor = Redactor(profile, bounds)
        self._wrapper = Wrapper(profile.templates, profile.wrap_in) if profile.wrap_in is not None else None
        self._typed: TypedReader | None = None
        self._sparkplug = SparkplugReader(profile) if profile.codec == "sparkplug" else None
        found = reader_of(profile, bounds) if self._sparkplug is None else None
        self._reader: Reader | None = None if found is None else found[1]
        self._nests = profile.codec in ("json", "senml")
        """Its payloads are JSON texts: nesting is bounded before anything reads them."""
        if found is not None:
            self._layout = found[0]
        elif self._sparkplug is not None:
            self._layout = plan_sparkplug(profile)
        else:
            self._layout = plan(profile)
            self._tolerant = TolerantReader(self._layout, bounds.max_records)
            try:
                self._typed = TypedReader(self._layout)
            except Refused:
                self._typed = None  # its paths contradict each other as types: every document goes the tolerant way

    def decode(
        self, payloads: Sequence[bytes], topics: Sequence[str], received_at: NDArray[np.int64] | None = None
    ) -> Decoded:
        """Decode messages of this profile. `received_at` (UTC ns) is what SenML's relative times count from."""
        if len(payloads) != len(topics):
            raise ValueError("as many topics as payloads")
        if self._sparkplug is not None:
            return self.decode_resolved(stand_alone(payloads, topics, self._bounds))
        if self._wrapper is not None:
            payloads = self._wrapper.wrap(topics, payloads)
        found = Gathered()
        documents: Iterable[tuple[int, bytes]] = enumerate(payloads)
        must_unpack = self.profile.compression not in ("none", "auto")
        if payloads and (must_unpack or not all_plain(payloads, self._bounds)):
            documents = self._admitted(payloads, found)
        elif payloads and self._typed is not None and _read_columns(self._typed, payloads, found):
            return assemble(found, self._layout)
        if self._reader is not None:
            self._read(self._reader, documents, received_at, found)
        elif self._typed is None:
            for k, document in documents:
                self._read_tolerant(k, document, found)
        elif self._layout.records:
            self._read_records(self._typed, documents, found)
        else:
            self._read_typed(self._typed, documents, found)
        return assemble(found, self._layout)

    def decode_resolved(self, outcomes: Sequence[Outcome]) -> Decoded:
        """Decode messages of a Sparkplug profile that a session has resolved: what became of each."""
        assert self._sparkplug is not None, "only Sparkplug has sessions"
        found = Gathered()
        for k, outcome in enumerate(outcomes):
            if isinstance(outcome, Resolved):
                self._gather(k, self._sparkplug.read(outcome), found, outcome.empty)
            elif isinstance(outcome, Ignored):
                found.ignored.append((k, outcome))
            else:
                found.rejected.append((k, *outcome))
        return assemble(found, self._layout)

    def redact(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        """Topic and payload without the secrets that the profile names, for dead letters and logs."""
        return self.redactor.redact(topic, payload)

    def _admitted(self, payloads: Sequence[bytes], found: Gathered) -> Iterable[tuple[int, bytes]]:
        bounds, compression = self._bounds, self.profile.compression
        for k, payload in enumerate(payloads):
            if len(payload) > bounds.max_payload_bytes:
                detail = f"the payload has {len(payload)} bytes, at most {bounds.max_payload_bytes} are taken"
                found.rejected.append((k, Rejected.PAYLOAD_TOO_LARGE, detail))
                continue
            content: bytes | tuple[Rejected, str] = payload
            packing = packing_of(payload, compression)
            if packing is not None:
                content = unpack(payload, packing, bounds)
            refusal: tuple[Rejected, str] | None = None
            if not isinstance(content, bytes):
                refusal = content
            elif self._nests:
                refusal = check_document(content, bounds)
            if refusal is not None:
                found.rejected.append((k, *refusal))
            else:
                assert isinstance(content, bytes)
                yield k, content

    def _read_typed(self, typed: TypedReader, documents: Iterable[tuple[int, bytes]], found: Gathered) -> None:
        pairs = list(documents)
        places, contents = [k for k, _ in pairs], [document for _, document in pairs]
        # a message costs no step of Python; `extend` keeps what came before the one that is refused
        made = map(typed.row, map(typed.decode, contents))
        rows, message = found.rows, found.message
        at = 0
        while at < len(places):
            before = len(rows)
            try:
                rows.extend(made)
            except REFUSALS:
                refused = True
            else:
                refused = False
            upto = at + len(rows) - before
            message.extend(places[at:upto])
            at = upto
            if refused:
                self._read_tolerant(places[at], contents[at], found)
                at += 1

    def _read_records(self, typed: TypedReader, documents: Iterable[tuple[int, bytes]], found: Gathered) -> None:
        for k, document in documents:
            try:
                made = typed.rows(typed.decode(document), self._bounds.max_records)
            except REFUSALS:
                self._read_tolerant(k, document, found)
                continue
            if not made:
                found.ignored.append((k, Ignored.NO_READING))
            found.rows.extend(made)
            found.message.extend([k] * len(made))

    def _read_tolerant(self, k: int, document: bytes, found: Gathered) -> None:
        self._take(k, document, found, self._tolerant.read)

    def _read(
        self, reader: Reader, documents: Iterable[tuple[int, bytes]], received_at: NDArray[np.int64] | None,
        found: Gathered,
    ) -> None:  # fmt: skip
        for k, document in documents:
            receipt = None if received_at is None else int(received_at[k])
            self._take(k, document, found, partial(reader.read, receipt=receipt))

    def _take(self, k: int, document: bytes, found: Gathered, read: Callable[[bytes], Document]) -> None:
        if not document:
            found.ignored.append((k, Ignored.EMPTY))
            return
        try:
            made = read(document)
        except Unusable as unusable:
            found.rejected.append((k, unusable.reason, unusable.detail))
            return
        if made.ignored is not None:
            found.ignored.append((k, made.ignored))
            return
        self._gather(k, made, found, Ignored.NO_READING)

    @staticmethod
    def _gather(k: int, made: Document, found: Gathered, empty: Ignored) -> None:
        if not made.rows and not made.broken:
            found.ignored.append((k, empty))
        first = len(found.rows)
        found.bad.extend((first + r, number, bad) for r, number, bad in made.bad)
        found.broken.extend(Fault(k, "", bad.reason, bad.detail, -1, key) for bad, key in made.broken)
        found.within.update((first + r, secs) for r, secs in made.within.items())
        found.historical.update(first + r for r in made.historical)
        found.rows.extend(made.rows)
        found.message.extend([k] * len(made.rows))


def _read_columns(typed: TypedReader, payloads: Sequence[bytes], found: Gathered) -> bool:
    """Read documents of one record each, slot by slot; False: that can't be, or one is refused; nothing was done."""
    if not typed.columns:
        return False
    documents: list[Any] = []
    try:
        documents.extend(map(typed.decode, payloads))
    except REFUSALS:
        return False
    found.columns = [list(map(get, documents)) for get in typed.columns]
    found.message.extend(range(len(payloads)))
    return True


def compile_profile(profile: Profile, bounds: Bounds | None = None) -> CompiledProfile:
    """Compile a loaded profile; `bounds` are what a message may be at most."""
    return CompiledProfile(profile, bounds or Bounds())


def _quantities(profile: Profile) -> tuple[Quantity, ...]:
    return tuple(_quantity(name, spec, profile.is_senml) for name, spec in profile.fields.items())


def _quantity(name: str, spec: FieldSpec, senml: bool) -> Quantity:
    unit = conversion(spec.unit or "1", senml=senml)

    def ends(span: tuple[float, float] | None) -> tuple[float, float]:
        low, high = span or (-inf, inf)
        return low * unit.factor + unit.offset, high * unit.factor + unit.offset

    return Quantity(name, unit.canonical, *ends(spec.range), *ends(spec.suspect_range))
