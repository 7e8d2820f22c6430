"""The chain by itself: whoever doubts the program can check it with another."""

import hashlib
import json

import pytest

from gateway.access.audit_chain import Anchor, Entry, Head, check_chain, first_head, hash_of, printable, sealed_head

T0 = 1_772_000_000_000_000_000


def chain(count: int) -> tuple[list[Entry], Head]:
    head, out = first_head(), list[Entry]()
    for seq in range(1, count + 1):
        values = (seq, T0 + seq, "", "root", "console", "console", "a.b", 'x "é" \\ 张', "done", "", head.hash)
        out.append(Entry(*values, hash_of(values)))
        head = sealed_head(head.log, seq, out[-1].hash)
    return out, head


def test_the_hash_is_that_of_plain_json_so_that_others_can_check_it() -> None:
    (entry, *_), head = chain(2)
    plain = json.dumps(entry[:-1], ensure_ascii=False, separators=(",", ":")).encode()
    assert hashlib.sha256(plain).hexdigest() == entry.hash
    assert entry.prev == head.log


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_log_as_it_was_written_is_whole(count: int) -> None:
    entries, head = chain(count)
    found = check_chain(entries, head)
    assert found.intact
    assert (found.entries, found.last) == (count, count)
    assert found.head == (head.hash if count else "")


def test_a_log_that_was_written_anew_from_the_first_entry_on_is_known_by_what_was_noted() -> None:
    entries, head = chain(5)
    noted = [Anchor(3, entries[2].hash[:16]), Anchor(5, entries[4].hash)]
    assert check_chain(entries, head, noted).intact
    forged, seal = chain(5)  # whole by itself
    assert check_chain(forged, seal).intact
    found = check_chain(forged, seal, noted)
    assert [(each.seq, each.kind) for each in found.problems] == [(3, "anchor"), (5, "anchor")]
    shorter = check_chain(entries[:4], sealed_head(head.log, 4, entries[3].hash), noted)
    assert [(each.seq, each.kind) for each in shorter.problems] == [(5, "anchor")]


def test_all_that_was_noted_of_one_entry_has_to_hold() -> None:
    entries, head = chain(3)
    right, wrong = Anchor(2, entries[1].hash), Anchor(2, "0" * 16)
    for noted in ([wrong, right], [right, wrong]):
        assert [each.kind for each in check_chain(entries, head, noted).problems] == ["anchor"]
    assert check_chain(entries, head, [right, right]).intact


def test_of_very_many_problems_the_first_hundred_are_told() -> None:
    entries, head = chain(300)
    broken = [entry._replace(detail="x") for entry in entries]
    found = check_chain(broken, head)
    assert [each.seq for each in found.problems] == list(range(1, 101))
    assert found.entries == 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wang 张", "wang 张"),
        ("a\nb\tc\x1b[2J", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}[2J"),
        ("a\u202eb\u2028c\ud800", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"),
        ("x" * 21, "x" * 19 + "…"),
        ("cl_abcdefgh_" + "s" * 43, "cl_abcdefgh_***"),
    ],
)
def test_texts_are_printable_short_and_without_tokens(text: str, shown: str) -> None:
    assert printable(text, 20) == shown
