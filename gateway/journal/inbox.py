"""The inbox: rows in order, durable before anybody is told that they arrived.

One transaction and one blob (a *chunk*) a call of `append`. Offsets are dense from 0. What must agree with the rows,
the figures of each source, stands in the same transaction.

    chunk   first_offset, rows, messages, qos1 {source: n}, crc, body = msgpack of the runs of rows
    state   begin, end, newest received_at, totals of each source
"""

import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection

import msgspec

from gateway.errors import JournalCorrupt, JournalError
from gateway.journal.chunks import Stored, contents_of, rows_of
from gateway.journal.sqlite import ANEW, SALVAGE, Database, Fault, crc_of, intact, no_fault, read_state
from gateway.rows import QOS1, Row, RowKind, Rows, Run

__all__ = ["INBOX_SCHEMA", "INBOX_VERSION", "Inbox", "InboxState", "IntakeCounts", "SourceTotals"]

INBOX_VERSION = 3
"""1 had single rows in its bodies, 2 no lost ones; both are read as they are."""
INBOX_SCHEMA = (
    "CREATE TABLE chunk(first_offset INTEGER PRIMARY KEY, rows INTEGER NOT NULL, messages INTEGER NOT NULL,"
    " qos1 BLOB NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL)",
    # counting must not read the bodies
    "CREATE INDEX chunk_contents ON chunk(first_offset, rows, messages, qos1)",
)
_TRIM_CHUNKS = 64
_CHUNK_BYTES = 16 << 20
"""SQLite takes no blob of a gigabyte, and reading a chunk means holding it."""
_MESSAGE = int(RowKind.MESSAGE)
_OTHERS = frozenset({int(kind) for kind in RowKind} - {int(RowKind.MESSAGE), int(RowKind.REPLAY)})


class IntakeCounts(msgspec.Struct):
    """What one source brought since the last append."""

    received: int = 0
    redelivered: int = 0
    shed: int = 0
    lost_at_broker: int = 0
    """What its broker says that it dropped meanwhile, of any of its clients."""


class SourceTotals(msgspec.Struct, array_like=True):
    """Running figures of one source."""

    received: int = 0
    redelivered: int = 0
    shed: int = 0
    journaled: int = 0
    """Rows of kind MESSAGE or REPLAY appended."""
    qos1: int = 0
    """QoS 1 messages among them: a PUBACK is owed for each."""
    confirmed: int = 0
    """How many of those PUBACKs are known to have arrived."""
    lost_at_broker: int = 0


class InboxState(msgspec.Struct):
    """The row of running figures."""

    begin: int = 0
    end: int = 0
    last_received_at: int = 0
    sources: dict[int, SourceTotals] = msgspec.field(default_factory=dict)


