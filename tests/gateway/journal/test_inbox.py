"""The inbox against a list in memory: what is appended is read back, counted and kept until it may go."""

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from gateway.errors import JournalCorrupt, JournalError, JournalFull
from gateway.journal.inbox import Inbox, IntakeCounts, SourceTotals
from gateway.rows import QOS1, Row, RowKind
from tests.gateway.journal.support import MB, confirm, journal, process, row_at, rows_from

MESSAGES = (RowKind.MESSAGE, RowKind.REPLAY)


def fill(inbox: Inbox, sizes: list[int]) -> None:
    for size in sizes:
        first = inbox.end_offset
        assert inbox.append(rows_from(first, size), {}, {}) == first


def test_rows_are_read_from_any_offset_across_appends(tmp_path: Path, rng: np.random.Generator) -> None:
    with journal(tmp_path) as (inbox, _, _):
        fill(inbox, rng.integers(1, 40, 20).tolist())
        end = inbox.end_offset
        for _ in range(60):
            start, limit = int(rng.integers(0, end + 1)), int(rng.integers(0, 90))
            assert inbox.read(start, limit) == rows_from(start, min(limit, end - start))


def test_messages_are_counted_as_one_would_by_hand(tmp_path: Path, rng: np.random.Generator) -> None:
    with journal(tmp_path) as (inbox, _, _):
        fill(inbox, rng.integers(1, 40, 20).tolist())
        end = inbox.end_offset
        for _ in range(100):
            start, upto = sorted(rng.integers(0, end + 20, 2).tolist())
            by_hand = sum(row_at(k).kind in MESSAGES for k in range(start, min(upto, end)))
            assert inbox.messages_between(start, upto) == by_hand


