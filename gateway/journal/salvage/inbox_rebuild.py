"""A new inbox of what is whole in a damaged one: the same rows at the same offsets, LOST rows where something is gone.

How many messages a gap took is known where the books are whole: what each source brought, less what was worked on,
less what still waits. Rows that had been worked on before are no loss of messages: the ledger has them already.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import msgspec
from isal.isal_zlib import crc32

from gateway.journal.chunks import contents_of
from gateway.journal.inbox import INBOX_SCHEMA, INBOX_VERSION, InboxState, SourceTotals
from gateway.journal.salvage.inbox_wreck import Gap, InboxWreck
from gateway.journal.sqlite import connect, crc_of, create, translated
from gateway.rows import NO_MESSAGE, RowKind, Rows, Run

__all__ = ["LostRows", "rebuild_inbox"]

_ROWS_A_CHUNK = 10_000


class LostRows(msgspec.Struct, frozen=True):
    """Rows [first, end) are gone; what came between `after` and `before` (UTC ns; 0: not known)."""

    first: int
    end: int
    after: int
    before: int
    worked_on: int
    """How many of them had been worked on: what they said is stored."""
    messages: dict[int, int]
    """How many messages of the others, by source."""


def rebuild_inbox(
    wreck: InboxWreck, path: Path, journal_id: str, processed: int, accounted: Mapping[int, int] | None
) -> list[LostRows]:
    """Write `path`; gives what is gone.

    Args:
        wreck: what was read.
        path: where no file is yet.
        journal_id: of the journal.
        processed: rows below it have been worked on.
        accounted: messages of each source that the ledger has; None: the ledger can't be read.
    """
    gaps = wreck.gaps(wreck.end(processed))
    state = _rolled_forward(wreck)
    with translated(path):
        create(path, INBOX_VERSION, INBOX_SCHEMA, journal_id, InboxState())
        with closing(connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            waiting: Counter[int] = Counter()
            qos1: Counter[int] = Counter()
            last_gap = gaps[-1].end if gaps else 0
            for chunk, body, rows in wreck.bodies():
                if chunk.end > processed:
                    waiting += contents_of(rows[max(processed - chunk.first, 0) :])[0]
                if chunk.first >= last_gap:
                    qos1.update(chunk.qos1)
                _put(connection, chunk.first, rows, body)
            lost = _lost(gaps, processed, state, accounted, waiting)
            last_at = wreck.chunks[-1].last_at if wreck.chunks else 0
            for each in lost:
                last_at = max(last_at, _put_lost(connection, each))
            if wreck.state is None:
                state = _from_books(accounted or {}, waiting, lost, qos1)
            for source, totals in state.sources.items():
                totals.confirmed = max(totals.confirmed, totals.qos1 - qos1[source])
            state.begin, state.end = wreck.begin, wreck.end(processed)
            state.last_received_at = max(state.last_received_at, last_at)
            body = msgspec.msgpack.encode(state)
            connection.execute("UPDATE state SET body = ?, crc = ? WHERE id = 0", (body, crc32(body)))
            connection.execute("UPDATE meta SET complete = 1")
            connection.execute("COMMIT")
    return lost


def _rolled_forward(wreck: InboxWreck) -> InboxState:
    """The running figures with what was appended after their newest version that can be read."""
    state = wreck.state
    if state is None:
        return InboxState()
    if all(chunk.first < state.end for chunk in wreck.chunks):
        return state
    for chunk, _, rows in wreck.bodies():
        if chunk.first < state.end:
            continue
        messages, qos1 = contents_of(rows)
        for source in {*messages, *qos1}:
            totals = state.sources.setdefault(source, SourceTotals())
            totals.received += messages[source]
            totals.journaled += messages[source]
            totals.qos1 += qos1.get(source, 0)
    return state


def _from_books(
    accounted: Mapping[int, int], waiting: Counter[int], lost: list[LostRows], qos1: Counter[int]
) -> InboxState:
    """Figures that the ledger balances with: what was shed or came twice before is known no more."""
    total = Counter(accounted) + waiting
    for each in lost:
        total.update(each.messages)
    sources = {
        source: SourceTotals(received=number, journaled=number, qos1=qos1[source]) for source, number in total.items()
    }
    return InboxState(sources=sources)


def _lost(
    gaps: list[Gap], processed: int, state: InboxState, accounted: Mapping[int, int] | None, waiting: Counter[int]
) -> list[LostRows]:
    expected: Counter[int] = Counter()
    known = accounted is not None and bool(state.sources)
    if accounted is not None and known:
        for source, totals in state.sources.items():
            expected[source] = totals.journaled - accounted.get(source, 0) - waiting[source]
    room = sum(gap.end - max(gap.first, processed) for gap in gaps if gap.end > processed)
    if not known or any(number < 0 for number in expected.values()) or expected.total() > room:
        likeliest = waiting.most_common(1)[0][0] if waiting else min(state.sources, default=0)
        expected = Counter({likeliest: room})
    out = []
    for gap in gaps:
        free = max(gap.end - max(gap.first, processed), 0)
        messages: dict[int, int] = {}
        for source in sorted(expected):
            taken = min(free, expected[source])
            if taken:
                messages[source] = taken
                expected[source] -= taken
                free -= taken
        worked_on = max(min(gap.end, processed) - gap.first, 0)
        out.append(LostRows(gap.first, gap.end, gap.after, gap.before, worked_on, messages))
    return out


def _put_lost(connection: Connection, lost: LostRows) -> int:
    """LOST rows in the place of what is gone; gives the moment of the last one."""
    count = lost.end - lost.first
    at = lost.after + 1 if lost.after else max(lost.before - count, 1)
    kinds = [(0, NO_MESSAGE, lost.worked_on)]
    kinds += [(source, 0, number) for source, number in lost.messages.items()]
    kinds.append((0, NO_MESSAGE, count - sum(number for _, _, number in kinds)))
    first = lost.first
    for source, flags, number in kinds:
        left = number
        while left > 0:
            part = min(left, _ROWS_A_CHUNK)
            rows = Rows([Run(at, int(RowKind.LOST), source, flags, [""] * part, [b""] * part)])
            _put(connection, first, rows, msgspec.msgpack.encode(rows.runs))
            first, at, left = first + part, at + part, left - part
    return at - 1


def _put(connection: Connection, first: int, rows: Rows, body: bytes) -> None:
    messages, qos1 = contents_of(rows)
    figures = (first, len(rows), messages.total(), msgspec.msgpack.encode(qos1))
    connection.execute("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)", (*figures, crc_of(figures, body), body))