class Inbox:
    """One thread at a time writes (`append`, `trim`); everything else may be called from any thread."""

    def __init__(
        self, path: Path, journal_id: str, quota_bytes: int, *, keep: int = 65_535, fault: Fault = no_fault
    ) -> None:
        self.journal_id = journal_id
        self.quota_bytes = quota_bytes
        self._path = path
        self._keep = keep
        self._db = Database(path, fault)
        self._lock = threading.RLock()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Stored])
        self._cached: tuple[int, Rows] = (0, Rows())
        # per source, the chunks that hold its unconfirmed messages: (first offset, its QoS 1 messages before the chunk)
        self._owing: dict[int, deque[tuple[int, int]]] = {}
        try:
            with self._db.reading() as connection:
                self._state = read_state(connection, InboxState, path)
                self._check_end(connection)
                self._find_owing(connection)
        except BaseException:
            self.close()
            raise

    @property
    def begin_offset(self) -> int:
        """The oldest offset from which rows can be read."""
        return self._state.begin

    @property
    def end_offset(self) -> int:
        """The offset that the next row will get."""
        return self._state.end

    @property
    def last_received_at(self) -> int:
        """`received_at` of the newest row; 0: none yet."""
        return self._state.last_received_at

    @property
    def bytes_used(self) -> int:
        """Bytes of the quota in use."""
        return self._db.bytes_used

    def append(self, rows: Sequence[Row], counts: Mapping[int, IntakeCounts], confirmed: Mapping[int, int]) -> int:
        """Make rows and figures durable together; returns the offset of the first row.

        Args:
            rows: in order of receipt; may be empty.
            counts: per source, what came since the last call.
            confirmed: per source, how many of its QoS 1 messages in all are known to be confirmed.

        Raises:
            JournalFull: the quota or the disk is exhausted; nothing was written.
        """
        new = Rows.of(rows)
        with self._lock:
            old = self._state
            if new and new.runs[0].first_at <= old.last_received_at:
                raise ValueError(f"received_at {new.runs[0].first_at} does not come after {old.last_received_at}")
            first = old.end
            parts = self._parts(new)
            messages, qos1 = contents_of(new)
            state = InboxState(
                old.begin, first + len(new), new.runs[-1].last_at if new else old.last_received_at,
                _added(old.sources, messages, qos1, counts, confirmed),
            )  # fmt: skip
            size = sum(len(body) for _, body in parts)
            self._db.room(size, self.quota_bytes)
            owing = []
            before = {source: state.sources[source].qos1 - number for source, number in qos1.items()}
            with self._db.transaction("inbox", size) as connection:
                at = first
                for part, body in parts:
                    part_messages, part_qos1 = (messages, qos1) if len(parts) == 1 else contents_of(part)
                    figures = (at, len(part), part_messages.total(), msgspec.msgpack.encode(part_qos1))
                    connection.execute(
                        "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)", (*figures, crc_of(figures, body), body)
                    )
                    for source, number in part_qos1.items():
                        owing.append((source, (at, before[source])))
                        before[source] += number
                    at += len(part)
                self._db.put_state(connection, state)
            for source, chunk in owing:
                self._owing.setdefault(source, deque()).append(chunk)
            for source in {*qos1, *confirmed}:
                self._settle(source, state)
            self._state = state
            return first

    def _parts(self, rows: Rows) -> list[tuple[Rows, bytes]]:
        """The rows in chunks of bounded bytes, each with its encoding; nearly always one."""
        if not rows:
            return []
        body = self._encoder.encode(rows.runs)
        if len(body) <= _CHUNK_BYTES or len(rows) == 1:
            return [(rows, body)]
        half = len(rows) // 2
        return self._parts(rows[:half]) + self._parts(rows[half:])

    def read(self, start: int, limit: int, max_bytes: int = 1 << 62) -> Rows:
        """At most `limit` rows from offset `start` on, fewer where a chunk takes their payloads past `max_bytes`.

        Raises:
            JournalError: `start` was trimmed.
            JournalCorrupt: bytes on disk are not what was written.
        """
        self._check_held(start)
        out: list[Rows] = []
        end = self.end_offset  # before the view is taken: what came after that is not in it
        with self._db.reading() as connection:
            while limit > 0 and start < end:
                first, rows = self._chunk_at(connection, start)
                part = rows[start - first : start - first + limit]
                out.append(part)
                start = first + len(rows)
                limit -= len(part)
                max_bytes -= part.payload_bytes
                if max_bytes <= 0:
                    break
        return Rows.joined(out)

    def messages_between(self, start: int, end: int) -> int:
        """Rows of kind MESSAGE or REPLAY with start <= offset < end, counted from what is there."""
        self._check_held(start)
        end = min(end, self.end_offset)
        with self._db.reading() as connection:
            held, whole, low, high = connection.execute(
                "SELECT total(rows), total(messages), min(first_offset), max(first_offset + rows)"
                " FROM chunk INDEXED BY chunk_contents"
                " WHERE first_offset >= ? AND first_offset < ? AND first_offset + rows <= ?", (start, end, end),
            ).fetchone()  # fmt: skip
            if low is None:
                low = high = end
            total = int(whole)
            for at, upto in ((start, low), (high, end)):
                while at < upto:
                    first, rows = self._chunk_at(connection, at)
                    total += contents_of(rows[at - first : upto - first])[0].total()
                    at = first + len(rows)  # noqa: PLW2901  (walks chunk by chunk)
        if held != high - low:
            raise JournalCorrupt(f"{self._path}: rows are missing between {low} and {high}.", SALVAGE)
        return total

    def others(self, start: int) -> Rows:
        """Rows from `start` on that are no messages; among millions that are they are found by an index."""
        out: list[Rows] = []
        with self._db.reading() as connection:
            found = connection.execute(
                "SELECT first_offset FROM chunk INDEXED BY chunk_contents"
                " WHERE rows > messages AND first_offset + rows > ?", (start,),
            ).fetchall()  # fmt: skip
            for (first,) in found:
                rows = self._chunk_at(connection, max(first, start))[1]
                out.append(Rows([run for run in rows[max(start - first, 0) :].runs if run.kind in _OTHERS]))
        return Rows.joined(out)

    def unconfirmed(self, source: int, limit: int) -> list[tuple[str, bytes]]:
        """(topic, payload) of the newest QoS 1 messages of `source` not known to be confirmed, oldest first."""
        with self._lock:
            totals = self._state.sources.get(source, SourceTotals())
            floor = max(totals.confirmed, totals.qos1 - min(limit, self._keep))
            parts: list[list[Run]] = []
            with self._db.reading() as connection:
                upto = totals.qos1
                for first, before in reversed(self._owing.get(source, ())):
                    if upto <= floor:
                        break
                    chunk = self._chunk_at(connection, first)[1]
                    mine = [run for run in chunk.runs if run.source == source and run.kind == _MESSAGE]
                    parts.append([run for run in mine if run.flags & QOS1])
                    upto = before
        rows = Rows([run for part in reversed(parts) for run in part])
        if totals.qos1 > floor and len(rows) != totals.qos1 - upto:
            raise JournalCorrupt(f"{self._path}: unconfirmed messages of source {source} are missing.", SALVAGE)
        rows = rows[max(floor - upto, 0) :]
        return list(zip(rows.topics(), rows.payloads(), strict=True))

    def totals(self) -> dict[int, SourceTotals]:
        """Running figures by source."""
        return dict(self._state.sources)

    def trim(self, before: int, *, for_room: bool = False) -> None:
        """Drop whole chunks below `before`, but for those that hold unconfirmed messages (at most `keep` a source).

        `for_room`: those too. While the inbox is full nothing can be confirmed, so they would hold it up for good; what
        the broker sends again of them is then taken for new, and told by the time of its readings.
        """
        with self._lock:
            before = min(before, self._state.end)
            needed = set() if for_room else {first for chunks in self._owing.values() for first, _ in chunks}
            with self._db.reading() as connection:
                begin = connection.execute(
                    "SELECT max(first_offset) FROM chunk WHERE first_offset <= ?", (before,)
                ).fetchone()[0]
                held = connection.execute(
                    "SELECT first_offset, rows FROM chunk WHERE first_offset < ?", (before,)
                ).fetchall()
                if before == self._state.end or begin is None:
                    begin = before
                gone = [(first,) for first, rows in held if first + rows <= begin and first not in needed]
        for i in range(0, len(gone), _TRIM_CHUNKS):
            with self._lock:
                part = gone[i : i + _TRIM_CHUNKS]
                state = msgspec.structs.replace(
                    self._state, begin=max(begin, self._state.begin), sources=self._without(part[-1][0])
                    if for_room else self._state.sources,
                )  # fmt: skip
                with self._db.transaction("trim") as connection:
                    connection.executemany("DELETE FROM chunk WHERE first_offset = ?", part)
                    self._db.put_state(connection, state)
                self._state = state
                for source in self._owing:
                    self._settle(source, state)

    def _without(self, last: int) -> dict[int, SourceTotals]:
        """The sources with everything confirmed that lies in chunks up to the one at `last`."""
        out = dict(self._state.sources)
        for source, chunks in self._owing.items():
            left = [before for first, before in chunks if first > last]
            confirmed = left[0] if left else out[source].qos1
            out[source] = msgspec.structs.replace(out[source], confirmed=max(out[source].confirmed, confirmed))
        return out

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._db.close()

    def _chunk_at(self, connection: Connection, offset: int) -> tuple[int, Rows]:
        first, rows = self._cached
        if first <= offset < first + len(rows):
            return first, rows
        found = connection.execute(
            "SELECT first_offset, rows, messages, qos1, crc, body FROM chunk WHERE first_offset <= ?"
            " ORDER BY first_offset DESC LIMIT 1", (offset,),
        ).fetchone()  # fmt: skip
        missing = f"{self._path}: row {offset} is missing."
        if found is None:
            raise JournalCorrupt(missing, SALVAGE)
        *figures, crc, body = found
        if not intact(tuple(figures), body, crc):
            raise JournalCorrupt(f"{self._path}: the rows from {found[0]} on are damaged.", SALVAGE)
        if offset >= found[0] + found[1]:
            raise JournalCorrupt(missing, SALVAGE)
        self._cached = found[0], rows_of(self._decoder.decode(body))
        return self._cached

    def _check_held(self, start: int) -> None:
        if start < self.begin_offset:
            raise JournalError(
                f"{self._path}: row {start} was trimmed; the oldest one kept is {self.begin_offset}.", ANEW
            )

    def _check_end(self, connection: Connection) -> None:
        last = connection.execute("SELECT first_offset + rows FROM chunk ORDER BY first_offset DESC LIMIT 1").fetchone()
        # after a full trim there is no chunk; a chunk kept for redelivery may lie anywhere below
        if (last[0] if last else self._state.begin) != self._state.end and self._state.begin != self._state.end:
            raise JournalCorrupt(f"{self._path} ends at another row than it says.", SALVAGE)

    def _find_owing(self, connection: Connection) -> None:
        sources = self._state.sources
        left = {s: min(t.qos1 - t.confirmed, self._keep) for s, t in sources.items() if t.qos1 > t.confirmed}
        before = {source: sources[source].qos1 for source in left}
        newest_first = "SELECT first_offset, qos1 FROM chunk INDEXED BY chunk_contents ORDER BY first_offset DESC"
        for first, packed in connection.execute(newest_first):
            for source, number in msgspec.msgpack.decode(packed, type=dict[int, int]).items():
                if left.get(source, 0) > 0:
                    before[source] -= number
                    left[source] -= number
                    self._owing.setdefault(source, deque()).appendleft((first, before[source]))
            if not any(number > 0 for number in left.values()):
                return
        if any(number > 0 for number in left.values()):
            raise JournalCorrupt(f"{self._path}: messages that wait for a confirmation are missing.", SALVAGE)

    def _settle(self, source: int, state: InboxState) -> None:
        chunks, totals = self._owing.get(source), state.sources[source]
        floor = max(totals.confirmed, totals.qos1 - self._keep)
        while chunks and (chunks[1][1] if len(chunks) > 1 else totals.qos1) <= floor:
            chunks.popleft()


def _added(
    old: dict[int, SourceTotals], messages: Counter[int], qos1: dict[int, int], counts: Mapping[int, IntakeCounts],
    confirmed: Mapping[int, int],
) -> dict[int, SourceTotals]:  # fmt: skip
    out = dict(old)
    for source in {*messages, *counts, *confirmed}:
        was, came = old.get(source, SourceTotals()), counts.get(source, IntakeCounts())
        now = SourceTotals(
            was.received + came.received, was.redelivered + came.redelivered, was.shed + came.shed,
            was.journaled + messages[source], was.qos1 + qos1.get(source, 0),
            max(was.confirmed, confirmed.get(source, 0)), was.lost_at_broker + came.lost_at_broker,
        )  # fmt: skip
        if now.confirmed > now.qos1:
            raise ValueError(f"source {source}: {now.confirmed} messages confirmed of {now.qos1}")
        out[source] = now
    return out