def test_everything_is_the_same_after_opening_again(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        inbox.append(rows_from(0, 100), {0: IntakeCounts(30, 2, 1), 7: IntakeCounts(5, 5, 0)}, {0: 3})
        before = inbox.journal_id, inbox.end_offset, inbox.last_received_at, inbox.totals(), inbox.unconfirmed(0, 100)
    with journal(tmp_path) as (inbox, _, _):
        after = inbox.journal_id, inbox.end_offset, inbox.last_received_at, inbox.totals(), inbox.unconfirmed(0, 100)
        assert after == before
        assert inbox.read(0, 1000) == rows_from(0, 100)
        assert inbox.append(rows_from(100, 1), {}, {}) == 100


def test_totals_are_counted_a_source(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        inbox.append(rows_from(0, 200), {1: IntakeCounts(60, 4, 2)}, {})
        inbox.append([], {1: IntakeCounts(3, 3, 0, 40), 9: IntakeCounts(0, 0, 8)}, {1: 7})
        inbox.append([], {1: IntakeCounts(lost_at_broker=2)}, {})
        own = [row_at(k) for k in range(200) if row_at(k).source == 1]
        journaled = sum(row.kind in MESSAGES for row in own)
        qos1 = sum(row.kind == RowKind.MESSAGE and bool(row.flags & QOS1) for row in own)
        assert inbox.totals()[1] == SourceTotals(63, 7, 2, journaled, qos1, 7, 42)
        assert inbox.totals()[9] == SourceTotals(0, 0, 8, 0, 0, 0)
        assert inbox.end_offset == 200


def test_unconfirmed_gives_the_newest_past_the_confirmed_ones_in_order(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    sent: dict[int, list[tuple[str, bytes]]] = {source: [] for source in range(4)}
    confirmed = dict.fromkeys(range(4), 0)
    with journal(tmp_path) as (inbox, _, _):
        for _ in range(60):
            rows = rows_from(inbox.end_offset, int(rng.integers(0, 30)))
            for row in rows:
                if row.kind == RowKind.MESSAGE and row.flags & QOS1:
                    sent[row.source].append((row.topic, row.payload))
            source = int(rng.integers(0, 4))
            confirmed[source] = int(rng.integers(confirmed[source], len(sent[source]) + 1))
            inbox.append(rows, {}, {source: confirmed[source]})
            limit = int(rng.integers(0, 40))
            wanted = sent[source][confirmed[source] :]
            assert inbox.unconfirmed(source, limit) == wanted[max(len(wanted) - limit, 0) :]
        assert inbox.unconfirmed(200, 10) == []
    with journal(tmp_path) as (inbox, _, _):
        for source in range(4):
            assert inbox.unconfirmed(source, 10_000) == sent[source][confirmed[source] :]


def test_trim_drops_whole_chunks_and_keeps_what_a_broker_may_send_again(tmp_path: Path) -> None:
    def rows(source: int) -> list[Row]:
        at = inbox.end_offset
        return [Row(at + k + 1, RowKind.MESSAGE, source, QOS1, "t", b"%d" % (at + k)) for k in range(10)]

    with journal(tmp_path, keep=15) as (inbox, outbox, _):
        for source in (3, 3, 3, 0, 0, 0, 0):
            inbox.append(rows(source), {}, {})
        inbox.append([], {}, {0: 40})
        process(outbox, 55)
        inbox.trim(55)
        assert inbox.begin_offset == 50
        assert [row.payload for row in inbox.read(50, 99)] == [b"%d" % k for k in range(50, 70)]
        # source 3 is asked for its newest 15 at most: rows 15 to 29
        assert inbox.unconfirmed(3, 99) == [("t", b"%d" % k) for k in range(15, 30)]
        with pytest.raises(JournalError, match="trimmed"):
            inbox.read(49, 1)
        with pytest.raises(JournalError, match="trimmed"):
            inbox.messages_between(20, 60)
    with journal(tmp_path, keep=15) as (inbox, outbox, _):
        assert inbox.begin_offset == 50
        assert len(inbox.unconfirmed(3, 99)) == 15
        assert inbox.messages_between(50, 70) == 20
        inbox.append([], {}, {3: 30})
        process(outbox, 70)
        inbox.trim(70)
        assert (inbox.begin_offset, inbox.end_offset) == (70, 70)
        assert inbox.unconfirmed(3, 99) == []
    with sqlite3.connect(tmp_path / "inbox.db") as left:
        assert left.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
    left.close()
    with journal(tmp_path, keep=15) as (inbox, _, _):
        assert inbox.append(rows(0), {}, {}) == 70
        assert len(inbox.read(70, 99)) == 10


def test_trimmed_pages_are_used_again(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        for _ in range(30):
            fill(inbox, [2_000])
            confirm(inbox)
            inbox.trim(inbox.end_offset)
        assert inbox.bytes_used < MB
    assert (tmp_path / "inbox.db").stat().st_size < 2 * MB


def test_a_full_quota_refuses_before_anything_is_written(tmp_path: Path) -> None:
    with journal(tmp_path, quota=MB) as (inbox, outbox, _):
        with pytest.raises(JournalFull, match="is full"):
            fill(inbox, [500] * 1_000)
        end = inbox.end_offset
        assert 0 < end < 500_000
        assert inbox.bytes_used <= inbox.quota_bytes
        assert sum(total.journaled for total in inbox.totals().values()) == inbox.messages_between(0, end)
        process(outbox, end)
        confirm(inbox)
        inbox.trim(end)
        assert inbox.append(rows_from(end, 500), {}, {}) == end
    with journal(tmp_path, quota=MB) as (inbox, _, _):
        assert inbox.end_offset == end + 500


def test_what_nobody_confirms_is_let_go_where_room_is_needed(tmp_path: Path) -> None:
    def owed(start: int) -> list[tuple[str, bytes]]:
        mine = [row for row in rows_from(start, 120 - start) if row.source == 0 and row.flags & QOS1]
        return [(row.topic, row.payload) for row in mine if row.kind == RowKind.MESSAGE]

    with journal(tmp_path) as (inbox, outbox, _):
        fill(inbox, [40, 40, 40])
        process(outbox, 80)
        inbox.trim(80)
        assert inbox.unconfirmed(0, 1_000) == owed(0)
        inbox.trim(80, for_room=True)
        assert inbox.unconfirmed(0, 1_000) == owed(80)
    with journal(tmp_path) as (inbox, _, _):
        assert inbox.unconfirmed(0, 1_000) == owed(80)
        assert inbox.read(80, 99) == rows_from(80, 40)


def test_receipt_times_must_go_on_rising(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        inbox.append(rows_from(5, 1), {}, {})
        with pytest.raises(ValueError, match="does not come after"):
            inbox.append(rows_from(5, 1), {}, {})
        assert inbox.end_offset == 1


def test_more_confirmations_than_messages_are_refused(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _), pytest.raises(ValueError, match="confirmed"):
        inbox.append([], {}, {0: 1})


def test_every_flipped_byte_of_a_chunk_is_found(tmp_path: Path, rng: np.random.Generator) -> None:
    with journal(tmp_path) as (inbox, _, _):
        fill(inbox, [50, 50])
    data = sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)
    body = bytearray(data.execute("SELECT body FROM chunk WHERE first_offset = 50").fetchone()[0])
    for at in rng.integers(0, len(body), 12).tolist():
        bad = body.copy()
        bad[at] ^= 1 << int(rng.integers(0, 8))
        data.execute("UPDATE chunk SET body = ? WHERE first_offset = 50", (bad,))
        with journal(tmp_path) as (inbox, _, _):
            assert inbox.read(0, 50) == rows_from(0, 50)
            with pytest.raises(JournalCorrupt, match="from 50 on are damaged"):
                inbox.read(40, 50)
    data.close()


def test_a_lost_chunk_is_found(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        fill(inbox, [10, 10, 10])
        confirm(inbox)
    with sqlite3.connect(tmp_path / "inbox.db") as data:
        data.execute("DELETE FROM chunk WHERE first_offset = 10")
    with journal(tmp_path) as (inbox, _, _):
        with pytest.raises(JournalCorrupt, match="missing"):
            inbox.read(5, 20)
        with pytest.raises(JournalCorrupt, match="missing"):
            inbox.messages_between(0, 30)
    with sqlite3.connect(tmp_path / "inbox.db") as data:
        data.execute("DELETE FROM chunk WHERE first_offset = 20")
    data.close()
    with pytest.raises(JournalCorrupt, match="ends at another row"), journal(tmp_path):
        pass


def test_a_reader_beside_the_writer_sees_whole_appends_only(tmp_path: Path) -> None:
    seen: list[int] = []
    with journal(tmp_path) as (inbox, _, _):
        done = threading.Event()

        def read() -> None:
            at = 0
            while not done.is_set() or at < inbox.end_offset:
                rows = inbox.read(at, 70)
                assert rows == rows_from(at, len(rows))
                waiting = inbox.messages_between(at, inbox.end_offset)
                assert waiting >= 0
                at += len(rows)
            seen.append(at)

        reader = threading.Thread(target=read)
        reader.start()
        fill(inbox, [33] * 60)
        done.set()
        reader.join()
        assert seen == [60 * 33]


def test_large_payloads_are_kept_in_chunks_that_can_be_held(tmp_path: Path) -> None:
    rows = [Row(1 + k, RowKind.MESSAGE, k % 2, QOS1, f"t/{k}", bytes([k]) * MB) for k in range(40)]
    with journal(tmp_path) as (inbox, _, _):
        inbox.append(rows, {}, {})
        assert inbox.read(0, 100) == rows
        assert 1 <= len(inbox.read(0, 100, 3 * MB)) < 40
        assert inbox.messages_between(0, 40) == 40
        assert [topic for topic, _ in inbox.unconfirmed(1, 100)] == [f"t/{k}" for k in range(1, 40, 2)]
    with journal(tmp_path) as (inbox, _, _):
        assert [topic for topic, _ in inbox.unconfirmed(0, 5)] == [f"t/{k}" for k in range(30, 40, 2)]


def test_rows_beside_messages_are_found_without_reading_the_messages(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        for first in range(0, 200, 10):
            inbox.append(rows_from(first, 10), {}, {})
    with sqlite3.connect(tmp_path / "inbox.db") as db:
        # whoever read these would say that they are damaged
        db.execute("UPDATE chunk SET body = x'00' WHERE rows = messages")
    db.close()
    with journal(tmp_path) as (inbox, _, _):
        acts = [row for row in rows_from(0, 200) if row.kind == RowKind.ACT]
        assert inbox.others(0) == acts
        assert inbox.others(100) == acts[1:]
        assert inbox.others(194) == []
