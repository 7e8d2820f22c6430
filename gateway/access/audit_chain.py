"""The chain of the audit log: what an entry is, how it is hashed, and whether a log is as it was written.

    log id <-- entry 1 <-- entry 2 <-- ... <-- entry n        each entry holds the hash of the one before (`prev`)
                                               ^
    seal: log id, n, hash of entry n, hash of these three     in another table

The hash of an entry is SHA-256 over the JSON array of its values in order, without spaces, in UTF-8:
`json.dumps(values, ensure_ascii=False, separators=(",", ":"))`. Texts are printable, so nothing in it is escaped but
quotes and backslashes, and whoever doubts this program can check the chain with another.
"""

import hashlib
import re
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

__all__ = [
    "Anchor", "Entry", "Head", "Outcome", "Problem", "Verified", "check_chain", "first_head", "hash_of", "printable",
    "sealed_head",
]  # fmt: skip

_MOST_PROBLEMS = 100
_TOKEN = re.compile(r"(cl_[0-9a-z]{8}_)[\w-]{8,}")


class Outcome(StrEnum):
    """What became of an act."""

    DONE = "done"
    DENIED = "denied"
    """Whoever tried may not."""
    FAILED = "failed"
    """They may, and it could not be done."""


class Entry(NamedTuple):
    """One of the log."""

    seq: int
    """From 1 on, without a gap."""
    at: int
    """UTC ns by the machine's clock."""
    token: str
    """Public id of the token that did it; empty: none."""
    name: str
    role: str
    """The role, `console`, `gateway` or `none`."""
    address: str
    act: str
    what: str
    """The object: an alarm, a token, a route."""
    outcome: str
    detail: str
    prev: str
    hash: str


class Head(NamedTuple):
    """The seal."""

    log: str
    """Random, of this log alone; what the first entry holds as the hash before it."""
    entries: int
    hash: str
    """Of the last entry; of none: the log's id."""
    seal: str

    @property
    def intact(self) -> bool:
        """Whether the seal is of these figures."""
        return self == sealed_head(self.log, self.entries, self.hash)


class Anchor(NamedTuple):
    """What somebody noted of the log elsewhere: entry `seq` had this hash, or one that begins so."""

    seq: int
    hash: str


class Problem(NamedTuple):
    """Where a log is not what was written."""

    seq: int
    """The entry that is altered, missing or too many; of several missing ones the first."""
    kind: str
    """`altered`, `missing`, `added`, `seal` or `anchor`."""
    text: str


class Verified(NamedTuple):
    """What a log is found to be."""

    entries: int
    """Those that are there."""
    last: int
    """Number of the last of them."""
    head: str
    """Its hash; empty: there is none."""
    problems: tuple[Problem, ...]
    """By entry; the first hundred."""

    @property
    def intact(self) -> bool:
        """Whether all of it is as it was written, as far as the log itself can tell."""
        return not self.problems


def hash_of(values: Sequence[object]) -> str:
    """Of the values of an entry, all but its hash; or of any other values in order."""
    return hashlib.sha256(msgspec.json.encode(tuple(values))).hexdigest()


def sealed_head(log: str, entries: int, last: str) -> Head:
    """The seal of a log with so many entries and that last hash."""
    return Head(log, entries, last, hash_of((log, entries, last)))


def first_head() -> Head:
    """Of a new log."""
    log = secrets.token_hex(32)
    return sealed_head(log, 0, log)


def printable(text: str, limit: int) -> str:
    """`text` on one line and without what could move a cursor, lead a reader or betray a token; cut at `limit`."""
    masked = _TOKEN.sub(r"\1***", text[: 4 * limit])
    shown = "".join(c if _shown(c) else "\N{REPLACEMENT CHARACTER}" for c in masked[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def check_chain(entries: Iterable[Entry], head: Head | None, anchors: Iterable[Anchor] = ()) -> Verified:
    """Read a log through. `entries` are by number; `head`: its seal, None where there is none."""
    wanted = defaultdict[int, list[str]](list)
    for anchor in dict.fromkeys(anchors):
        wanted[anchor.seq].append(anchor.hash)
    found, count, last = list[Problem](), 0, None
    for entry in entries:
        count += 1
        if entry.seq < 1:
            found.append(Problem(entry.seq, "added", f"entry {entry.seq} was added before the first"))
            continue
        if len(found) < _MOST_PROBLEMS:
            found += _linked(last, entry, head)
        found += _anchored(entry, wanted)
        last = entry
    found += _ended(last, head)
    found += [Problem(seq, "anchor", f"entry {seq}, whose hash was noted, is missing") for seq in sorted(wanted)]
    ordered = sorted(found, key=lambda problem: problem.seq)
    end = (0, "") if last is None else (last.seq, last.hash)
    return Verified(count, *end, tuple(ordered[:_MOST_PROBLEMS]))


def _linked(last: Entry | None, entry: Entry, head: Head | None) -> Iterator[Problem]:
    expected = 1 if last is None else last.seq + 1
    if entry.seq > expected:
        yield _missing(expected, entry.seq - 1)
    if head is not None and head.intact and entry.seq > head.entries:
        return  # said at the end
    if not _sound(entry):
        yield Problem(entry.seq, "altered", f"entry {entry.seq} was altered")
    elif last is not None and entry.seq == expected and entry.prev != last.hash and _sound(last):
        # both are whole by themselves: the earlier one is not the one that was followed
        yield _replaced(last.seq)
    elif last is None and entry.seq == 1 and head is not None and entry.prev != head.log:
        yield Problem(1, "altered", "entry 1 is not the first of this log")
    if head is not None and head.intact and entry.seq == head.entries and entry.hash != head.hash and _sound(entry):
        yield _replaced(entry.seq)


def _sound(entry: Entry) -> bool:
    return hash_of(entry[:-1]) == entry.hash


def _anchored(entry: Entry, wanted: dict[int, list[str]]) -> Iterator[Problem]:
    noted = wanted.pop(entry.seq, ())
    if not all(str(entry.hash).startswith(each) for each in noted):
        yield Problem(entry.seq, "anchor", f"entry {entry.seq} is not the one whose hash was noted")


def _ended(last: Entry | None, head: Head | None) -> Iterator[Problem]:
    end = 0 if last is None else last.seq
    if head is None:
        yield Problem(end + 1, "seal", f"the seal is missing: whether entries followed {end} can't be told")
        return
    if not head.intact:
        yield Problem(head.entries, "seal", "the seal was altered: how many entries there were can't be told")
    elif end < head.entries:
        yield _missing(end + 1, head.entries)
    elif end > head.entries:
        more = f"entries {head.entries + 1} to {end} were" if end > head.entries + 1 else f"entry {end} was"
        yield Problem(head.entries + 1, "added", f"{more} added beside the log")


def _replaced(seq: int) -> Problem:
    return Problem(seq, "altered", f"entry {seq} was altered and its hash with it, or another put in its place")


def _missing(first: int, last: int) -> Problem:
    text = f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    return Problem(first, "missing", text)


def _shown(sign: str) -> bool:
    return unicodedata.category(sign)[0] != "C" and unicodedata.category(sign) not in ("Zl", "Zp")
