"""Repeat recorded calls over what damage has left of their rows: what a start refuses, since it must be exact.

    newest (or older) whole snapshot --calls that can be read, rows that can be read--> engines at the last call

Where everything is there and every checksum agrees, outputs that were lost are had again bit for bit. Otherwise the
engines lack what was lost: windows that may lack readings are named, for readings themselves are stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isal.isal_zlib import crc32

from gateway.config.content import EngineContent
from gateway.engine.engines import Engines
from gateway.engine.mended import MendedZone, mended_engines
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.journal.blocks import encode
from gateway.journal.inbox import Inbox
from gateway.journal.outbox import has_outputs
from gateway.journal.recorded import StepRecord
from gateway.journal.salvage.inbox_rebuild import LostRows
from gateway.journal.snapshots import Snapshot
from gateway.rows import Row, RowKind
from processors.columns import DirtyPanes

__all__ = ["Repeated", "repeat"]

_LATER = 600_000_000_000
"""So long after its end a window that is still open is closed, too."""
_ROWS_AT_ONCE = 5_000


@dataclass
class Repeated:
    """How it went."""

    engines: Engines
    exact: bool = True
    bodies: dict[int, bytes] = field(default_factory=dict)
    """Outputs by call, of those that were asked for and are exact."""
    dirty: list[tuple[DirtyPanes, int]] = field(default_factory=list)
    """Windows to compute again, each with the `now` from which on."""


def repeat(
    inbox: Inbox, steps: Mapping[int, StepRecord], last_step: int, processed: int, snapshot: Snapshot | None,
    *, lost: Sequence[LostRows], wanted: frozenset[int], content: EngineContent, devices: Sequence[DeviceRecord],
    series: Sequence[SeriesName],
) -> Repeated:  # fmt: skip
    """Engines as they stood after call `last_step`, which had worked on the rows below `processed`.

    Args:
        inbox: with LOST rows where rows are gone.
        steps: the calls that can be read.
        last_step, processed: how far they had come.
        snapshot: where to begin; None: with blank engines.
        lost: what is gone of the inbox.
        wanted: calls whose outputs are asked for.
        content: the configuration of now, for blank engines.
        devices, series: what is stored under a name.
    """
    engines, zone = mended_engines(snapshot.state if snapshot is not None else None)
    done = Repeated(engines)
    step = snapshot.step if snapshot is not None else 0
    if snapshot is None:
        done.exact = False
        _begin(engines, zone, inbox, content)
    holes = [each for each in lost if each.worked_on and each.end > engines.offset]
    if any(k not in steps for k in range(step + 1, last_step + 1)) or holes:
        done.exact = False
    if not done.exact:
        zone.meet(devices, series)
    now, live = engines.now, False
    for number in range(step + 1, last_step + 1):
        record = steps.get(number)
        if record is None or record.end_offset < engines.offset:
            continue  # the next call that is known takes its rows
        now, live = record.now, record.live
        rows = _rows(inbox, engines.offset, record.end_offset)
        result = engines.step(rows, now, live)
        body = encode(result)
        if crc32(body) != record.checksum:
            done.exact = False
        elif number in wanted and has_outputs(result):
            done.bodies[number] = body
    while engines.offset < processed:
        upto = min(engines.offset + _ROWS_AT_ONCE, processed)
        engines.step(_rows(inbox, engines.offset, upto), now, live)
    if not done.exact:
        zone.meet(devices, series)
        _name_windows(done, zone, holes, snapshot, inbox)
    return done


def _begin(engines: Engines, zone: MendedZone, inbox: Inbox, content: EngineContent) -> None:
    """Blank engines get the configuration of now, then stand at the oldest row."""
    engines.step([Row(1, RowKind.CONFIG, 0, 0, content.digest, content.encode())], 0, live=False)
    zone.stand_at(inbox.begin_offset, 0)


def _rows(inbox: Inbox, first: int, end: int) -> Sequence[Row]:
    return inbox.read(first, end - first) if end > first else []


def _name_windows(
    done: Repeated, zone: MendedZone, holes: Sequence[LostRows], snapshot: Snapshot | None, inbox: Inbox
) -> None:
    spans = [(hole.after, hole.before or inbox.last_received_at) for hole in holes]
    if snapshot is None:
        oldest = inbox.read(inbox.begin_offset, 1)
        at = oldest[0].received_at if len(oldest) else zone.now
        spans.append((at, at))
    if not spans:  # calls are gone, their rows aren't
        spans.append((snapshot.now if snapshot is not None else zone.now, inbox.last_received_at))
    first, last = min(first or last for first, last in spans), max(last for _, last in spans)
    for panes in zone.forgotten(first, last):
        done.dirty.append((panes, int(panes.end.max()) + _LATER))
